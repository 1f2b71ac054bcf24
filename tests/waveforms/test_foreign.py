"""Gauges of other programs, compared with those of cases."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from exacouple.bathymetry.projection import unproject_points
from exacouple.cases.case import Case
from exacouple.errors import UsageError
from exacouple.waveforms import compare, write_report
from exacouple.waveforms.selection import Selection, select_named

CaseMaker = Callable[..., Path]


def _wave(time: np.ndarray) -> np.ndarray:
    return np.exp(-(((time - 600.0) / 120.0) ** 2))


def _geoclaw(folder: Path, *gauges: tuple[int, float, float]) -> Path:
    """Write gauges of GeoClaw with a wave of 1 m at 600 s."""
    folder.mkdir(parents=True)
    for number, x, y in gauges:
        lines = [
            f"# gauge_id= {number} location=( {x:.10E} {y:.10E} ) num_var=  4",
            "# Stationary gauge",
            "# level, time, q[  1  2  3], eta, aux[]",
            "# file format ascii, time series follow in this file",
        ]
        for time in range(0, 1900, 7):
            eta = 1.0 * np.exp(-(((time - 600.0) / 120.0) ** 2))
            values = (time, 5000.0 + eta, 0.0, 0.0, eta)
            lines.append("01 " + " ".join(f"{value:.7E}" for value in values))
        (folder / f"gauge{number:05d}.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_gauges_of_geoclaw_are_compared_by_place(make_case: CaseMaker, tmp_path: Path) -> None:
    """A GeoClaw user names the output directory; gauge numbers need not be the buoys' ids."""
    case = make_case("test-original")
    output = _geoclaw(tmp_path / "_output", (1, 300.4e3, 100e3), (2, 900e3, 100e3))
    selection = select_named([case, output])
    comparison = compare(selection.reference, selection.others)
    run = comparison.others[0]
    assert run.label == "_output"
    assert run.gauges["A1"].files == (output / "gauge00001.txt",)
    assert {score.buoy for score in comparison.scores} == {"A1", "B2"}
    assert "1 at 300400, 100000" in run.findings["B2"].detail
    score = next(s for s in comparison.scores if s.case == "_output" and s.against == "original")
    assert abs(score.lag_s or 0.0) < 1.0
    assert score.nrmse is not None
    assert score.nrmse < 0.05
    assert "taken to be of the event of" in selection.notes[0]
    assert not [warning for warning in comparison.warnings if "another mesh" in warning]


def test_gauges_may_stand_in_degrees_and_be_the_reference(
    make_case: CaseMaker, tmp_path: Path
) -> None:
    """GeoClaw computes in longitude and latitude, in any convention of longitude."""
    case = make_case("test-flat", source="flat")
    crs = json.loads((case / "case.json").read_text())["projection"]
    lon, lat = (float(value) for value in unproject_points(crs, 300e3, 100e3))
    output = _geoclaw(tmp_path / "_output", (7, lon - 360.0, lat))
    comparison = compare(*_pair(select_named([output, case])))
    assert comparison.reference.label == "_output"
    assert list(comparison.reference.gauges) == ["A1"]
    written = write_report([comparison], tmp_path / "compare")
    assert "bathymetry-flat.png" in written["files"]
    assert "bathymetry-_output.png" not in written["files"]


def _pair(selection: Selection) -> tuple[Case, tuple[Case, ...]]:
    return selection.reference, selection.others


def test_tracers_of_exahype2_are_compared_by_place(make_case: CaseMaker, tmp_path: Path) -> None:
    """Peano's own application counts from the lower left corner of the domain."""
    case = make_case("test-original")
    output = tmp_path / "probes"
    output.mkdir()
    rows = ["number(0), number(1), t, x(0), x(1), data "]
    for time in range(1900, -1, -7):
        eta = 0.5 * np.exp(-(((time - 1200.0) / 120.0) ** 2))
        values = (time, 600e3 + 499e3, 400e3 + 949e3, 5000.0 + eta, 0.0, 0.0, -5000.0)
        rows.append("3, 1, " + ", ".join(f"{value:.6e}" for value in values))
    (output / "tracers-rank-1.csv").write_text("\n".join(rows) + "\n")
    comparison = compare(*_pair(select_named([case, output])))
    assert list(comparison.others[0].gauges) == ["B2"]


def test_gauges_alone_do_not_tell_their_buoys(tmp_path: Path) -> None:
    """Region, buoys and origin of time come from a case."""
    output = _geoclaw(tmp_path / "_output", (1, 1.0, 1.0))
    with pytest.raises(UsageError, match="name a case of that region as well"):
        select_named([output])


def test_gauge_of_the_buoys_number_may_be_some_kilometres_off(
    make_case: CaseMaker, tmp_path: Path
) -> None:
    """Published positions of one buoy differ by kilometres; how far is told."""
    places = {"21418": (300e3, 100e3)}
    case = make_case("test-original", {"21418": _wave}, buoys=places)
    near = _geoclaw(tmp_path / "_near", (21418, 306e3, 100e3))
    far = _geoclaw(tmp_path / "_far", (21418, 320e3, 100e3))
    comparison = compare(*_pair(select_named([case, near, far])))
    gauge = comparison.others[0].gauges["21418"]
    assert "6 km from buoy 21418" in gauge.warnings[-1]
    assert comparison.others[1].findings["21418"].word == "missing"
