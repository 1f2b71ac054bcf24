"""Observed records: repeated times, gaps, and what is no water height."""

from pathlib import Path

import pytest

from exacouple.errors import ExacoupleError
from exacouple.gauge import read_observed


def _csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "21418.csv"
    path.write_text(text)
    return path


def test_comments_and_the_header_are_no_rows(tmp_path: Path) -> None:
    """The header may stand bare or as a comment; the gauge is named after the file."""
    for header in ("# DART\n# time_s,water_height_m\n", "time_s,water_height_m\n"):
        gauge = read_observed(_csv(tmp_path, header + "0, 0.1\n60.0,-2e-1\n"))
        assert gauge.id == "21418"
        assert gauge.time.tolist() == [0.0, 60.0]
        assert gauge.eta.tolist() == [0.1, -0.2]
        assert gauge.h is None


def test_repeated_times_keep_the_median(tmp_path: Path) -> None:
    """Seconds were dropped and the samples of a minute sorted: the first would be the lowest."""
    gauge = read_observed(_csv(tmp_path, "0,0\n60,-0.5\n60,0.1\n60,0.2\n120,0\n"))
    assert gauge.time.tolist() == [0.0, 60.0, 120.0]
    assert gauge.eta.tolist() == [0.0, 0.1, 0.0]
    assert "2 rows repeat a time" in gauge.warnings[0]


def test_two_heights_of_one_time_are_averaged(tmp_path: Path) -> None:
    """The median of an even number lies halfway between the middle two, in whatever order."""
    gauge = read_observed(_csv(tmp_path, "60,4\n0,3\n60,-1\n0,1\n60,2\n60,9\n"))
    assert gauge.time.tolist() == [0.0, 60.0]
    assert gauge.eta.tolist() == [2.0, 3.0]


def test_rows_are_put_in_the_order_of_time(tmp_path: Path) -> None:
    """Archives join records in any order; time is what orders them."""
    gauge = read_observed(_csv(tmp_path, "60,2\n0,1\n"))
    assert gauge.eta.tolist() == [1.0, 2.0]


def test_missing_values_and_gaps_are_said(tmp_path: Path) -> None:
    """A gap is bridged by a straight line, which the reader has to know."""
    text = "0,0\n60,nan\n120,0\n180,0\n240,0\n300,0\n3000,0\n"
    gauge = read_observed(_csv(tmp_path, text))
    assert len(gauge.time) == 6
    assert "1 rows without a value" in gauge.warnings[0]
    assert "gap of 2700 s after 300 s" in gauge.warnings[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rows of time_s,water_height_m"),
        ("0,nan\n", "no row has a value"),
        ("time_s,height_cm\n0,1\n", "line 1: 'time_s,height_cm' is no row"),
        ("0,1\n60;2\n", "line 2: '60;2' is no row"),
        ("0,1,2\n", "line 1"),
        ("0,1_0\n", "line 1"),
        ("0,0\n60,9999\n", "reaches 9999 m"),
        ("0,-5664.2\n", "no depth"),
    ],
)
def test_what_is_no_water_height_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Depths, missing-value codes and other tables are never taken for a tsunami."""
    with pytest.raises(ExacoupleError, match=said):
        read_observed(_csv(tmp_path, text))


def test_missing_file_is_named(tmp_path: Path) -> None:
    """The path in the message is the one that was asked for."""
    with pytest.raises(ExacoupleError, match=r"none\.csv: cannot be read"):
        read_observed(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("buoy", "height", "time"), [("21418", 1.873, 1956.0), ("21419", 0.540, 5376.0)]
)
def test_dart_records_of_2011_peak_as_published(
    reference_dir: Path, buoy: str, height: float, time: float
) -> None:
    """NOAA's records with the tide removed by MacInnes et al. (2013)."""
    gauge = read_observed(reference_dir / "dart" / f"{buoy}.csv")
    highest = int(gauge.eta.argmax())
    assert gauge.eta[highest] == pytest.approx(height, abs=5e-4)
    assert gauge.time[highest] == time
    assert len(gauge.time) == 240
