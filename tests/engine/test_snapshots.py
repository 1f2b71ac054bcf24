"""Snapshots of the whole domain: their content, and that others can read them."""

import base64
import xml.etree.ElementTree as ET
import zlib

import netCDF4
import numpy as np
import pytest
import xarray as xr

from exacouple.engine import fields, initial
from exacouple.engine.cf import Axes
from exacouple.engine.mesh import Mesh
from exacouple.engine.plotters import VtkPlotter
from exacouple.engine.snapshots import NetcdfSnapshots
from exacouple.engine.solver import Solver
from exacouple.engine.vtkwriter import VtkSnapshots
from exacouple.errors import ExacoupleError

ORIGIN = "2011-03-11T05:46:24Z"


def shore(x, y):
    """Deep water on the right with a quadratic surface, a beach and land on the left."""
    bed = np.where(x < 3.0, 2.0 - x, -10.0)
    eta = np.where(x < 4.0, 0.0, 0.01 * (x - 4.0) * (y - 2.0))
    zero = np.zeros_like(x)
    return np.maximum(eta - bed, 0.0), zero + 0.5 * (x > 4.0), zero, bed


@pytest.fixture
def solver() -> Solver:
    """8 x 5 elements of order 2, those at x < 4 limited."""
    return Solver(
        Mesh(0.0, 1.0, 1.0, 8, 5), shore, gravity=9.81, limiter_depth=5.0, dry_tolerance=1e-3
    )


@pytest.fixture(params=[1, 1 << 19])
def strip(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work row by row, or on all at once."""
    monkeypatch.setattr(initial, "STRIP", request.param)


def whole(solver: Solver) -> np.ndarray:
    """Give all subcells at once."""
    return np.concatenate([strip for _, strip in fields.subcell_strips(solver)], axis=1)


def test_subcells_are_exact_averages_and_keep_the_mass(solver: Solver, strip: None) -> None:
    """Deep elements: the average of a bilinear surface is its value in the middle."""
    h, hu, _, b, eta = whole(solver)
    x, y = (np.arange(40) + 0.5) / 5, 1.0 + (np.arange(25) + 0.5) / 5
    np.testing.assert_allclose(
        eta[:, x > 4], 0.01 * (x[x > 4] - 4.0) * (y[:, None] - 2.0), atol=1e-14
    )
    np.testing.assert_allclose(b[:, x < 2], np.tile(2.0 - x[x < 2], (25, 1)), atol=1e-14)
    np.testing.assert_allclose(h + b, eta, atol=1e-14)
    np.testing.assert_allclose(hu[:, x > 4], 0.5)
    assert h.sum() / 25 == pytest.approx(solver.mass(), rel=1e-14)


def test_netcdf_snapshots_are_read_with_their_dates(solver: Solver, strip: None, tmp_path) -> None:
    """Steps at or after 0, 0.2, 0.4 s; in metres from kilometres; no height on dry land.

    VTK and ParaView take an attribute ``axis`` of X or Y for degrees, and wrap the grid.
    """
    path = tmp_path / "snapshots.nc"
    snapshots = NetcdfSnapshots(path, 0.2, Axes(1000.0, ORIGIN, "EPSG:32654"), 1e-4)
    times = []
    while solver.time < 0.5:
        before = snapshots.state()["place"][0]
        snapshots.record(solver)
        if snapshots.state()["place"][0] > before:
            times.append(solver.time)
        solver.step()
    assert len(times) == 3
    with xr.open_dataset(path) as data:
        assert data.eta.dims == ("time", "y", "x")
        seconds = (data.time - np.datetime64("2011-03-11T05:46:24")) / np.timedelta64(1, "s")
        np.testing.assert_allclose(seconds, times, atol=1e-6)
        assert data.x.values[[0, -1]].tolist() == [100.0, 7900.0]
        assert data.y.values[0] == 1100.0
        first = data.isel(time=0)
        assert np.isnan(first.eta.values[:, :10]).all()
        np.testing.assert_allclose(first.h.values[:, -1], 1e3 * (10.0 + first.eta[:, -1] / 1e3))
        assert float(first.hu.values[0, -1]) == 0.5e6
    with netCDF4.Dataset(path) as data:
        assert data["eta"].filters()["zlib"]
        assert data["time"].units == "seconds since 2011-03-11 05:46:24"
        assert data.crs == "EPSG:32654"
        assert not {"axis"} & {*data["x"].ncattrs(), *data["y"].ncattrs()}


def test_netcdf_snapshots_after_a_restart_replace_later_ones(solver: Solver, tmp_path) -> None:
    """The file does not keep what the lost part of the run had written."""
    path = tmp_path / "snapshots.nc"
    snapshots = NetcdfSnapshots(path, 0.1, Axes(1.0), 1e-4)
    snapshots.record(solver)
    state = snapshots.state()
    while snapshots.state()["place"][0] < 3:
        solver.step()
        snapshots.record(solver)
    again = NetcdfSnapshots(path, 0.1, Axes(1.0), 1e-4)
    again.restore(state)
    solver.time = 77.0
    again.record(solver)
    with netCDF4.Dataset(path) as data:
        assert data["time"][1] == 77.0
    path.unlink()
    with pytest.raises(ExacoupleError, match=r"snapshots\.nc cannot be read"):
        again.restore(state)


def read_vti(path) -> tuple[ET.Element, dict[str, np.ndarray]]:
    """Read VTK image data by the published file format, without VTK."""
    root = ET.parse(path).getroot()
    arrays = {}
    for array in root.iter("DataArray"):
        text = "".join((array.text or "").split())
        if array.get("type") != "Float32":
            continue
        if array.get("format") == "ascii":
            arrays[array.get("Name")] = np.array((array.text or "").split(), dtype="f4")
            continue
        count = int(np.frombuffer(base64.b64decode(text[:12])[:8], "<u8")[0])
        head_length = -(-8 * (3 + count) // 3) * 4
        head = np.frombuffer(base64.b64decode(text[:head_length]), "<u8")
        body = base64.b64decode(text[head_length:])
        ends = np.cumsum(head[3:].astype(int))
        blocks = [zlib.decompress(part) for part in np.split(np.frombuffer(body, "u1"), ends[:-1])]
        sizes = [len(block) for block in blocks]
        assert sizes[:-1] == [head[1]] * (count - 1)
        assert sizes[-1] == (head[2] or head[1])
        arrays[array.get("Name")] = np.frombuffer(b"".join(blocks), "<f4")
    return root, arrays


@pytest.mark.parametrize("text", [False, True])
def test_vtk_files_hold_the_subcells(solver: Solver, strip: None, tmp_path, text: bool) -> None:
    """Extent, spacing and values, x fastest; the list of times names the files."""
    output = tmp_path / "vtk" / "wave"
    snapshots = VtkSnapshots(VtkPlotter("Writer", str(output), 5, 0.0, 1.0, text))
    snapshots.record(solver)
    solver.step()
    snapshots.record(solver)
    solver.time = 1.5
    snapshots.record(solver)
    root, arrays = read_vti(tmp_path / "vtk" / "wave-1.vti")
    image = root.find("ImageData")
    assert image.get("WholeExtent") == "0 40 0 25 0 0"
    assert image.get("Origin") == "0.0 1.0 0"
    assert image.get("Spacing") == "0.2 0.2 1"
    assert list(arrays) == ["h", "hu", "hv", "b", "eta"]
    for values, expected in zip(arrays.values(), whole(solver), strict=True):
        np.testing.assert_array_equal(values.reshape(25, 40), expected.astype("f4"))
    sets = ET.parse(tmp_path / "vtk" / "wave.pvd").getroot().iter("DataSet")
    assert [(s.get("timestep"), s.get("file")) for s in sets] == [
        ("0.0", "wave-0.vti"),
        ("1.5", "wave-1.vti"),
    ]


def test_vtk_reads_the_files(solver: Solver, tmp_path) -> None:
    """The library behind ParaView finds the values that were written."""
    xml = pytest.importorskip("vtkmodules.vtkIOXML", reason="needs the vtk package")
    from vtkmodules.util.numpy_support import vtk_to_numpy

    VtkSnapshots(VtkPlotter("Writer", str(tmp_path / "w"), 4, 0.0, 1.0, False)).record(solver)
    reader = xml.vtkXMLImageDataReader()
    reader.SetFileName(str(tmp_path / "w-0.vti"))
    reader.Update()
    data = reader.GetOutput().GetCellData()
    depth = vtk_to_numpy(data.GetArray("h")).reshape(25, 40)
    np.testing.assert_array_equal(depth, whole(solver)[0].astype("f4"))


def test_vtk_reads_netcdf_snapshots_in_metres(solver: Solver, tmp_path) -> None:
    """ParaView's reader makes a plane of cells at their metres, not a part of a globe."""
    netcdf = pytest.importorskip("vtkmodules.vtkIONetCDF", reason="needs the vtk package")
    path = tmp_path / "snapshots.nc"
    NetcdfSnapshots(path, 1.0, Axes(1000.0, ORIGIN), 1e-4).record(solver)
    reader = netcdf.vtkNetCDFCFReader()
    reader.SetFileName(str(path))
    reader.Update()
    grid = reader.GetOutputDataObject(0)
    assert grid.GetClassName() == "vtkImageData"
    assert grid.GetBounds()[:4] == pytest.approx((100.0, 7900.0, 1100.0, 5900.0))
