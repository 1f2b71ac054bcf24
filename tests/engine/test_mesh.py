"""The mesh rule, against the meshes that ExaHyPE reported for the upstream domain."""

import numpy as np
import pytest

from exacouple.engine.mesh import Mesh, mesh_from_spec
from exacouple.errors import UsageError

OFFSET = (-499.0, -949.0)
WIDTH = (1798.0, 1798.0)


@pytest.mark.parametrize(
    ("maximum_mesh_size", "cells", "cell_size"),
    [
        (300.0, 7, 256.857),
        (120.0, 25, 71.92),
        (80.0, 25, 71.92),
        (23.0, 79, 22.7595),
        (22.76, 79, 22.7595),
        (22.0, 241, 7.46058),
    ],
)
def test_cells_per_side_are_those_of_exahype(
    maximum_mesh_size: float, cells: int, cell_size: float
) -> None:
    """ExaHyPE printed these cell sizes for these maximum mesh sizes."""
    mesh = mesh_from_spec(OFFSET, WIDTH, maximum_mesh_size)
    assert (mesh.nx, mesh.ny) == (cells, cells)
    assert f"{mesh.dx:g}" == f"{cell_size:g}"


@pytest.mark.parametrize(
    ("outside", "maximum_mesh_size", "cells", "cell_size"),
    [(0, 120.0, 27, 66.5926), (60, 22.0, 123, 14.6179)],
)
def test_outside_cells_give_other_meshes(
    outside: int, maximum_mesh_size: float, cells: int, cell_size: float
) -> None:
    """ExaHyPE printed these cell sizes for 0 and 60 outside cells on either side."""
    mesh = mesh_from_spec(
        OFFSET,
        WIDTH,
        maximum_mesh_size,
        outside_cells_left=outside,
        outside_cells_right=outside,
    )
    assert mesh.nx == cells
    assert f"{mesh.dx:g}" == f"{cell_size:g}"


def test_the_shorter_edge_is_extended_to_whole_cells() -> None:
    """The longest edge decides the cell size; no part of the domain is cut off."""
    mesh = mesh_from_spec((0.0, 0.0), (70.0, 42.0), 10.0)
    assert (mesh.nx, mesh.ny, mesh.dx) == (7, 5, 10.0)
    assert mesh.y1 == 50.0


def test_whole_cells_stay_whole_in_floating_point() -> None:
    """An edge of exactly 3 cells of 1/7 must not become 4 by round-off."""
    mesh = mesh_from_spec((0.0, 0.0), (0.7, 3 * (0.7 / 7)), 0.1000001)
    assert (mesh.nx, mesh.ny) == (7, 3)


def test_every_centre_is_located_in_its_own_cell() -> None:
    """Locating the centres gives the indices in order, x first."""
    mesh = Mesh(x0=-3.0, y0=5.0, dx=0.1, nx=5, ny=3)
    x, y = mesh.cell_centers
    found = [mesh.locate(px, py) for py in y for px in x]
    assert found == [(i, j) for j in range(3) for i in range(5)]
    np.testing.assert_allclose(x[0], -2.95)
    np.testing.assert_allclose(y[-1], 5.25)


def test_the_edges_belong_to_the_domain() -> None:
    """A point on the last edge is in the last cell."""
    mesh = Mesh(x0=0.0, y0=0.0, dx=2.0, nx=3, ny=2)
    assert mesh.locate(6.0, 4.0) == (2, 1)
    assert mesh.locate(0.0, 0.0) == (0, 0)


@pytest.mark.parametrize("point", [(-0.1, 1.0), (6.1, 1.0), (1.0, 4.1), (float("nan"), 1.0)])
def test_a_point_outside_is_refused_with_the_domain(point: tuple[float, float]) -> None:
    """The message says where the domain ends."""
    mesh = Mesh(x0=0.0, y0=0.0, dx=2.0, nx=3, ny=2)
    with pytest.raises(UsageError, match="outside the domain x 0 to 6, y 0 to 4"):
        mesh.locate(*point)


@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), 1e-9])
def test_an_impossible_mesh_size_is_refused(size: float) -> None:
    """Zero, negative and hopelessly small cells end in one message."""
    with pytest.raises(UsageError, match="maximum_mesh_size"):
        mesh_from_spec(OFFSET, WIDTH, size)
