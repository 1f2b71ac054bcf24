"""Grids are written as ASAGI reads them."""

import netCDF4
import numpy as np
import pytest
import xarray as xr

from exacouple.cases.asagi import axis, interpolate, read_grid, write_grid
from exacouple.errors import ExacoupleError


def plane():
    """Return z = 2 x - 3 y + 1 on a small grid."""
    x, y = np.array([0.0, 10.0, 20.0]), np.array([-5.0, 0.0])
    values = 2.0 * x - 3.0 * y[:, None] + 1.0
    return xr.DataArray(values, dims=("y", "x"), coords={"y": y, "x": x})


def test_layout_is_the_one_asagi_reads(tmp_path):
    """Variable z(y, x), y slow and x fast, both ascending metres."""
    write_grid(tmp_path / "a.nc", plane(), long_name="plane", attrs={"crs": "none"})
    with netCDF4.Dataset(tmp_path / "a.nc") as dataset:
        assert dataset["z"].dimensions == ("y", "x")
        assert dataset["z"].dtype == np.float32
        assert dataset["x"][:].tolist() == [0.0, 10.0, 20.0]
        assert dataset["z"][1, 2] == 41.0
        assert dataset["z"].units == dataset["x"].units == "m"


def test_metres_are_not_taken_for_degrees(tmp_path):
    """VTK and ParaView wrap a grid around a globe where x and y have an attribute ``axis``."""
    write_grid(tmp_path / "a.nc", plane(), long_name="plane", attrs={})
    with netCDF4.Dataset(tmp_path / "a.nc") as dataset:
        assert dataset["x"].standard_name == "projection_x_coordinate"
        assert not {"axis"} & {*dataset["x"].ncattrs(), *dataset["y"].ncattrs()}


def test_transposed_arrays_are_written_the_right_way_round(tmp_path):
    """ASAGI would take (x, y) for (y, x) without a word."""
    write_grid(tmp_path / "a.nc", plane().T, long_name="plane", attrs={})
    xr.testing.assert_allclose(read_grid(tmp_path / "a.nc"), plane())


def test_the_same_grid_gives_the_same_bytes(tmp_path):
    """Nothing in the file depends on the time or place of writing."""
    for name in ("a.nc", "b.nc"):
        write_grid(tmp_path / name, plane(), long_name="plane", attrs={"crs": "none"})
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


def test_nan_is_refused(tmp_path):
    """ExaHyPE passes NaN on to every probe and ends with success."""
    with pytest.raises(ExacoupleError, match="2 values of the plane are not finite"):
        write_grid(
            tmp_path / "a.nc", plane().where(lambda z: z < 41.0), long_name="plane", attrs={}
        )


def test_a_truncated_grid_is_refused(tmp_path):
    """A file that was cut short does not pass for a shallower sea."""
    file = tmp_path / "a.nc"
    write_grid(file, plane(), long_name="plane", attrs={})
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(ExacoupleError, match=r"a\.nc"):
        read_grid(file)


def test_interpolation_is_exact_for_a_plane_and_repeats_the_edge():
    """Bilinear inside; outside ASAGI takes the value at the edge."""
    values = interpolate(plane(), np.array([3.0, 25.0]), np.array([-2.5, 99.0]))
    assert values == pytest.approx(np.array([[14.5, 48.5], [7.0, 41.0]]))


def test_axis_ends_at_or_beyond_its_stop():
    """Round-off adds no point, a remainder does."""
    assert axis(0.0, 0.3, 0.1).size == 4
    assert axis(0.0, 0.31, 0.1)[-1] == pytest.approx(0.4)
