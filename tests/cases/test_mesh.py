"""The mesh and time step are those that ExaHyPE 1 chooses; its figures are from runs of it."""

import numpy as np
import pytest

from exacouple.cases.mesh import node_coordinates, plan_mesh, time_step
from exacouple.errors import UsageError


def exahype_cells(width_km, mesh):
    """Return the cells along the longest edge as ExaHyPE's set-up loop finds them."""
    outside = mesh.outside_left + mesh.outside_right
    for level in range(1, 12):
        inside = 3**level - outside
        if inside > 0 and max(width_km) / inside <= mesh.maximum_mesh_size_km:
            return inside
    raise AssertionError("no mesh")


@pytest.mark.parametrize(("cells", "size_km"), [(25, 71.92), (79, 22.7595), (241, 7.46058)])
def test_powers_of_three_need_one_cell_outside_per_side(cells, size_km):
    """ExaHyPE's usual meshes of the Tohoku domain come out with its default outside cells."""
    mesh = plan_mesh((1798.0, 1798.0), cells)
    assert (mesh.outside_left, mesh.outside_right) == (1, 1)
    assert mesh.cell_size_m / 1e3 == pytest.approx(size_km, rel=1e-5)


def test_mesh_of_123_cells_leaves_60_outside():
    """Sixty cells outside on either side gave 123 cells of 14.6179 km in a run of ExaHyPE."""
    mesh = plan_mesh((1798.0, 1798.0), 123)
    assert (mesh.outside_left, mesh.outside_right) == (60, 60)
    assert mesh.cell_size_m == pytest.approx(14617.9, abs=0.05)


@pytest.mark.parametrize("cells", [3, 7, 8, 25, 26, 27, 60, 78, 79, 80, 81, 100, 240, 241, 500])
@pytest.mark.parametrize("width", [(1798.0, 1798.0), (2808.0, 2808.0), (0.3, 0.3), (12345.6, 1e4)])
def test_engine_finds_exactly_the_cells_asked_for(cells, width):
    """With the planned outside cells and mesh size the engine's own rule gives that number."""
    try:
        mesh = plan_mesh(width, cells)
    except UsageError:
        assert width[0] != width[1]
        return
    assert exahype_cells(width, mesh) == cells
    assert mesh.outside_right > 0


def test_mesh_size_is_above_the_cell_size_even_where_that_is_a_round_number():
    """36 km cells ask for a little more than 36 km, so that round-off cannot halve them."""
    mesh = plan_mesh((2808.0, 1872.0), 78)
    assert mesh.cells == (78, 52)
    assert 36.0 < mesh.maximum_mesh_size_km < 36.001


def test_cells_that_do_not_divide_both_edges_are_refused_with_those_that_do():
    """Cells are square, so the edges 2 : 3 need a multiple of 3."""
    with pytest.raises(UsageError, match=r"multiple of 3, for example 78 or 81"):
        plan_mesh((1980.0, 2970.0), 80)


@pytest.mark.parametrize("cells", [-1, 0, 2, 10**6])
def test_absurd_numbers_of_cells_are_refused(cells):
    """A mesh has at least three cells and not millions along an edge."""
    with pytest.raises(UsageError, match="give 3 to"):
        plan_mesh((100.0, 100.0), cells)


@pytest.mark.parametrize(("size_m", "seconds"), [(71920.0, 24.9674), (22759.4937, 7.90109)])
def test_time_step_over_a_flat_bottom_is_exahypes(size_m, seconds):
    """ExaHyPE's level 0 (4950 m everywhere, order 2) ran with these steps."""
    assert time_step(size_m, 4950.0, 9.81, 2) == pytest.approx(seconds, rel=1e-5)


def test_nodes_integrate_a_quintic_exactly():
    """Three Gauss-Legendre nodes per cell with their weights are exact up to degree 5."""
    nodes = node_coordinates(1.0, 2, 0.5, 2)
    weights = np.tile([5 / 18, 8 / 18, 5 / 18], 2) * 0.5
    assert np.sum(weights * nodes**5) == pytest.approx((2.0**6 - 1.0) / 6.0)
