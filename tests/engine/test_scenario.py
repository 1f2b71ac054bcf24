"""Initial state: the upstream levels, the shift of the displacement, real bathymetry."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exacouple.engine.mesh import Mesh, mesh_from_spec
from exacouple.engine.scenario import Scenario, Source, read_shift, source_for
from exacouple.errors import ExacoupleError, UsageError

MESH = Mesh(x0=-35.0, y0=-35.0, dx=10.0, nx=7, ny=7)
OWN = Source("data.yaml")


def points(*pairs: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Split points into coordinate arrays."""
    array = np.array(pairs, dtype=float)
    return array[:, 0], array[:, 1]


def test_the_surface_follows_the_displaced_bottom(case: Path) -> None:
    """Depth stays that of the undisturbed sea; h + b is the displacement; nothing moves."""
    h, hu, hv, b = Scenario(OWN, MESH, case)(*points((0.0, 0.0), (30.0, 0.0)))
    np.testing.assert_allclose(h, [4.0, 4.0])
    np.testing.assert_allclose(h + b, [0.002, 0.0], atol=1e-15)
    assert not hu.any()
    assert not hv.any()


def test_land_is_dry_and_keeps_its_height(case: Path, grid_writer: Any) -> None:
    """On land h is zero and h + b the topography."""
    axis = np.arange(-40000.0, 40001.0, 2000.0)
    grid_writer(case / "bathymetry.nc", axis, axis, np.full((axis.size, axis.size), 120.0))
    h, _, _, b = Scenario(OWN, MESH, case)(*points((30.0, 0.0)))
    assert h[0] == 0.0
    assert b[0] == pytest.approx(0.12)


def test_level_0_is_flat_and_needs_no_bathymetry_file(case: Path) -> None:
    """Upstream's coarsest level is a sea of 4.95 km with the displacement of data_gmt.yaml."""
    (case / "data.yaml").rename(case / "data_gmt.yaml")
    (case / "bathymetry.nc").unlink()
    level0 = source_for("ApplicationExamples/SWE/SWE_asagi_limited_l0")
    h, _, _, b = Scenario(level0, MESH, case)(*points((0.0, 0.0), (30.0, 0.0)))
    np.testing.assert_allclose(h, 4.95)
    np.testing.assert_allclose(b, [-4.948, -4.95])


@pytest.mark.parametrize(
    ("directory", "yaml"),
    [
        ("ApplicationExamples/SWE/SWE_asagi_limited_l1", "data_gmt.yaml"),
        ("ApplicationExamples/SWE/SWE_asagi_limited_l2/", "data.yaml"),
        ("somewhere/else", "data.yaml"),
    ],
)
def test_the_levels_read_their_own_yaml(directory: str, yaml: str) -> None:
    """Level 1 reads the smoothed bathymetry, all others the full one."""
    source = source_for(directory)
    assert (source.yaml, source.constant_bathymetry) == (yaml, None)


def test_the_displacement_is_shifted_and_the_bathymetry_is_not(
    case: Path, grid_writer: Any
) -> None:
    """A shift of (20, -10) km moves the raised bottom there over the same sea floor."""
    axis = np.arange(-40000.0, 40001.0, 2000.0)
    slope = np.broadcast_to(-4000.0 + 0.01 * axis, (axis.size, axis.size))
    grid_writer(case / "bathymetry.nc", axis, axis, slope)
    h, _, _, b = Scenario(OWN, MESH, case, shift=(20.0, -10.0))(
        *points((20.0, -10.0), (30.0, -20.0), (0.0, 5.0))
    )
    np.testing.assert_allclose(h, [3.8, 3.7, 4.0])
    np.testing.assert_allclose(h + b, [0.002, 0.002, 0.0], atol=1e-8)


def test_the_shared_directory_is_a_plain_prefix(tmp_path: Path) -> None:
    """Without a trailing slash it is part of the file's name, as upstream."""
    (tmp_path / "inputs.txt").write_text("12.5 -3\n")
    (tmp_path / "chain1_inputs.txt").write_text("1\n2\n")
    assert read_shift({"SHARED_DIR": f"{tmp_path}/"}) == (12.5, -3.0)
    assert read_shift({"SHARED_DIR": f"{tmp_path}/chain1_"}) == (1.0, 2.0)
    assert read_shift({"SHARED_DIR": f"{tmp_path}"}) == (0.0, 0.0)
    assert read_shift({}) == (0.0, 0.0)


@pytest.mark.parametrize("text", ["", "1.0", "a b", "nan 1", "1 inf"])
def test_a_broken_shift_is_refused(tmp_path: Path, text: str) -> None:
    """ExaHyPE would silently run without a shift."""
    (tmp_path / "inputs.txt").write_text(text)
    with pytest.raises(UsageError, match=r"inputs\.txt: must start with two"):
        read_shift({"SHARED_DIR": f"{tmp_path}/"})


@pytest.mark.parametrize("shift", [(740.0, 0.0), (0.0, -340.0)])
def test_a_shift_beyond_upstreams_limits_is_refused(case: Path, shift: tuple[float, float]) -> None:
    """ExaHyPE would run an empty ocean and exit with 0."""
    level2 = source_for("SWE_asagi_limited_l2")
    with pytest.raises(UsageError, match="shift of the displacement along"):
        Scenario(level2, MESH, case, shift=shift)


def test_a_hole_in_the_bathymetry_is_refused(case: Path, grid_writer: Any) -> None:
    """The run does not start on NaN."""
    axis = np.arange(-40000.0, 40001.0, 2000.0)
    z = np.full((axis.size, axis.size), -4000.0)
    z[20, 21] = np.nan
    grid_writer(case / "bathymetry.nc", axis, axis, z)
    with pytest.raises(ExacoupleError, match=r"1 missing values, the first .* at x 2000, y 0"):
        Scenario(OWN, MESH, case)


def test_the_first_row_of_exahypes_probe_is_reproduced(
    case: Path, reference_dir: Path, grid_writer: Any
) -> None:
    """Over real bathymetry the bottom polynomial at buoy 18 is what ExaHyPE wrote at t = 0.

    ExaHyPE's run on 25 x 25 cells of order 2 gives h = 5.6058 and b = -5.6058 km there.
    """
    bathymetry = reference_dir.parent / "exahype" / "netcdf" / "bathymetry_2km.nc"
    if not bathymetry.is_file():
        pytest.skip(f"no {bathymetry}")
    (case / "bathymetry.nc").unlink()
    (case / "bathymetry.nc").symlink_to(bathymetry)
    mesh = mesh_from_spec((-499.0, -949.0), (1798.0, 1798.0), 120.0)
    x, y = 545.735266126, 62.7164740303
    ix, iy = mesh.locate(x, y)
    nodes = (np.polynomial.legendre.leggauss(3)[0] + 1.0) / 2.0
    grid_x, grid_y = np.meshgrid(mesh.x0 + (ix + nodes) * mesh.dx, mesh.y0 + (iy + nodes) * mesh.dx)
    h, _, _, b = Scenario(OWN, mesh, case)(grid_x, grid_y)

    def lagrange(at: float) -> np.ndarray:
        return np.array([np.prod([(at - q) / (p - q) for q in nodes if q != p]) for p in nodes])

    wx, wy = lagrange((x - mesh.x0) / mesh.dx - ix), lagrange((y - mesh.y0) / mesh.dx - iy)
    assert f"{wy @ b @ wx:g}" == "-5.6058"
    assert f"{wy @ h @ wx:g}" == "5.6058"
