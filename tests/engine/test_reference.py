"""The engine against probe files that ExaHyPE wrote for the same domain, mesh and data."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exacouple.engine.__main__ import main

BUOY18 = {"x": 545.735266126, "y": 62.7164740303}


@pytest.fixture
def upstream_case(
    case: Path,
    spec: dict[str, Any],
    reference_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Any]:
    """Turn the case into the upstream domain of 25 x 25 cells over the reference data."""
    for name, source in (
        ("bathymetry.nc", reference_dir.parent / "exahype" / "netcdf" / "bathymetry_2km.nc"),
        ("displacement.nc", reference_dir / "tohoku_ucsb3_displacement_2km.nc"),
    ):
        if not source.is_file():
            pytest.skip(f"no {source}")
        (case / name).unlink()
        (case / name).symlink_to(source)
    text = (case / "data.yaml").read_text()
    text = text.replace("x: [-10000.0, 10000.0]", "x: [-249000.0, 249000.0]")
    text = text.replace("y: [-10000.0, 10000.0]", "y: [-399000.0, 399000.0]")
    (case / "data.yaml").write_text(text)
    (case / "data_gmt.yaml").write_text(text)
    domain = {"offset": [-499.0, -949.0], "width": [1798.0, 1798.0]}
    spec["computational_domain"].update(domain)
    solver = spec["solvers"][0]
    solver["maximum_mesh_size"] = 120.0
    solver["limiter"] |= {"dmp_relaxation_parameter": 1e4, "dmp_difference_scaling": 1e4}
    solver["plotters"][0]["select"] = BUOY18
    monkeypatch.chdir(case)
    monkeypatch.delenv("SHARED_DIR", raising=False)
    return spec


def surface(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read time (s) and water height (m) of a probe file."""
    table = np.loadtxt(path, delimiter=",")
    return table[:, 0], 1e3 * table[:, -1]


def lag(time: np.ndarray, reference: np.ndarray, t: np.ndarray, eta: np.ndarray) -> float:
    """Shift in s that brings the waveform closest to the reference; positive if it is late."""
    shifts = np.arange(-60.0, 60.05, 0.1)
    errors = [np.mean((np.interp(time, t - shift, eta) - reference) ** 2) for shift in shifts]
    return float(shifts[int(np.argmin(errors))])


@pytest.mark.parametrize(
    ("run", "level", "end_time"),
    [("l0_up_v5", "SWE_asagi_limited_l0", 5600.0), ("l2dg_25_7500", "SWE_limited", 7500.0)],
)
def test_buoy_18_agrees_with_exahype(
    upstream_case: dict[str, Any],
    reference_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: str,
    level: str,
    end_time: float,
) -> None:
    """Same steps; normalised RMSE below 5 %, lag below 5 s, peak within 2 % and one step.

    The level with full bathymetry is compared with the run whose limiter acts in shallow water
    only; upstream's own limits every cell and is first order everywhere.
    """
    expected = reference_dir.parent / "exahype" / "runs" / run / "buoy18-rank-0.probe"
    if not expected.is_file():
        pytest.skip(f"no {expected}")
    upstream_case["paths"]["output_directory"] = level
    upstream_case["computational_domain"]["end_time"] = end_time
    Path("case.exahype2").write_text(json.dumps(upstream_case))
    monkeypatch.setenv("SHARED_DIR", "./")
    assert main(["case.exahype2"]) == 0
    t, eta = surface(Path("Probes/buoy18-rank-0.probe"))
    time, reference = surface(expected)
    np.testing.assert_allclose(t, time, rtol=1e-4)
    error = np.sqrt(np.mean((eta - reference) ** 2)) / np.ptp(reference)
    assert error < 0.05
    assert abs(lag(time, reference, t, eta)) < 5.0
    assert eta.max() == pytest.approx(reference.max(), rel=0.02)
    assert abs(t[eta.argmax()] - time[reference.argmax()]) <= np.diff(time).max()
    if level == "SWE_asagi_limited_l0":
        peak = [float(line) for line in Path("Probe18outputs.txt").read_text().split()]
        assert peak == pytest.approx([1847.5905, 1.675019e-3], rel=1e-3)


def test_table_of_agreement_is_made_by_one_command(reference_dir: Path) -> None:
    """At buoy 18 level 0 agrees within 1 % of the record's root mean square, peak and arrival."""
    if not (reference_dir.parent / "exahype" / "runs" / "l2dg_25_7500").is_dir():
        pytest.skip("no kept runs of ExaHyPE")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(root / "tools" / "real_engine.py")],
        env={**os.environ, "EXACOUPLE_REFERENCE": str(reference_dir), "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()[2:]]
    assert [row[:2] for row in rows] == [
        [level, buoy] for level in ("level 0", "level 2") for buoy in ("18", "19")
    ]
    _, _, real_peak, peak, real_arrival, arrival, error, lag = rows[0]
    assert float(peak.split()[0]) == pytest.approx(float(real_peak.split()[0]), rel=1e-3)
    assert peak.split(" at ")[1] == real_peak.split(" at ")[1]
    assert real_arrival == arrival
    assert float(error.split()[0]) < 1.0
    assert lag == "+0.0 s"
