"""The mesh and time step are those that ExaHyPE 1 chooses; its figures are from runs of it."""

import numpy as np
import pytest
import xarray as xr

from exacouple.cases.mesh import (
    cells_of_box,
    deepest_water,
    nearest_mesh,
    node_coordinates,
    plan_mesh,
    time_step,
)
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


@pytest.mark.parametrize(
    ("width", "asked", "outside", "reached"),
    [
        ((1798.0, 1798.0), 80, "any", 80),
        ((1980.0, 2970.0), 80, "any", 81),
        ((1980.0, 2970.0), 4, "any", 3),
        ((3000.0, 2000.0), 3, "any", 3),
        ((1798.0, 1798.0), 27, "one", 25),
        ((1798.0, 1798.0), 80, "one", 79),
        ((1798.0, 1798.0), 3, "one", 7),
        ((1798.0, 1798.0), 161, "one", 241),
        ((500.0, 1000.0), 30, "any", 30),
    ],
)
def test_nearest_reachable_mesh(width, asked, outside, reached):
    """With one cell outside per side 3^k - 2 cells are reachable, else all that are square."""
    mesh = nearest_mesh(width, asked, outside)
    assert mesh.longest == reached
    assert exahype_cells(width, mesh) == reached
    if outside == "one":
        assert (mesh.outside_left, mesh.outside_right) == (1, 1)


def test_domain_without_a_reachable_mesh_is_refused():
    """3^k - 2 is odd, so edges 1 : 2 never have it."""
    with pytest.raises(UsageError, match="must be a multiple of 2"):
        nearest_mesh((500.0, 1000.0), 30, "one")
    with pytest.raises(UsageError, match="ratio is a simple fraction"):
        nearest_mesh((1000.0, 1414.2136), 30)


@pytest.mark.parametrize(
    ("largest", "left", "right", "cells"),
    [
        (300, 1, 1, 7),
        (120, 1, 1, 25),
        (80, 1, 1, 25),
        (23, 1, 1, 79),
        (22, 1, 1, 241),
        (80, 0, 0, 27),
        (22, 60, 60, 123),
    ],
)
def test_mesh_of_a_specfile_is_exahypes(largest, left, right, cells):
    """Runs of ExaHyPE with these keys on a domain of 1798 km had these cells."""
    assert cells_of_box((1798.0, 1798.0), largest, left, right).cells == (cells, cells)


@pytest.mark.parametrize("width", [(1798.0, 1798.0), (2808.0, 1872.0), (100.0, 37.0)])
@pytest.mark.parametrize("size", [1.0, 3.7, 11.0, 45.0])
def test_both_engines_agree_on_the_mesh(width, size):
    """The embedded engine has the rule in its own words."""
    from exacouple.engine.mesh import mesh_from_spec

    mesh = mesh_from_spec((0.0, 0.0), width, size, outside_cells_left=2, outside_cells_right=3)
    assert cells_of_box(width, size, 2, 3).cells == (mesh.nx, mesh.ny)


def test_deepest_water_of_many_nodes_is_that_of_all_of_them(monkeypatch):
    """Strips of any height find the one deep place, which lies in one of them."""
    x = np.arange(-10.0, 111.0, 10.0)
    depths = 100.0 + np.where((x[:, None] == 70.0) & (x == 20.0), 5000.0, 0.0)
    sea = xr.DataArray(-depths, dims=("y", "x"), coords={"y": x, "x": x})
    mesh = nearest_mesh((0.1, 0.1), 25)
    whole = deepest_water(sea, (0.0, 0.0), mesh, 2)
    assert 3000.0 < whole < 5100.0
    for nodes in (1, 200, 3000):
        monkeypatch.setattr("exacouple.cases.mesh._NODES_AT_ONCE", nodes)
        assert deepest_water(sea, (0.0, 0.0), mesh, 2) == whole
