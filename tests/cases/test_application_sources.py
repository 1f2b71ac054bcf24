"""The parts of the ExaHyPE application that do not need ExaHyPE, compiled and run."""

import os
import shutil
import subprocess
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from scipy.optimize import brentq

from exacouple.cases.toolkit import render_application

pytestmark = pytest.mark.compiler

DRIVER = Path(__file__).parent / "application" / "driver.cpp"
G = 9.81e-3


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """Return a function that runs the driver with words and input, giving status, text, error."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("needs g++")
    if shutil.which("nc-config") is None:
        pytest.skip("needs NetCDF for C with its headers (libnetcdf-dev)")
    flags, libs = (
        subprocess.run(["nc-config", word], capture_output=True, text=True, check=True).stdout
        for word in ("--cflags", "--libs")
    )
    folder = render_application(2, tmp_path_factory.mktemp("sources") / "application")
    program = folder / "driver"
    sources = [str(folder / f"{name}.cpp") for name in ("Grid", "Parameters", "Scenario")]
    command = [compiler, "-std=c++11", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    command += [*flags.split(), f"-I{folder}", str(DRIVER), *sources, *libs.split()]
    command += ["-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr

    def run(*words, given="", folder=None):
        done = subprocess.run(
            [str(program), *map(str, words)],
            input=given,
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
        )
        return done.returncode, done.stdout, done.stderr

    return run


def write(path, x, y, z, *, dims=("y", "x"), name="z", kind="f4"):
    """Write a NetCDF grid."""
    with netCDF4.Dataset(path, "w") as dataset:
        for axis, values in (("y", y), ("x", x)):
            dataset.createDimension(axis, len(values))
            dataset.createVariable(axis, "f8", (axis,))[:] = values
        dataset.createVariable(name, kind, dims)[:] = z
    return path


def numbers(text):
    """Return the lines of a text as rows of numbers."""
    return np.array([[float(word) for word in line.split()] for line in text.splitlines()])


X, Y = [0.0, 1000.0, 2000.0], [0.0, 500.0]
Z = np.array([[-100.0, -200.0, -400.0], [-300.0, 0.0, 50.0]])


def test_grid_is_bilinear_and_repeats_its_edge(driver, tmp_path):
    """Nodes, the middle of a cell, an edge, and points outside."""
    file = write(tmp_path / "z.nc", X, Y, Z)
    points = "1000 0\n500 250\n1500 500\n-10 0\n9000 9000\n"
    status, text, _ = driver("grid", file, given=points)
    assert status == 0
    np.testing.assert_allclose(
        numbers(text), [[-200, 1], [-150, 1], [25, 1], [-100, 0], [50, 0]], atol=1e-12
    )


def test_polynomial_is_looked_at_up_to_the_faces(driver):
    """Beside Juan Fernandez nodes 570 m deep and more carry a polynomial that is land at a face."""
    nodes = 0.5 + 0.5 * np.array([-1.0, 0.0, 1.0]) * np.sqrt(0.6)
    depth = np.array([[1274.0, 567.0, 774.0], [3550.0, 3336.0, 3215.0], [4064.0, 3988.0, 4099.0]])
    given = " ".join(map(str, [*nodes, *depth.ravel()]))
    _, text, _ = driver("faces", given=given)
    south = np.polyval(np.polyfit(nodes, depth[:, 1], 2), 0.0)
    assert south < -600.0
    assert float(text) == pytest.approx(south, rel=1e-9)
    _, text, _ = driver("faces", given=" ".join(map(str, [*nodes, *depth.T.ravel()])))
    assert float(text) == pytest.approx(south, rel=1e-9)


@pytest.mark.parametrize(("step_x", "step_y", "kind"), [(-1, 1, "f8"), (1, -1, "i2")])
def test_descending_axes_and_other_types_give_the_same_grid(driver, tmp_path, step_x, step_y, kind):
    """The order of the file does not change where a value lies."""
    file = write(tmp_path / "z.nc", X[::step_x], Y[::step_y], Z[::step_y, ::step_x], kind=kind)
    _, text, _ = driver("grid", file, given="0 0\n2000 500\n0 500\n")
    assert numbers(text)[:, 0].tolist() == [-100.0, 50.0, -300.0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"z": np.where(Z == 0.0, np.nan, Z)}, "1 values that are no elevation"),
        ({"z": np.where(Z == 0.0, 9.97e36, Z)}, "1 values that are no elevation"),
        ({"name": "depth"}, "no variable z"),
        ({"dims": ("x", "y"), "z": Z.T}, "z(x, y): it must be z(y, x)"),
        ({"x": [0.0, 1000.0, 2500.0]}, "coordinates x that are not evenly spaced"),
        ({"x": [0.0, 0.0, 0.0]}, "coordinates x that are not evenly spaced"),
    ],
)
def test_unusable_grids_are_refused_by_name(driver, tmp_path, change, said):
    """What would be wrong or transposed without a word ends with the file and the reason."""
    file = write(tmp_path / "z.nc", **{"x": X, "y": Y, "z": Z, **change})
    status, _, error = driver("grid", file)
    assert status == 1
    assert str(file) in error
    assert said in error


def test_missing_grid_is_named(driver, tmp_path):
    """No file, no run."""
    status, _, error = driver("grid", tmp_path / "none.nc")
    assert status == 1
    assert "none.nc cannot be opened" in error


def test_parameters_default_to_those_of_the_embedded_engine(driver):
    """Kilometres, 10 m, 100 m, outflow and the names that cases have."""
    _, text, _ = driver("parameters")
    assert text.split() == [
        *("0.0098099999999999993", "0.01", "0.10000000000000001", "outflow"),
        *("bathymetry.nc", "displacement.nc", "1000"),
    ]


def test_gravity_tells_the_unit(driver):
    """Near 9.81 lengths are in metres."""
    _, text, _ = driver("parameters", "limiter_depth=50", "gravity=9.81", "boundary=wall")
    assert text.split()[:4] == ["9.8100000000000005", "10", "50", "wall"]
    assert text.split()[-1] == "1"
    _, text, _ = driver("parameters", "gravity=9.81")
    assert text.split()[1:3] == ["10", "100"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("gravity=1", "gravity: must be near 9.81"),
        ("dry_tolerance=-1", "dry_tolerance: must be a positive number, got '-1'"),
        ("dry_tolerance=nan", "dry_tolerance: must be a positive number"),
        ("limiter_depth=0.1m", "limiter_depth: must be a positive number"),
        ("limiter_depth=0.001", "limiter_depth: must be at least dry_tolerance"),
        ("boundary=open", "boundary: must be outflow or wall, got 'open'"),
        ("bathymetry=", "bathymetry: must name a NetCDF file"),
        ("manning=0.03", "manning: unknown (there are: gravity,"),
    ],
)
def test_wrong_parameters_are_refused_by_name(driver, word, said):
    """ExaHyPE itself ignores what it does not know."""
    status, _, error = driver("parameters", word)
    assert status == 1
    assert f"solvers[0].parameters.{said}" in error


@pytest.fixture
def files(tmp_path):
    """Bathymetry from 4000 m depth to 1000 m height, and 2 m displacement of a part of it."""
    x = np.array([0.0, 10e3, 20e3])
    write(tmp_path / "bathymetry.nc", x, x, np.tile([-4000.0, -4000.0, 1000.0], (3, 1)))
    write(tmp_path / "displacement.nc", x[:2], x[:2], np.full((2, 2), 2.0))
    return tmp_path


def test_surface_follows_the_displacement_and_the_land(driver, files):
    """h = max(0, -z), b = z + d, with d only inside its file."""
    _, text, _ = driver("state", given="5 5\n5 15\n20 5\n", folder=files)
    h, hu, hv, b = numbers(text).T
    np.testing.assert_allclose(h, [4.0, 4.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(h + b, [0.002, 0.0, 1.0], atol=1e-9)
    assert not hu.any()
    assert not hv.any()


def test_least_depth_finds_land_in_a_cell(driver, files):
    """A cell from 10 to 20 km reaches up to the land at its end; one before does not."""
    _, text, _ = driver("least", 10, 0, 10, 10, folder=files)
    assert float(text) == pytest.approx(-1.0)
    _, text, _ = driver("least", 0, 0, 10, 10, folder=files)
    assert float(text) == pytest.approx(4.0)


def test_bathymetry_must_reach_the_corners(driver, files):
    """A file that is too small would be continued by its edge."""
    assert driver("cover", 0, 0, 20, 20, folder=files)[0] == 0
    status, _, error = driver("cover", 0, 0, 21, 20, folder=files)
    assert status == 1
    assert "bathymetry.nc does not reach the corner (21000 m, 0 m)" in error


@pytest.mark.parametrize("outward", [-1.0, 1.0])
@pytest.mark.parametrize("angle", [0.0, 30.0, 60.0, 90.0])
def test_open_boundary_lets_a_plane_wave_of_any_direction_out(driver, outward, angle):
    """Beyond the boundary it goes on as it is."""
    eta, c = 0.001, np.sqrt(G * 4.001)
    hu = outward * c * eta * np.cos(np.radians(angle))
    hv = c * eta * np.sin(np.radians(angle))
    _, text, _ = driver("beyond", outward, G, given=f"4.001 {hu:.17g} {hv:.17g} -4\n")
    np.testing.assert_allclose(numbers(text)[0], [4.001, hu, hv, -4.0], rtol=0, atol=1e-15)


def test_open_boundary_takes_no_energy_in(driver):
    """The wave that comes in is never higher than the one that goes out."""
    rng = np.random.default_rng(1)
    eta, along, across = rng.normal(scale=1e-3, size=(3, 200))
    c = np.sqrt(G * (4.0 + eta))
    rows = np.column_stack([4.0 + eta, c * along, c * across, np.full(200, -4.0)])
    given = "\n".join(" ".join(f"{value:.17g}" for value in row) for row in rows)
    h, hu, _, b = numbers(driver("beyond", 1.0, G, given=given)[1]).T
    leaving, entering = h + b + hu / c, h + b - hu / c
    np.testing.assert_allclose(leaving, eta + along, atol=1e-15)
    assert (np.abs(entering) <= np.abs(leaving) + 1e-15).all()


def basin(driver, h, b, hu=None, *, steps, dt, width=1.0, dry=1e-3):
    """Advance a walled basin of cells of 5 x 5 volumes; return h, hu, hv, b by row and column."""
    hu = np.zeros_like(h) if hu is None else hu
    rows = np.stack([h, hu, np.zeros_like(h), b], axis=-1).reshape(-1, 4)
    given = "\n".join(" ".join(f"{value:.17g}" for value in row) for row in rows)
    words = (h.shape[1] // 5, h.shape[0] // 5, steps, dt, width, G, dry)
    status, text, error = driver("basin", *words, given=given)
    assert status == 0, error
    return np.moveaxis(numbers(text.split("\n", 1)[1]).reshape(*h.shape, 4), -1, 0)


def island(size=15):
    """Bathymetry in km with an island in the middle of the basin."""
    x = np.arange(size) - size // 2
    return -0.5 + 0.8 * np.exp(-(x[:, None] ** 2 + x**2) / 8.0)


def test_water_at_rest_stays_at_rest_around_an_island(driver):
    """No volume changes by more than round-off, dry ones not at all."""
    b = island()
    h = np.maximum(0.0, -b)
    new = basin(driver, h, b, steps=50, dt=2.0)
    assert (h == 0.0).any()
    np.testing.assert_allclose(new[0], h, rtol=0, atol=1e-13)
    assert np.abs(new[1:3]).max() < 1e-14


def test_limiter_conserves_water_across_cells(driver):
    """Both cells at a face see the same flux, also beside the corners that they do not know."""
    rng = np.random.default_rng(2)
    b = -4.0 + 0.5 * rng.random((15, 15))
    h = -b + 0.1 * rng.random((15, 15))
    new = basin(driver, h, b, 0.01 * rng.normal(size=h.shape), steps=20, dt=1.0)
    assert np.abs(new[0] - h).max() > 0.01
    assert new[0].sum() == pytest.approx(h.sum(), rel=1e-13)


def test_dam_break_over_dry_ground_stays_positive(driver):
    """Water runs up dry ground, depths stay positive, and water is conserved."""
    x = np.arange(30)
    b = np.tile(0.002 * x, (5, 1))
    h = np.where(x < 10, 0.1, 0.0) + np.zeros((5, 1))
    new = basin(driver, h, b, steps=100, dt=3.0)
    assert (new[0] >= 0.0).all()
    assert (new[0][:, 14] > 1e-3).all()
    assert new[0].sum() == pytest.approx(h.sum(), rel=1e-12)
    np.testing.assert_allclose(new[0], new[0][::-1], atol=1e-14)


def test_dam_break_meets_stokers_solution(driver):
    """Between bore and rarefaction depth and speed are those of Stoker (1957)."""
    high, low, time = 1.0, 0.5, 200.0

    def behind_bore(h):
        return (h - low) * np.sqrt(0.5 * G * (h + low) / (h * low))

    def behind_rarefaction(h):
        return 2.0 * (np.sqrt(G * high) - np.sqrt(G * h))

    depth = brentq(lambda h: behind_bore(h) - behind_rarefaction(h), low, high)
    speed = behind_bore(depth)
    bore = speed * depth / (depth - low)
    x = np.arange(100) + 0.5
    h = np.where(x < 50.0, high, low) + np.zeros((5, 1))
    new = basin(driver, h, np.zeros_like(h), steps=200, dt=time / 200)
    middle = np.abs(x - 50.0 - 0.5 * bore * time) < 5.0
    np.testing.assert_allclose(new[0][2][middle], depth, rtol=5e-3)
    np.testing.assert_allclose((new[1] / new[0])[2][middle], speed, rtol=5e-3)
    front = x[np.argmin(new[0][2] > 0.5 * (depth + low))]
    assert front == pytest.approx(50.0 + bore * time, abs=1.0)


def test_transposed_water_gives_the_transposed_result(driver):
    """x and y are treated alike."""
    b = island() + 0.01 * np.arange(15)
    h = np.maximum(0.0, 0.02 * np.sin(np.arange(15)) - b)
    new = basin(driver, h, b, steps=10, dt=2.0)
    turned = basin(driver, h.T.copy(), b.T.copy(), steps=10, dt=2.0)
    np.testing.assert_allclose(new[0], turned[0].T, atol=1e-14)
    np.testing.assert_allclose(new[1], turned[2].T, atol=1e-14)


def test_mpi_messages_end_where_their_class_ends(tmp_path):
    """An array of messages is read at the right places, members that are not sent included."""
    compiler = shutil.which("mpicxx")
    if compiler is None:
        pytest.skip("needs an MPI compiler, mpicxx")
    source, program = tmp_path / "extent.cpp", tmp_path / "extent"
    source.write_text(
        "#include <cstdio>\n"
        "struct Message { int sent; double also_sent; double kept[3]; };\n"
        "int main(int argc, char** argv) {\n"
        "  MPI_Init(&argc, &argv);\n"
        "  Message m[2]; MPI_Aint base, at[3]; MPI_Datatype made; MPI_Aint low, extent;\n"
        "  MPI_Datatype types[3] = {MPI_INT, MPI_DOUBLE, MPI_UB}; int lengths[3] = {1, 1, 1};\n"
        "  MPI_Address(&m[0], &base); MPI_Address(&m[0].sent, &at[0]);\n"
        "  MPI_Address(&m[0].also_sent, &at[1]); MPI_Address(&m[1], &at[2]);\n"
        "  for (MPI_Aint& place : at) place -= base;\n"
        "  MPI_Type_struct(3, lengths, at, types, &made);\n"
        "  MPI_Type_get_extent(made, &low, &extent);\n"
        '  std::printf("%d %d", int(extent), int(sizeof(Message)));\n'
        "  MPI_Finalize();\n"
        "}\n"
    )
    header = render_application(2, tmp_path / "application") / "mpi1.h"
    command = [compiler, "-std=c++11", "-include", str(header), str(source), "-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    done = subprocess.run([str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    extent, size = done.stdout.split()
    assert extent == size
