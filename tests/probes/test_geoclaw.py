"""Gauge files of GeoClaw, whole and damaged."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exacouple.errors import ExacoupleError
from exacouple.probes import read_geoclaw

PLACE = "# gauge_id= 21418 location=(  0.1486940000E+03  0.3871100000E+02 ) num_var=  4"
HEADER = [
    PLACE,
    "# Stationary gauge",
    "# level, time, q[  1  2  3], eta, aux[]",
    "# file format ascii, time series follow in this file",
]
ROWS = [
    "   01  0.0000000E+00  0.5606000E+04  0.0000000E+00  0.0000000E+00  0.0000000E+00",
    "   01  0.3175154E+02  0.5606001E+04  0.2778961E+00 -0.6457966E+00  0.1439594E-02",
    "   02  0.3213538E+02  0.5606002E+04  0.4282149E+00 -0.3351473E+00  0.1173087E-02",
    "   02  0.4000000E+02  0.5607250E+04  0.4282149E+00 -0.3351473E+00  0.1250000E+01",
]


def _write(path: Path, *rows: str, header: list[str] | None = None, end: str = "\n") -> Path:
    path.write_text("\n".join([*(HEADER if header is None else header), *rows]) + end)
    return path


def test_gauge_is_named_placed_and_in_si_units(tmp_path: Path) -> None:
    """The bottom is what is left of the surface when the water is taken away: -5606 m."""
    gauge = read_geoclaw(_write(tmp_path / "gauge21418.txt", *ROWS))
    assert gauge.id == "21418"
    assert gauge.position == (148.694, 38.711)
    assert gauge.time.tolist() == [0.0, 31.75154, 32.13538, 40.0]
    assert gauge.eta[3] == 1.25
    assert gauge.hu is not None
    assert gauge.hu[2] == 0.4282149
    assert gauge.b == pytest.approx([-5606.0] * 4, abs=2e-3)


def test_change_of_refinement_is_told(tmp_path: Path) -> None:
    """Heights jump where a gauge passes to a mesh of another width."""
    gauge = read_geoclaw(_write(tmp_path / "gauge21418.txt", *ROWS))
    assert [w for w in gauge.warnings if "level 1 to 2, first changed at 32.1354 s" in w]


def test_header_before_version_5_9_is_read(tmp_path: Path) -> None:
    """Older files have neither the kind nor the format, and pad the number of the gauge."""
    header = [PLACE.replace("id= 21418", "id=     1"), HEADER[2]]
    assert read_geoclaw(_write(tmp_path / "gauge00001.txt", *ROWS, header=header)).id == "1"
    header = [header[0].replace("num_var", "num_eqn"), "# Columns: level time h    hu    hv    eta"]
    gauge = read_geoclaw(_write(tmp_path / "gauge00001.txt", *ROWS, header=header))
    assert gauge.eta[3] == 1.25


def test_bottom_is_taken_from_aux_and_other_columns_are_passed_over(tmp_path: Path) -> None:
    """With moving ground or storms users ask for aux fields; aux 1 is the topography."""
    header = [
        PLACE.replace("4", "5").replace("=  5", "=  5"),
        "# level, time, q[1], eta, aux[1 4 6]",
    ]
    header[0] = PLACE.replace("num_var=  4", "num_var=  5")
    row = "01 0.1E+02 0.5E+04 0.5E+00 -0.49995E+04 0.9 0.8"
    gauge = read_geoclaw(_write(tmp_path / "gauge1.txt", row, header=header))
    assert (gauge.h, gauge.eta, gauge.b, gauge.hu) == (5000.0, 0.5, -4999.5, None)


def test_fortran_numbers_without_room_for_the_exponent_letter(tmp_path: Path) -> None:
    """Fortran drops the E of a three-digit exponent and writes D for double precision."""
    row = "   01  0.1000000D+02  0.5606000E+04  0.2390115-100 -0.1E-20  0.0000000E+00"
    gauge = read_geoclaw(_write(tmp_path / "gauge1.txt", row))
    assert gauge.time == 10.0
    assert gauge.hu is not None
    assert gauge.hu[0] == 0.2390115e-100


def test_rows_of_one_time_count_once_and_are_told(tmp_path: Path) -> None:
    """Eight digits do not tell two steps of a tenth of a second apart after three days."""
    twice = ROWS[1].replace("0.1439594E-02", "0.1439590E-02")
    gauge = read_geoclaw(_write(tmp_path / "gauge1.txt", ROWS[0], ROWS[1], twice))
    assert gauge.time.tolist() == [0.0, 31.75154]
    assert gauge.eta[1] == 0.1439590e-2
    assert "1 rows repeat a time" in gauge.warnings[0]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ([], "line 1: .* is no header of a GeoClaw gauge"),
        ([*HEADER[:3], "# file format binary64, time series in .bin file"], "'ascii' in setrun.py"),
        ([PLACE, "# Lagrangian particle, q[2,3] replaced by (x(t),y(t))", HEADER[2]], "drifting"),
        ([PLACE, "# level, time, q[  1  2  3], eta[  1  2], aux[]"], "several layers"),
        ([PLACE, "# Stationary gauge"], "no line says what the columns are"),
        ([PLACE, "# level, time, q[  1  2], eta, aux[]"], "tells of 4 variables and names 3"),
        ([PLACE.replace("0.3871100000E+02", "*" * 16), *HEADER[1:]], "no pair of numbers"),
    ],
)
def test_header_that_cannot_be_used_is_told(tmp_path: Path, header: list[str], said: str) -> None:
    """What is not a gauge at a place in one layer of water is refused with the reason."""
    with pytest.raises(ExacoupleError, match=said):
        read_geoclaw(_write(tmp_path / "gauge1.txt", *ROWS, header=header))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([ROWS[1], ROWS[0]], r"line 6: time 0 does not follow 31.75.*restarted"),
        ([ROWS[0][:-20]], "line 5: .* is no row of 6 numbers"),
        ([ROWS[0].replace("0.5606000E+04", "*************")], "display_format is too narrow"),
        ([ROWS[0], PLACE, ROWS[1]], "line 6: .* among the rows"),
        ([ROWS[0].replace("0.5606000E+04", "0.5606000E+06")], "h = 560600 is of no sea"),
        ([ROWS[0].replace("0.0000000E+00", "NaN", 1)], "line 5: time nan"),
        ([ROWS[2], ROWS[3].replace("5607250", "5507250"), ROWS[3].replace("40", "50")], "bottom"),
    ],
)
def test_damage_is_told_with_its_line(tmp_path: Path, rows: list[str], said: str) -> None:
    """What cannot be a row of this gauge is an error that says where."""
    with pytest.raises(ExacoupleError, match=said):
        read_geoclaw(_write(tmp_path / "gauge1.txt", *rows))


def test_not_a_number_is_left_to_the_screening(tmp_path: Path) -> None:
    """A run that diverged is read; that its heights are no waveform is said elsewhere."""
    row = ROWS[0].replace("0.5606000E+04", "NaN").replace("0.0000000E+00\n", "NaN")
    gauge = read_geoclaw(_write(tmp_path / "gauge1.txt", row))
    assert gauge.h is not None
    assert math.isnan(gauge.h[0])


def _file(draw: st.DrawFn) -> str:
    """Write rows as GeoClaw does: one level, 8 digits, ascending times."""
    depth = draw(st.floats(20.0, 9000.0))
    steps = draw(st.lists(st.floats(0.5, 30.0), min_size=1, max_size=10))
    rows, time = [], 0.0
    for step in steps:
        time += step
        eta = draw(st.floats(-5.0, 5.0))
        values = (time, depth + eta, 3.0 * eta, -eta, eta)
        rows.append("   01" + "".join(f" {value: .7E}" for value in values))
    return "\n".join([*HEADER, *rows]) + "\n"


gauge_texts = st.composite(_file)()
_slow_disk = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100
)


@_slow_disk
@given(text=gauge_texts, data=st.data())
def test_file_cut_anywhere_gives_all_complete_rows_or_an_error(
    tmp_path: Path, text: str, data: st.DataObject
) -> None:
    """GeoClaw writes a gauge in batches: a killed run leaves it cut at any byte."""
    path = tmp_path / "gauge1.txt"
    path.write_text(text)
    whole = read_geoclaw(path)
    cut = data.draw(st.integers(0, len(text) - 1))
    path.write_text(text[:cut])
    complete = text[:cut].count("\n") - len(HEADER)
    if complete < 1:
        with pytest.raises(ExacoupleError, match=r"gauge1\.txt"):
            read_geoclaw(path)
        return
    gauge = read_geoclaw(path)
    assert gauge.time.tolist() == whole.time[:complete].tolist()
    assert gauge.eta.tolist() == whole.eta[:complete].tolist()
    assert bool(gauge.warnings) == (not text[:cut].endswith("\n"))


@_slow_disk
@given(text=gauge_texts, data=st.data())
def test_foreign_bytes_among_the_rows_are_told(
    tmp_path: Path, text: str, data: st.DataObject
) -> None:
    """A NUL, a letter or a second sign within a row is never read past."""
    raw = text.encode()
    start = len("\n".join(HEADER)) + 1
    position = data.draw(st.integers(start, len(raw) - 1))
    byte = data.draw(st.sampled_from(b"\x00x#\xff,"))
    path = tmp_path / "gauge1.txt"
    path.write_bytes(raw[:position] + bytes([byte]) + raw[position + 1 :])
    if raw[position] in b" \n" and byte == ord("#"):
        return
    try:
        gauge = read_geoclaw(path)
    except ExacoupleError:
        return
    assert gauge.warnings or raw[position : position + 1] in (b" ", b"\n")


@_slow_disk
@given(first=gauge_texts, second=gauge_texts)
def test_two_files_in_one_are_told(tmp_path: Path, first: str, second: str) -> None:
    """A run that writes on behind the rows of another starts with a header or goes back in time."""
    path = tmp_path / "gauge1.txt"
    path.write_text(first + second)
    with pytest.raises(ExacoupleError, match="two runs wrote into it"):
        read_geoclaw(path)
    path.write_text(first + "\n".join(first.splitlines()[len(HEADER) :]) + "\n")
    if np.ptp(np.loadtxt(first.splitlines()[len(HEADER) :], ndmin=2)[:, 1]) > 0.0:
        with pytest.raises(ExacoupleError, match="restarted"):
            read_geoclaw(path)
