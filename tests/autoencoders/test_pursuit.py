"""Matching pursuit by inner products."""

import numpy as np

from exacouple.autoencoders.pursuit import pursue


def unit_rows(rows):
    """Rows made unit length, float32."""
    rows = np.asarray(rows, dtype=np.float64)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_sum_of_orthogonal_atoms_is_found_exactly():
    """The largest amplitude first."""
    atoms = np.eye(5, dtype=np.float32)
    tile = np.array([[0.0, -7.0, 0.0, 2.0, 0.0]], dtype=np.float32)
    chosen, amplitudes, gains = pursue(tile @ atoms.T, atoms @ atoms.T, 2)
    assert chosen.tolist() == [[1, 3]]
    assert amplitudes.tolist() == [[-7.0, 2.0]]
    assert gains.tolist() == [[49.0, 4.0]]


def test_amplitudes_are_least_squares_of_the_chosen_atoms():
    """The residual is orthogonal to every chosen atom, and its energy is what the gains leave."""
    random = np.random.default_rng(3)
    atoms = unit_rows(random.normal(size=(200, 40)))
    tiles = random.normal(size=(7, 40)).astype(np.float32)
    chosen, amplitudes, gains = pursue(tiles @ atoms.T, atoms @ atoms.T, 10)
    for tile, numbers, values, gain in zip(tiles, chosen, amplitudes, gains, strict=True):
        residual = tile - values @ atoms[numbers]
        np.testing.assert_allclose(atoms[numbers] @ residual, 0.0, atol=2e-5)
        np.testing.assert_allclose((residual**2).sum(), (tile**2).sum() - gain.sum(), atol=1e-4)
        assert len(set(numbers.tolist())) == 10


def test_a_repeated_atom_does_no_harm():
    """Two equal atoms in the dictionary: the second has nothing to add."""
    atoms = unit_rows([[1, 0, 0], [1, 0, 0], [0, 1, 0]])
    tile = np.array([[3.0, 1.0, 0.5]], dtype=np.float32)
    chosen, amplitudes, _ = pursue(tile @ atoms.T, atoms @ atoms.T, 3)
    made = amplitudes[0] @ atoms[chosen[0]]
    np.testing.assert_allclose(made, [3.0, 1.0, 0.0], atol=1e-3)


def test_no_tiles_give_no_codes():
    """An empty batch is no error."""
    gram = np.eye(4, dtype=np.float32)
    chosen, amplitudes, gains = pursue(np.empty((0, 4), np.float32), gram, 2)
    assert chosen.shape == amplitudes.shape == gains.shape == (0, 2)
