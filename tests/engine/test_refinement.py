"""Which elements are cut."""

import numpy as np
import pytest

from exacouple.config import build
from exacouple.engine.mesh import Mesh
from exacouple.engine.refinement import (
    Refinement,
    faces_beside,
    grown,
    limited_faces,
    straightened,
)
from exacouple.errors import UsageError

MESH = Mesh(0.0, 0.0, 1.0, 6, 4)


def test_rectangles_and_corridors_hold_the_middles_of_elements():
    """An element belongs to what its middle lies in."""
    rectangle = Refinement(rectangles=((0.4, 2.6, 1.4, 2.6),)).asked(MESH)
    assert np.argwhere(rectangle).tolist() == [[1, 0], [1, 1], [1, 2], [2, 0], [2, 1], [2, 2]]
    corridor = Refinement(corridors=((1.5, 1.5, 4.5, 1.5, 0.9),)).asked(MESH)
    assert np.argwhere(corridor).tolist() == [[1, 1], [1, 2], [1, 3], [1, 4]]
    point = Refinement(corridors=((1.5, 1.5, 1.5, 1.5, 1.1),)).asked(MESH)
    assert point.sum() == 5


def test_coast_draws_limited_elements_in():
    """With the coast all limited elements and two around them are cut, asked for or not."""
    limited = np.zeros((4, 6), dtype=bool)
    limited[0, 0] = True
    chosen = Refinement(coast=True).choose(MESH, limited)
    expected = np.zeros((4, 6), dtype=bool)
    expected[:3, :3] = True
    assert np.array_equal(chosen, expected)


def test_no_element_meets_the_other_level_in_two_ways():
    """Ragged borders near limited elements are straightened by refining more."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        asked, near = (grown(rng.random((12, 15)) < 0.08, 1) for _ in range(2))
        refined = straightened(asked, near, periodic=False)
        assert (refined | ~asked).all()
        coarse, fine = limited_faces(refined, near, periodic=False)
        steps = ((0, -1), (0, 1), (-1, 0), (1, 0))
        for row, column, side in faces_beside(refined, periodic=False) - [1, 1, 0]:
            down, right = steps[side]
            parts = fine.reshape(12, 3, 15, 3)[row + down, :, column + right]
            edge = 2 * (1 - side % 2)
            parts = parts[:, edge] if side < 2 else parts[edge]
            assert (parts == coarse[row, column]).all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "asks for nothing"),
        ({"rectangles": [[1.0, 0.0, 0.0, 1.0]]}, "xmin < xmax"),
        ({"corridors": [[0.0, 0.0, 1.0, 1.0, 0.0]]}, "positive half width"),
        ({"rectangle": [[0.0, 1.0, 0.0, 1.0]]}, "did you mean 'rectangles'"),
        ({"rectangles": [[0.0, 1.0, 0.0]]}, "a list of 4"),
    ],
)
def test_wrong_tables_are_refused(table, message):
    """The message says what is allowed."""
    with pytest.raises(UsageError, match=message):
        build(Refinement, table, where="spec")


def test_too_small_a_part_is_refused():
    """A part that holds no middle of a cell would silently refine nothing."""
    with pytest.raises(UsageError, match="holds no middle"):
        Refinement(rectangles=((0.1, 0.2, 0.1, 0.2),)).choose(MESH, np.zeros((4, 6), dtype=bool))
