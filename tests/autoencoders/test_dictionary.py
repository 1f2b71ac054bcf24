"""Waveforms: cosines and local shapes."""

import numpy as np
import pytest

from exacouple.autoencoders.dictionary import (
    COSINE,
    FREQUENCIES,
    Dictionary,
    spectra_of,
    spectrum,
    synthesis,
)
from exacouple.autoencoders.selection import select_dictionary
from exacouple.errors import UsageError

NONE = np.empty(0, dtype=np.int64)


def seamount(row, column, width, order=0.0, angle=0.0, length=None):
    """One row of a table of atoms."""
    return np.array([[row, column, length or width, width, angle, order]], dtype=np.float32)


def test_a_smooth_tile_comes_back_from_its_spectrum():
    """The transform is orthonormal, so it is its own inverse for what has no shorter waves."""
    i = (np.arange(96) + 0.5) / 96
    tile = 3.0 + np.cos(5 * np.pi * i)[:, None] * np.cos(7 * np.pi * i)[None, :]
    back = synthesis(spectrum(tile[None]), 96)[0]
    np.testing.assert_allclose(back, tile, atol=1e-5)


def test_an_atom_peaks_at_its_centre():
    """A seamount at row 30, column 60 is highest there."""
    shape = synthesis(spectra_of(seamount(30.5, 60.5, 6.0), NONE, 96), 96)[0]
    assert np.unravel_index(shape.argmax(), shape.shape) == (30, 60)


def test_a_ridge_runs_along_its_angle():
    """With u along columns (angle 0), a ridge is long in column direction and short across."""
    shape = synthesis(spectra_of(seamount(48, 48, 4.0, length=16.0), NONE, 96), 96)[0]
    assert shape[48, 60] > 0.7 * shape[48, 48]
    assert shape[60, 48] < 0.1 * shape[48, 48]


def test_a_scarp_has_two_sides():
    """The shape of order 1 changes its sign across its direction."""
    shape = synthesis(spectra_of(seamount(48, 48, 6.0, order=1.0), NONE, 96), 96)[0]
    assert shape[42, 48] * shape[54, 48] < 0
    np.testing.assert_allclose(shape[42, 48], -shape[53, 48], rtol=1e-3)


def test_atoms_are_unit_length_and_orthogonal_to_the_fixed_cosines():
    """So that coefficients of the fixed cosines do not depend on the atoms chosen."""
    fixed = np.array([[0, 0], [0, 1], [1, 0]])
    table = np.concatenate([seamount(20, 70, 9.0), [[3, 4, 1, 1, 0, COSINE]]]).astype(np.float32)
    dictionary = Dictionary(fixed, table)
    np.testing.assert_allclose(np.diag(dictionary.gram), 1.0, atol=1e-5)
    assert not dictionary.matrix[:, dictionary.places].any()
    assert dictionary.matrix[1, 3 * FREQUENCIES + 4] == 1.0


def test_numbers_of_atoms_must_be_exact_in_float16():
    """A code rounded to float16 must still name the right atoms."""
    with pytest.raises(ValueError, match="2048"):
        Dictionary(np.array([[0, 0]]), np.ones((2049, 6), dtype=np.float32))
    assert np.float16(2047) == 2047


def test_selection_keeps_a_shape_that_the_tiles_are_made_of():
    """Narrow seamounts are best explained by narrow atoms, not by the widest drawn."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[:96, :96]
    places = random.uniform(10, 86, (60, 4, 2))
    tiles = sum(
        1000.0 * np.exp(-((y - p[:, 0, None, None]) ** 2 + (x - p[:, 1, None, None]) ** 2) / 32)
        for p in places.transpose(1, 0, 2)
    )
    found = select_dictionary(
        tiles.astype(np.float32), fixed=3, chosen=4, atoms=64, candidates=800, generations=2
    )
    local = found.atoms[found.atoms[:, 5] != COSINE]
    assert len(found.atoms) == 64
    assert np.median(local[:, 3]) < 6.5


def test_selection_is_the_same_for_the_same_seed():
    """A training that goes on must find the dictionary that it began with."""
    tiles = np.random.default_rng(0).normal(size=(8, 96, 96)).astype(np.float32)
    kwargs = {"fixed": 3, "chosen": 2, "atoms": 16, "candidates": 64, "generations": 1, "seed": 5}
    first, second = (select_dictionary(tiles, **kwargs) for _ in range(2))
    np.testing.assert_array_equal(first.atoms, second.atoms)


def test_selection_without_tiles_is_refused():
    """There is nothing to choose by."""
    with pytest.raises(UsageError, match="no training tiles"):
        select_dictionary(np.empty((0, 96, 96), np.float32), fixed=3, chosen=2)
