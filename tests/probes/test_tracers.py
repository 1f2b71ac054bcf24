"""Tracer files of ExaHyPE 2, whole and damaged."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exacouple.errors import ExacoupleError, UsageError
from exacouple.probes import read_tracers

HEADER = "number(0), number(1), t, x(0), x(1), data "
COUNTED = "number(0), number(1), t, x(0), x(1), data(0), data(1), data(2), data(3)"
NEAR, FAR = (545735.3, 62716.47), (1050678.0, 798352.1)


def _row(
    time: float, eta: float, place: tuple[float, float] = NEAR, number: tuple[int, int] = (0, 1)
) -> str:
    """Write a row as ``std::scientific`` does: 7 digits."""
    values = (time, *place, 5000.0 + eta, 0.5, -0.25, -5000.0)
    return ", ".join([*map(str, number), *(f"{value:.6e}" for value in values)])


def _write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("".join(line + "\n" for line in (header, *rows)))
    return path


@pytest.mark.parametrize("header", [HEADER, COUNTED])
def test_values_are_not_shifted_by_the_short_header(tmp_path: Path, header: str) -> None:
    """One word heads all values in older builds: readers by name give the wrong column."""
    path = _write(tmp_path / "p-rank-0.csv", _row(10.0, 1.0), _row(0.0, 0.0), header=header)
    (gauge,) = read_tracers([path])
    assert gauge.time.tolist() == [0.0, 10.0]
    assert gauge.eta.tolist() == [0.0, 1.0]
    assert gauge.h is not None
    assert gauge.h.tolist() == [5000.0, 5001.0]
    assert gauge.b is not None
    assert (gauge.hu[0], gauge.hv[0], gauge.b[0]) == (0.5, -0.25, -5000.0)  # type: ignore[index]
    assert gauge.position == NEAR
    assert "h + b, known to 0.001 m only" in gauge.warnings[0]


def test_gauges_are_told_apart_by_place_not_by_rank_or_number(tmp_path: Path) -> None:
    """A tracer that passes to another rank, with another number, goes on as the same gauge."""
    first = _write(tmp_path / "p-rank-0.csv", _row(5.0, 0.5), _row(0.0, 0.0))
    rows = (_row(10.0, 1.0, number=(3, 7)), _row(2.0, 9.0, FAR, (3, 8)))
    second = _write(tmp_path / "p-rank-1.csv", *rows)
    near, far = read_tracers([second, first])
    assert near.eta.tolist() == [0.0, 0.5, 1.0]
    assert near.files == (first, second)
    assert (far.position, far.eta.tolist(), far.files) == (FAR, [9.0], (second,))


def test_snapshots_follow_on_each_other_in_number_not_in_name(tmp_path: Path) -> None:
    """Snapshot 10 comes after 2, and takes over the newest row of the one before, mended."""
    early = _write(tmp_path / "p-rank-0-snapshot-2.csv", _row(5.0, 0.5), _row(0.0, 0.0))
    late = _write(tmp_path / "p-rank-0-snapshot-10.csv", _row(10.0, 1.0), _row(5.0, 0.75))
    (gauge,) = read_tracers([late, early])
    assert gauge.time.tolist() == [0.0, 5.0, 10.0]
    assert gauge.eta.tolist() == [0.0, 0.75, 1.0]


def test_fifth_value_is_the_water_height(tmp_path: Path) -> None:
    """An application that writes h + b itself keeps the digits that h and b lose."""
    row = _row(0.0, 0.125) + ", 1.251234e-01"
    (gauge,) = read_tracers([_write(tmp_path / "p-rank-0.csv", row)])
    assert gauge.eta[0] == 0.1251234
    assert gauge.warnings == ()


def test_unit_and_origin_are_those_that_are_told(tmp_path: Path) -> None:
    """The file does not say its unit, nor which point it counts from."""
    row = "0, 0, 0.0, 1.0, 2.0, 5.001, 1e-6, 0, -5.0"
    path = _write(tmp_path / "p-rank-0.csv", row)
    (gauge,) = read_tracers([path], length_unit="km", origin_m=(-500.0, 250.0))
    assert gauge.position == (500.0, 2250.0)
    assert gauge.eta == pytest.approx([1.0])
    assert gauge.hu == pytest.approx([1.0])
    with pytest.raises(UsageError, match="'ft' is not known"):
        read_tracers([path], length_unit="ft")


def test_other_values_are_refused_unless_named(tmp_path: Path) -> None:
    """Twelve values are of another application than one for shallow water."""
    row = ", ".join(["0, 0, 0.0, 1.0, 2.0", *["1.0"] * 3])
    path = _write(tmp_path / "p-rank-0.csv", row)
    with pytest.raises(ExacoupleError, match="3 values of each tracer"):
        read_tracers([path])
    (gauge,) = read_tracers([path], columns=["eta", "hu", "hv"])
    assert (gauge.eta, gauge.h) == (1.0, None)
    with pytest.raises(ExacoupleError, match="no water height"):
        read_tracers([path], columns=["h", "hu", "hv"])
    with pytest.raises(UsageError, match="name no values"):
        read_tracers([path], columns=["h", "h", "depth"])


def test_old_files_are_not_mixed_in(tmp_path: Path) -> None:
    """Files of other ranks and later snapshots of an earlier run stay lying."""
    now = _write(tmp_path / "p-rank-0.csv", _row(9.0, 0.5), _row(0.0, 0.0))
    old = _write(tmp_path / "p-rank-1.csv", _row(7.0, 0.5), _row(0.0, 0.0))
    with pytest.raises(ExacoupleError, match="left by an earlier run"):
        read_tracers([now, old])
    now = _write(tmp_path / "q-rank-0-snapshot-0.csv", _row(9.0, 0.5), _row(0.0, 0.0))
    old = _write(tmp_path / "q-rank-0-snapshot-1.csv", _row(20.0, 0.5), _row(7.0, 0.0))
    with pytest.raises(ExacoupleError, match="left by an earlier run"):
        read_tracers([now, old])


def test_two_tracers_at_one_place_have_to_agree(tmp_path: Path) -> None:
    """On the edge of two cells each of them makes a tracer, with its own water."""
    twice = [_row(0.0, 0.5), _row(0.0, 0.5, number=(0, 2))]
    (gauge,) = read_tracers([_write(tmp_path / "p-rank-0.csv", *twice)])
    assert gauge.time.tolist() == [0.0]
    twice[1] = _row(0.0, 0.75, number=(0, 2))
    with pytest.raises(ExacoupleError, match="on the edge of two cells"):
        read_tracers([_write(tmp_path / "p-rank-0.csv", *twice)])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no complete row"),
        ([_row(0.0, 0.0) + ", 1.0", _row(5.0, 0.0)], "line 3: .* is no row of 10 numbers"),
        ([_row(5.0, 0.0) + _row(0.0, 0.0)], r"16|17 values of each tracer"),
        ([_row(9.0, 0.0), _row(5.0, 0.0), _row(7.0, 0.0)], "line 4: time 7 does not follow"),
        ([_row(5.0, 0.0), _row(5.0, 0.0)], "line 3: time 5 does not follow"),
        ([_row(-5.0, 0.0)], "line 2: .* of no tracer"),
        ([_row(float("nan"), 0.0)], "line 2: .* of no tracer"),
        ([_row(0.0, 0.0).replace("0, 1", "0.5, 1", 1)], "line 2: .* of no tracer"),
        ([_row(5.0, 0.0), _row(0.0, 0.0, FAR)], "moved by 8.92e[+]05 m"),
        ([_row(0.0, 3e4)], "h = 35000 is of no sea"),
        ([_row(0.0, 0.5) + ", 9.0"], "eta = 9 is not h [+] b = 0.5"),
    ],
)
def test_damage_is_told(tmp_path: Path, rows: list[str], said: str) -> None:
    """What cannot be the record of a tracer is an error that says where."""
    with pytest.raises(ExacoupleError, match=said):
        read_tracers([_write(tmp_path / "p-rank-0.csv", *rows)])


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("# plot-time, real-time", "line 1: .* is no header"),
        ("number(0), number(1), t, x(0), x(1), x(2), data", "three dimensions"),
        (COUNTED.replace("data(1)", "data(2)"), "is no header"),
        ("number(0), number(1), t, x(0), data", "is no header"),
    ],
)
def test_header_of_something_else_is_told(tmp_path: Path, header: str, said: str) -> None:
    """Values are found by counting, so the columns before them have to be the known ones."""
    with pytest.raises(ExacoupleError, match=said):
        read_tracers([_write(tmp_path / "p-rank-0.csv", _row(0.0, 0.0), header=header)])


def _texts(draw: st.DrawFn) -> list[str]:
    """Make the files of 1 to 3 ranks, each with its own stretch of time of two tracers."""
    ranks = draw(st.integers(1, 3))
    time, texts = 0.0, []
    for rank in range(ranks):
        steps = draw(st.lists(st.floats(1.0, 30.0), min_size=1, max_size=6))
        times = (time + np.cumsum(steps)).tolist()
        time = times[-1]
        rows = [
            _row(t, draw(st.floats(-2.0, 2.0)), place, (rank, index))
            for index, place in enumerate((NEAR, FAR))
            for t in reversed(times)
        ]
        texts.append("".join(line + "\n" for line in (HEADER, *rows)))
    return texts


tracer_texts = st.composite(_texts)()
_slow_disk = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100
)


def _save(folder: Path, texts: list[str]) -> list[Path]:
    paths = [folder / f"p-rank-{rank}.csv" for rank in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


def _pairs(gauge_files: list[Path]) -> set[tuple[float, float, float]]:
    return {
        (gauge.position[0], float(t), float(eta))
        for gauge in read_tracers(gauge_files)
        if gauge.position is not None
        for t, eta in zip(gauge.time, gauge.eta, strict=True)
    }


@_slow_disk
@given(texts=tracer_texts, data=st.data())
def test_file_cut_anywhere_gives_all_complete_rows_or_an_error(
    tmp_path: Path, texts: list[str], data: st.DataObject
) -> None:
    """A file of a killed run ends anywhere: every row with a line end is there, no other."""
    paths = _save(tmp_path, texts)
    whole = _pairs(paths)
    cut = data.draw(st.integers(0, len(texts[-1]) - 1))
    paths[-1].write_text(texts[-1][:cut])
    lost = texts[-1].count("\n") - texts[-1][:cut].count("\n")
    if texts[-1][:cut].count("\n") < 2:
        with pytest.raises(ExacoupleError, match=r"\.csv"):
            read_tracers(paths)
        return
    left = _pairs(paths)
    assert left <= whole
    assert len(left) == len(whole) - lost


@_slow_disk
@given(texts=tracer_texts, data=st.data())
def test_foreign_bytes_are_told(tmp_path: Path, texts: list[str], data: st.DataObject) -> None:
    """NUL bytes, letters and comments among the numbers are never read past."""
    raw = texts[0].encode()
    position = data.draw(st.integers(len(HEADER) + 1, len(raw) - 2))
    byte = data.draw(st.sampled_from(b"\x00x#\xff;"))
    paths = _save(tmp_path, texts)
    paths[0].write_bytes(raw[:position] + bytes([byte]) + raw[position + 1 :])
    with pytest.raises(ExacoupleError, match=r"p-rank-0\.csv"):
        read_tracers(paths)


@_slow_disk
@given(texts=tracer_texts, data=st.data())
def test_merged_lines_of_two_ranks_are_told(
    tmp_path: Path, texts: list[str], data: st.DataObject
) -> None:
    """Two ranks that write into one file leave lines that run into each other."""
    lines = texts[0].splitlines()
    index = data.draw(st.integers(1, len(lines) - 1))
    cut = data.draw(st.integers(lines[index].index(",") + 1, len(lines[index]) - 1))
    other = _row(1.0, 0.5, number=(9, 9))
    lines[index] = lines[index][:cut] + other
    paths = _save(tmp_path, ["\n".join(lines) + "\n", *texts[1:]])
    with pytest.raises(ExacoupleError, match="p-rank-"):
        read_tracers(paths)


def test_real_file_of_peano_is_read() -> None:
    """Two buoys of a run on the real engine, which blew up: read as it is, for others to judge."""
    path = Path(__file__).parents[1] / "data" / "exahype2" / "buoys-rank-0.csv"
    first, second = read_tracers([path])
    assert first.position == pytest.approx((1045859.0, 1013176.0))
    assert second.position == pytest.approx((1558092.0, 1712665.0), abs=1.0)
    rows = path.read_text().count("\n") - 1
    assert len(first.time) + len(second.time) == rows
    assert (np.diff(first.time) > 0.0).all()
    assert first.b is not None
    assert np.ptp(first.b) == 0.0
    assert abs(first.eta[first.time < 2000.0]).max() < 5.0
    assert first.eta.max() > 1000.0
