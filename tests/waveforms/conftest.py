"""Small finished cases that stand for prepared and run ones."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from exacouple.cases.asagi import write_grid
from exacouple.hashing import sha256_file

CRS = "+proj=aeqd +lat_0=38.3012 +lon_0=142.4018 +ellps=WGS84 +units=m"
ORIGIN = "2011-03-11T05:46:24Z"
END_S = 2000.0
DEPTH_M = 5000.0

Wave = Callable[[np.ndarray], np.ndarray]


def pulse(at: float, height: float = 1.0, width: float = 120.0) -> Wave:
    """Return a Gaussian wave of this height in metres around a time in seconds."""
    return lambda time: height * np.exp(-(((time - at) / width) ** 2))


def write_probe(path: Path, wave: Wave, *, dt: float = 7.3, end: float = END_S) -> None:
    """Write a probe file as ExaHyPE does: kilometres, 6 digits, rows at solver steps."""
    time = np.arange(0.0, end + dt, dt)
    depth = DEPTH_M / 1000.0
    rows = ["# plot-time, real-time,Q0,Q1,Q2,Q3,Q4"]
    for t, eta in zip(time, wave(time) / 1000.0, strict=True):
        values = (t, t, depth + eta, 0.0, 0.0, -depth, eta)
        rows.append(", ".join(f"{value:.6g}" for value in values))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")


class CaseMaker:
    """Writes case directories below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(
        self,
        name: str,
        waves: Mapping[str, Wave] | None = None,
        *,
        source: str = "original",
        status: str | None = "finished",
        buoys: Mapping[str, tuple[float, float]] | None = None,
        **changes: Any,
    ) -> Path:
        """Write a case; `waves` by buoy, `changes` to the entries of its manifest."""
        directory = self.root / name
        (directory / "probes").mkdir(parents=True)
        if waves is None:
            waves = {"A1": pulse(600.0), "B2": pulse(1200.0, 0.5)}
        places = buoys or {"A1": (300e3, 100e3), "B2": (600e3, 400e3)}
        manifest = _manifest(source, places) | changes
        seabed = _grid(-1000e3, 1300e3, lambda x, y: -4000.0 - 3.0 * x / 1e3)
        if source == "flat":
            seabed[:] = -4950.0
        raised = _grid(-250e3, 250e3, lambda x, y: 5.0 * np.exp(-(x**2 + y**2) / 1e10))
        for file, grid in (("bathymetry.nc", seabed), ("displacement.nc", raised)):
            write_grid(directory / file, grid, long_name=file, attrs={})
            manifest["files"][file] = sha256_file(directory / file)
        (directory / "case.json").write_text(json.dumps(manifest))
        for buoy, wave in waves.items():
            write_probe(directory / "probes" / f"{buoy}-rank-0.probe", wave)
        if status is not None:
            _write_state(directory, status)
        return directory


def _manifest(source: str, places: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    return {
        "schema": "exacouple-case/1",
        "region": "test",
        "region_config": {
            "title": "Test event",
            "event": {"origin": ORIGIN, "epicentre": [142.4018, 38.3012], "magnitude": 9.0},
            "domain": {"offset_km": [-499.0, -949.0], "width_km": [1798.0, 1798.0]},
            "simulation": {"gravity": 9.81, "dry_tolerance_m": 10.0, "boundary": "outflow"},
        },
        "source": {"name": source, "options": {}, "keep_land": True},
        "event_origin": ORIGIN,
        "projection": CRS,
        "units": {"netcdf": "m", "specfile": "km", "probes": "km", "time": "s"},
        "mesh": {"cells": [25, 25], "cell_size_m": 71920.0, "order": 2},
        "end_time_s": END_S,
        "sampling_s": 5.0,
        "buoys": [
            {
                "id": buoy,
                "name": f"Buoy {buoy}",
                "lon": 145.0,
                "lat": 39.0,
                "x_m": x,
                "y_m": y,
                "source": "made up",
            }
            for buoy, (x, y) in places.items()
        ],
        "specfile": "tsunami.exahype2",
        "probes": {
            "directory": "probes",
            "columns": ["plot-time", "real-time", "h", "hu", "hv", "b", "eta"],
        },
        "files": {},
    }


def _grid(low: float, high: float, values: Any) -> xr.DataArray:
    points = np.arange(low, high + 1.0, 50e3)
    x, y = np.meshgrid(points, points)
    return xr.DataArray(values(x, y), coords={"y": points, "x": points}, dims=("y", "x"))


def _write_state(directory: Path, status: str) -> None:
    state = {
        "schema": "exacouple-state/1",
        "status": status,
        "engine": "embedded",
        "command": ["python", "-m", "exacouple.engine", "tsunami.exahype2"],
        "pid": 1,
        "process": None,
        "host": "elsewhere",
        "started": "2024-01-01T00:00:00Z",
        "case_sha256": sha256_file(directory / "case.json"),
    }
    (directory / "state.json").write_text(json.dumps(state))


@pytest.fixture
def make_case(tmp_path: Path) -> CaseMaker:
    """Writes case directories below the test's own ``runs/``."""
    return CaseMaker(tmp_path / "runs")
