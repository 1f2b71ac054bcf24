"""A small specfile and input files for the embedded engine."""

import copy
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

DATA_YAML = """\
!AffineMap
matrix:
  x: [1000.0, 0.0, 0.0]
  y: [0.0, 1000.0, 0.0]
translation:
  x: 0.0
  y: 0.0
components:
  !Switch
  [b]:
    !ASAGI
    file: bathymetry.nc
    interpolation: linear
    parameters: [b]
    var: z
    components:
      !AffineMap
      matrix:
        b: [0.001]
      translation:
        b: 0.0
  [d]:
    !Any
    components:
      - !AxisAlignedCuboidalDomainFilter
        limits:
          x: [-10000.0, 10000.0]
          y: [-10000.0, 10000.0]
        components:
          !ASAGI
          file: displacement.nc
          interpolation: linear
          parameters: [d]
          var: z
          components:
            !AffineMap
            matrix:
              d: [0.001]
            translation:
              d: 0.0
      - !ConstantMap
        map:
          d: 0.0
"""

_SPECFILE: dict[str, Any] = {
    "project_name": "SWE",
    "paths": {"output_directory": "ApplicationExamples/SWE/exacouple"},
    "computational_domain": {
        "dimension": 2,
        "end_time": 100.0,
        "offset": [-35.0, -35.0],
        "width": [70.0, 70.0],
    },
    "solvers": [
        {
            "type": "Limiting-ADER-DG",
            "name": "MySWESolver",
            "order": 2,
            "maximum_mesh_size": 10.0,
            "time_stepping": "globalfixed",
            "aderdg_kernel": {"terms": ["flux", "ncp"]},
            "fv_kernel": {"terms": ["flux"]},
            "limiter": {"dmp_observables": 4},
            "variables": [{"name": name, "multiplicity": 1} for name in ("h", "hu", "hv", "b")],
            "plotters": [
                {
                    "type": "probe::ascii",
                    "name": "ProbeWriter18",
                    "time": 0.0,
                    "repeat": 10.0,
                    "output": "./Probes/buoy18",
                    "variables": 5,
                    "select": {"x": 12.0, "y": -3.0},
                }
            ],
        }
    ],
}


@pytest.fixture
def spec() -> dict[str, Any]:
    """A specfile for 7 x 7 cells of 10 km with one probe, to be edited by a test."""
    return copy.deepcopy(_SPECFILE)


def write_grid(
    path: Path,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    *,
    dimensions: tuple[str, str] = ("y", "x"),
    file_format: str = "NETCDF4",
    kind: str = "f4",
    **attributes: Any,
) -> Path:
    """Write a grid as ASAGI reads it: `z` of shape (y, x) with its coordinates."""
    with netCDF4.Dataset(path, "w", format=file_format) as dataset:
        for name, values in zip(dimensions, (y, x), strict=True):
            dataset.createDimension(name, len(values))
            dataset.createVariable(name, "f8", (name,))[:] = values
        fill = attributes.pop("_FillValue", None)
        variable = dataset.createVariable("z", kind, dimensions, fill_value=fill)
        variable.set_auto_maskandscale(False)
        variable.setncatts(attributes)
        variable[:] = z
    return path


@pytest.fixture
def grid_writer() -> Any:
    """Give the function that writes a grid file."""
    return write_grid


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A folder with data.yaml, a sea 4000 m deep and a bottom raised by 2 m within 10 km."""
    axis = np.arange(-40000.0, 40001.0, 2000.0)
    shape = (axis.size, axis.size)
    write_grid(tmp_path / "bathymetry.nc", axis, axis, np.full(shape, -4000.0))
    inner = np.arange(-10000.0, 10001.0, 1000.0)
    write_grid(tmp_path / "displacement.nc", inner, inner, np.full((inner.size,) * 2, 2.0))
    (tmp_path / "data.yaml").write_text(DATA_YAML)
    return tmp_path
