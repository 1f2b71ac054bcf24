"""Whose record an observed file is."""

from pathlib import Path

import pytest

from exacouple.errors import UsageError
from exacouple.waveforms.observed import read_observations

BUOYS = ["21418", "21419", "B2"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Working directory with one record under several names."""
    monkeypatch.chdir(tmp_path)
    for name in ("21418.csv", "dart21419_2011.csv", "121418.csv", "21418-21419.csv", "B2=x.csv"):
        (tmp_path / name).write_text("0,0\n60,1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("request_", "buoy"),
    [
        ("21418.csv", "21418"),
        ("dart21419_2011.csv", "21419"),
        ("B2=121418.csv", "B2"),
        ("21419=21418.csv", "21419"),
        ("./B2=x.csv", "B2"),
    ],
)
def test_buoy_is_given_or_in_the_file_name(folder: Path, request_: str, buoy: str) -> None:
    """What is given wins; a number that is part of a longer one is no id."""
    assert list(read_observations([request_], BUOYS)) == [buoy]


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        (["121418.csv"], "names no buoy: say whose record it is, BUOY=121418.csv"),
        (["21418-21419.csv"], "names 21418 and 21419"),
        (["21420=21418.csv"], "no buoy '21420' .there are: 21418, 21419, B2"),
        (["21418.csv", "21418=dart21419_2011.csv"], "two observed records for buoy 21418"),
    ],
)
def test_doubt_is_an_error(folder: Path, requests: list[str], said: str) -> None:
    """A record held against another buoy's waveform would look like a bad model."""
    with pytest.raises(UsageError, match=said):
        read_observations(requests, BUOYS)
