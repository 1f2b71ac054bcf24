"""Grid files of many makes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

WriteGrid = Callable[..., Path]


@pytest.fixture
def write_grid(tmp_path: Path) -> WriteGrid:
    """Return a function that writes a small NetCDF grid and gives its path."""

    def write(
        values: Any,
        *,
        y: Any,
        x: Any,
        dims: tuple[str, str] = ("lat", "lon"),
        variable: str = "elevation",
        attributes: Mapping[str, Any] | None = None,
        y_attributes: Mapping[str, Any] | None = None,
        x_attributes: Mapping[str, Any] | None = None,
        dtype: str = "i2",
        file: str = "grid.nc",
        form: str = "NETCDF4",
        **storage: Any,
    ) -> Path:
        path = tmp_path / file
        attributes = dict(attributes or {})
        storage["fill_value"] = attributes.pop("_FillValue", None)
        with netCDF4.Dataset(path, "w", format=form) as dataset:
            for dim, nodes, extra in zip(dims, (y, x), (y_attributes, x_attributes), strict=True):
                dataset.createDimension(dim, len(nodes))
                coordinate = dataset.createVariable(dim, "f8", (dim,))
                coordinate[:] = nodes
                coordinate.setncatts(extra or {})
            elevation = dataset.createVariable(variable, dtype, dims, **storage)
            elevation.setncatts(attributes)
            elevation.set_auto_maskandscale(False)
            elevation[:] = np.asarray(values).astype(dtype)
        return path

    return write
