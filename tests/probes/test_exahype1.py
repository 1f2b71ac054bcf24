"""Probe files of every dialect, whole and damaged."""

import itertools
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exacouple.errors import ExacoupleError, UsageError
from exacouple.probes import COLUMNS, CaseProbes, read_case_probes, read_probe

MANIFEST = Path(__file__).parents[1] / "data" / "case-to-launch.json"
DATA = Path(__file__).parents[1] / "data" / "exahype1"

HEADER = "# plot-time, real-time,Q0,Q1,Q2,Q3,Q4\n"
CENTIMETRES = 0.025
"""Sum of the roundings of h, b and eta where h is written with 6 digits in kilometres."""


def _write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text(header + "".join(row + "\n" for row in rows))
    return path


def test_real_file_gives_the_published_peak() -> None:
    """Upstream publishes 1.675019 m at 1847.5905 s for level 0 at this gauge."""
    gauge = read_probe(DATA / "filled-rank-0.probe", length_unit="km")
    highest = int(gauge.eta.argmax())
    assert gauge.eta[highest] == pytest.approx(1.675019, abs=1e-5)
    assert gauge.time[highest] == pytest.approx(1847.5905, abs=5e-3)
    assert gauge.id == "filled"
    assert gauge.warnings == ()


def test_kilometres_become_metres_and_discharge_square_metres(tmp_path: Path) -> None:
    """A discharge of 1e-6 km^2/s is 1 m^2/s, a depth of 4 km is 4000 m."""
    path = _write(tmp_path / "a.probe", "5, 5, 4, 1e-06, -2e-06, -3.999, 0.001")
    gauge = read_probe(path, length_unit="km")
    assert (gauge.h, gauge.b, gauge.eta) == (4000.0, -3999.0, 1.0)
    assert gauge.hu == pytest.approx(1.0)
    assert gauge.hv == pytest.approx(-2.0)
    assert read_probe(path, length_unit="m").h == 4.0


def test_every_row_is_read_though_the_bottom_of_the_first_differs() -> None:
    """The limiter projects b again after the first step, which is no fault of the file."""
    gauge = read_probe(DATA / "limited-rank-0.probe", length_unit="km")
    assert gauge.b is not None
    assert gauge.b[0] != gauge.b[1]
    assert len(gauge.time) == 406


def test_diverged_run_is_read_with_its_nans() -> None:
    """ExaHyPE writes -nan after a blow-up and goes on; that is for the screening to say."""
    gauge = read_probe(DATA / "diverged-rank-0.probe", length_unit="km")
    assert gauge.time[np.isfinite(gauge.eta)].max() == 779.397
    assert np.isnan(gauge.eta[gauge.time > 780.0]).all()


@pytest.mark.parametrize("name", ["unwritten18", "unwritten19"])
def test_uninitialised_memory_is_told(name: str) -> None:
    """Upstream's own probe writer fills nothing, and the file looks like numbers."""
    with pytest.raises(ExacoupleError, match="uninitialised memory"):
        read_probe(DATA / f"{name}-rank-0.probe", length_unit="km")


def test_uninitialised_memory_is_told_without_eta(tmp_path: Path) -> None:
    """With 4 variables there is no h + b to compare with, but no sea is 1e185 km high."""
    header = "# plot-time, real-time,Q0,Q1,Q2,Q3\n"
    path = _write(tmp_path / "a.probe", "0, 0, 5, 0, 9.31e+242, 1.9e+185", header=header)
    with pytest.raises(ExacoupleError, match=r"line 2: b = 1.9e\+185 is of no sea"):
        read_probe(path, length_unit="km")


def test_subnormal_depth_at_the_start_is_uninitialised_memory(tmp_path: Path) -> None:
    """A pointer read as a number is below 1e-300; the initial depth is 0 or the sea's."""
    path = _write(tmp_path / "a.probe", "0, 0, 4.66e-310, 0, 0, 0, 0")
    with pytest.raises(ExacoupleError, match="uninitialised"):
        read_probe(path, length_unit="km")


def test_file_without_solution_names_the_key_to_change() -> None:
    """Upstream ships 'variables': 0, which writes two time columns."""
    with pytest.raises(ExacoupleError, match="'variables': 0"):
        read_probe(DATA / "times_only-rank-0.probe", length_unit="km")


def test_four_variables_give_eta_with_a_warning(tmp_path: Path) -> None:
    """Without its own column the water height is the difference of two large numbers."""
    header = "# plot-time, real-time,Q0,Q1,Q2,Q3\n"
    path = _write(tmp_path / "a.probe", "0, 0, 5.001, 0, 0, -5", header=header)
    gauge = read_probe(path, length_unit="km")
    assert gauge.eta[0] == pytest.approx(1.0)
    assert "centimetre" in gauge.warnings[0]


def test_columns_can_be_named_for_another_writer(tmp_path: Path) -> None:
    """A writer that gives the water height alone is understood when told so."""
    header = "# plot-time, real-time,Q0\n"
    path = _write(tmp_path / "a.probe", "0, 0, 0.002", header=header)
    gauge = read_probe(path, length_unit="km", columns=["plot-time", "real-time", "eta"])
    assert (gauge.eta, gauge.h) == (2.0, None)
    with pytest.raises(ExacoupleError, match="name them by `columns`"):
        read_probe(path, length_unit="km", columns=["plot-time", "real-time", "h", "b"])
    with pytest.raises(ExacoupleError, match="no water height"):
        read_probe(path, length_unit="km")


@pytest.mark.parametrize(
    "columns",
    [["h", "eta"], ["plot-time", "real-time", "depth"], ["plot-time", "real-time", "h", "h"]],
)
def test_columns_that_name_no_probe_file_are_refused(columns: list[str]) -> None:
    """A misnamed column would be read as another quantity."""
    with pytest.raises(UsageError, match="do not name a probe file"):
        read_probe(DATA / "filled-rank-0.probe", length_unit="km", columns=columns)


def test_unknown_length_unit_is_refused() -> None:
    """Kilometres read as metres are a flat sea: the unit is never guessed."""
    with pytest.raises(UsageError, match="'ft' is not known: use km or m"):
        read_probe(DATA / "filled-rank-0.probe", length_unit="ft")


def test_serial_and_mpi_names_give_the_same_gauge(tmp_path: Path) -> None:
    """A serial build writes <output>.probe, an MPI build <output>-rank-<R>.probe."""
    path = shutil.copy(DATA / "filled-rank-0.probe", tmp_path / "filled.probe")
    assert read_probe(path, length_unit="km").id == "filled"


def test_rows_of_several_ranks_are_joined_in_time(tmp_path: Path) -> None:
    """A gauge whose cell moves to another rank is written on in another file."""
    late = _write(tmp_path / "a-rank-1.probe", "10, 10, 4, 0, 0, -4, 0", "15, 15, 4, 0, 0, -4, 0")
    early = _write(tmp_path / "a-rank-2.probe", "0, 0, 4, 0, 0, -4, 0", "5, 5, 4, 0, 0, -4, 0")
    last = _write(tmp_path / "a-rank-3.probe", "15, 15, 4, 0, 0, -4, 0", "20, 20, 4, 0, 0, -4, 0")
    gauge = read_probe([late, early, last], length_unit="km")
    assert gauge.time.tolist() == [0.0, 5.0, 10.0, 15.0, 20.0]
    assert gauge.files == (late, early, last)


def test_file_left_by_an_earlier_run_is_not_mixed_in(tmp_path: Path) -> None:
    """ExaHyPE leaves files of other ranks lying; another time step interleaves with this one."""
    now = _write(tmp_path / "a-rank-0.probe", "0, 0, 4, 0, 0, -4, 0", "9, 9, 4, 0, 0, -4, 0")
    old = _write(tmp_path / "a-rank-1.probe", "0, 0, 4, 0, 0, -4, 0", "7, 7, 4, 0, 0, -4, 0")
    with pytest.raises(ExacoupleError, match="left by an earlier run"):
        read_probe([now, old], length_unit="km")


def test_files_with_other_columns_are_not_joined(tmp_path: Path) -> None:
    """Ranks of one run write the same columns."""
    five = _write(tmp_path / "a-rank-0.probe", "0, 0, 4, 0, 0, -4, 0")
    header = "# plot-time, real-time,Q0,Q1,Q2,Q3\n"
    four = _write(tmp_path / "a-rank-1.probe", "5, 5, 4, 0, 0, -4", header=header)
    with pytest.raises(ExacoupleError, match="other columns"):
        read_probe([five, four], length_unit="km")


def test_no_file_at_all_is_refused() -> None:
    """An empty list is a mistake of the caller."""
    with pytest.raises(UsageError, match="no probe file named"):
        read_probe([], length_unit="km")


def test_missing_file_says_so(tmp_path: Path) -> None:
    """A gauge outside the domain leaves no file."""
    with pytest.raises(ExacoupleError, match=r"a.probe: cannot be read: No such file"):
        read_probe(tmp_path / "a.probe", length_unit="km")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends within its first line"),
        ("# plot-time, real-t", "ends within its first line"),
        (HEADER, "no complete row"),
        (HEADER + "0, 0, 4, 0, 0, -4, 0", "no complete row"),
        ("0, 0, 4, 0, 0, -4, 0\n", "line 1: .* is no header"),
        (HEADER.replace("Q1", "Q2") + "0, 0, 4, 0, 0, -4, 0\n", "columns Q0, Q2, Q2"),
        (HEADER + "0, 0, 4, 0, 0, -4\n", "line 2: .* is no row of 7 numbers"),
        (HEADER + "0, 0, 4, 0, 0, -4, 1_0\n", "line 2: .* is no row of 7 numbers"),
        (HEADER + "0, 0, 4, 0, 0, -4, 0x1\n", "line 2: .* is no row of 7 numbers"),
        (HEADER + "0, 0, 4, 0, 0, -4, 0\n" + HEADER, "line 3: .* is no row"),
        (HEADER + "5, 5, 4, 0, 0, -4, 0\n0, 0, 4, 0, 0, -4, 0\n", "line 3: plot-time 0 does not"),
        (HEADER + "5, 5, 4, 0, 0, -4, 0\n5, 5, 4, 0, 0, -3, 1\n", "line 3: plot-time 5 does not"),
        (HEADER + "-5, -5, 4, 0, 0, -4, 0\n", "plot-time -5 does not follow 0"),
        (HEADER + "nan, nan, 4, 0, 0, -4, 0\n", "plot-time nan does not follow"),
        (HEADER + "0, 0, 4, 0, 0, -4, 0\n5, 5, 4, 0, 0, -4, 0\n9, 19, 4, 0, 0, -4, 0\n", "damaged"),
        (HEADER + "0, 0, 4, 0, 0, -4, 0.5\n", "line 2: eta = 0.5 is not h [+] b = 0"),
        (HEADER + "0, 0, 4, 0, 0, -40, -36\n", "b = -40 is of no sea"),
    ],
)
def test_damage_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """What cannot be a row of this file is an error that says where, never a guess."""
    path = tmp_path / "a.probe"
    path.write_text(text)
    with pytest.raises(ExacoupleError, match=said):
        read_probe(path, length_unit="km")


def test_repeated_row_counts_once_and_blank_lines_do_not_count(tmp_path: Path) -> None:
    """A row that was written twice says nothing new."""
    rows = ("0, 0, 4, 0, 0, -4, 0", "", "0, 0, 4, 0, 0, -4, 0", "5, 5, 4, 0, 0, -4, 0")
    gauge = read_probe(_write(tmp_path / "a.probe", *rows), length_unit="km")
    assert gauge.time.tolist() == [0.0, 5.0]


def test_cell_time_is_used_where_it_differs_from_the_plot_time(tmp_path: Path) -> None:
    """The values belong to the real time; that the two differ is said."""
    rows = [f"{t}, {t + 0.5}, 4, 0, 0, -4, 0" for t in (0, 5, 10, 15)]
    gauge = read_probe(_write(tmp_path / "a.probe", *rows), length_unit="km")
    assert gauge.time.tolist() == [0.5, 5.5, 10.5, 15.5]
    assert "real-time is used" in gauge.warnings[0]


def _file(draw: st.DrawFn) -> str:
    """Write rows as ExaHyPE does: 6 digits, kilometres, irregular ascending times."""
    steps = draw(st.lists(st.floats(1.0, 30.0), min_size=1, max_size=12))
    rows, time = [], 0.0
    for step in steps:
        time += step
        eta = draw(st.floats(-0.02, 0.02))
        b = -draw(st.floats(0.5, 9.0))
        hu = draw(st.floats(-1e-3, 1e-3))
        values = (time, time, eta - b, hu, -hu, b, eta)
        rows.append(", ".join(f"{value:.6g}" for value in values))
    return HEADER + "".join(row + "\n" for row in rows)


probe_texts = st.composite(_file)()
_slow_disk = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200
)


def _rows_are_true(path: Path, text: str, damaged: bytes) -> None:
    """Read the damaged file: an error, or only rows of the original, or a warning."""
    original = path.with_name("original.probe")
    original.write_text(text)
    truth = read_probe(original, length_unit="km")
    path.write_bytes(damaged)
    try:
        gauge = read_probe(path, length_unit="km")
    except ExacoupleError:
        return
    for time, eta in zip(gauge.time, gauge.eta, strict=True):
        nearest = int(np.abs(truth.time - time).argmin())
        true = math.isclose(truth.time[nearest], time, rel_tol=2e-5)
        true &= abs(truth.eta[nearest] - eta) <= CENTIMETRES
        assert true or gauge.warnings, f"{eta} m at {time} s from nowhere"


@_slow_disk
@given(text=probe_texts, data=st.data())
def test_cut_off_file_gives_all_complete_rows_or_an_error(
    tmp_path: Path, text: str, data: st.DataObject
) -> None:
    """A file of a killed run ends anywhere: every row with a line end is there, no other."""
    cut = data.draw(st.integers(0, len(text) - 1))
    path = tmp_path / "a.probe"
    path.write_text(text[:cut])
    complete = text[:cut].count("\n") - 1
    if complete < 1:
        with pytest.raises(ExacoupleError, match=r"a\.probe"):
            read_probe(path, length_unit="km")
        return
    gauge = read_probe(path, length_unit="km")
    path.write_text(text)
    whole = read_probe(path, length_unit="km")
    assert gauge.time.tolist() == whole.time[:complete].tolist()
    assert gauge.eta.tolist() == whole.eta[:complete].tolist()
    assert bool(gauge.warnings) == (not text[:cut].endswith("\n"))


@_slow_disk
@given(text=probe_texts, data=st.data())
def test_one_damaged_byte_never_makes_another_sea(
    tmp_path: Path, text: str, data: st.DataObject
) -> None:
    """A changed, lost or added byte gives an error or a warning unless it is within rounding."""
    position = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.sampled_from(b"0123456789,.- \nexQn#\x00\xff"))
    kind = data.draw(st.sampled_from(["changed", "lost", "added"]))
    raw = text.encode()
    rest = raw[position:] if kind == "added" else raw[position + 1 :]
    new = b"" if kind == "lost" else bytes([byte])
    _rows_are_true(tmp_path / "a.probe", text, raw[:position] + new + rest)


@_slow_disk
@given(first=probe_texts, second=probe_texts, data=st.data())
def test_two_runs_in_one_file_are_told(
    tmp_path: Path, first: str, second: str, data: st.DataObject
) -> None:
    """Rows of two runs that wrote into one file do not ascend in time, or stand twice."""
    ours, theirs = first.splitlines(keepends=True)[1:], second.splitlines(keepends=True)[1:]
    order = data.draw(st.permutations([0] * len(ours) + [1] * len(theirs)))
    sources = (iter(ours), iter(theirs))
    mixed = HEADER + "".join(next(sources[which]) for which in order)
    path = tmp_path / "a.probe"
    path.write_text(mixed)
    times = [float(line.split(",")[0]) for line in mixed.splitlines()[1:]]
    ascending = all(a < b for a, b in itertools.pairwise(times))
    repeated = any(a == b for a, b in zip(ours, theirs, strict=False))
    if ascending or repeated:
        return
    with pytest.raises(ExacoupleError, match="two runs wrote into it"):
        read_probe(path, length_unit="km")


def test_case_is_read_by_its_manifest(tmp_path: Path) -> None:
    """Unit, columns and folder come from case.json; a buoy without a file is left out."""
    base = json.loads(MANIFEST.read_text())
    manifest = base | {
        "buoys": [{**base["buoys"][0], "id": key} for key in ("filled", "fill")],
        "probes": {"directory": "here", "columns": list(COLUMNS)},
    }
    (tmp_path / "case.json").write_text(json.dumps(manifest))
    (tmp_path / "here").mkdir()
    shutil.copy(DATA / "filled-rank-0.probe", tmp_path / "here")
    gauges = read_case_probes(tmp_path)
    assert list(gauges) == ["filled"]
    assert gauges["filled"].eta.max() == pytest.approx(1.67502)


def test_manifest_without_units_is_refused(tmp_path: Path) -> None:
    """Whether 5.6 is a depth in km or m is never guessed."""
    manifest = {"probes": {"directory": "probes", "columns": list(COLUMNS)}, "units": {}}
    with pytest.raises(ExacoupleError, match=r"units\.probes; prepare the case again"):
        CaseProbes(tmp_path, manifest).gauge("a")


def test_seventeen_digits_at_exact_times_are_read(tmp_path: Path) -> None:
    """What the embedded engine writes on request: the heights keep all their digits."""
    rows = (
        "0, 0, 4.9500000000000002, 0, 0, -4.9500000000000002, 0",
        "10, 10, 4.9501234567890124, 1e-05, 0, -4.9500000000000002, 0.00012345678901234567",
    )
    gauge = read_probe(_write(tmp_path / "exact-rank-0.probe", *rows), length_unit="km")
    assert gauge.time.tolist() == [0.0, 10.0]
    assert gauge.eta[1] == pytest.approx(0.12345678901234567, rel=1e-15)
    assert gauge.id == "exact"
