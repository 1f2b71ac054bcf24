"""Waveforms that tiles are put together from: fixed cosines, and a dictionary of local shapes.

A tile is x = sum_i c_i f_i + sum_k a_k d_(j_k): the same few cosines f_i for every tile, and for
each tile its own choice j_k out of the dictionary. All waveforms live in the span of the lowest
`FREQUENCIES` x `FREQUENCIES` cosines of the tile (orthonormal DCT-II); those of the dictionary
have unit length and are orthogonal to the fixed cosines.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.fft import dctn

Floats: TypeAlias = npt.NDArray[np.float32]

FREQUENCIES = 48
"""Cosines along each axis that are kept; shorter waves are left to the refinement."""

FIELDS = ("row", "column", "length", "width", "angle", "order")
"""Columns of a table of atoms: centre, half-lengths in pixels, angle in radians, shape."""

COSINE = -1.0
"""Value of `order` for a cosine of the frequencies `row` and `column`."""

MOST_ATOMS = 2048
"""Numbers of atoms stay whole numbers in float16 below this."""


@dataclass(frozen=True, eq=False)
class Dictionary:
    """The waveforms of a model.

    Attributes
    ----------
    fixed : ndarray of int, shape (fixed, 2)
        Frequencies (along rows, along columns) of the cosines that every tile has.
    atoms : ndarray of float32, shape (atoms, 6)
        The others, by `FIELDS`. With u along and v across the direction of `angle`, in units of
        `length` and `width`, they are exp(-(u^2 + v^2) / 2) times 1, v or v^2 - 1 for the orders
        0 (a seamount or a ridge), 1 (a slope or a scarp) and 2 (a ridge between troughs).
    tile : int
        Pixels along the edge of a tile.
    """

    fixed: npt.NDArray[np.int64]
    atoms: Floats
    tile: int = 96

    def __post_init__(self) -> None:
        if self.fixed.ndim != 2 or self.fixed.shape[1] != 2:
            raise ValueError(f"fixed cosines of shape (n, 2) are needed, not {self.fixed.shape}")
        if self.atoms.ndim != 2 or self.atoms.shape[1] != len(FIELDS):
            raise ValueError(f"atoms of shape (n, {len(FIELDS)}) are needed: {self.atoms.shape}")
        if len(self.atoms) > MOST_ATOMS:
            raise ValueError(f"{len(self.atoms)} atoms are more than {MOST_ATOMS}")

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """Places of the fixed cosines among the flattened spectrum."""
        return np.asarray(self.fixed[:, 0] * FREQUENCIES + self.fixed[:, 1], dtype=np.int64)

    @cached_property
    def matrix(self) -> Floats:
        """Spectra of the atoms, shape (atoms, FREQUENCIES ** 2)."""
        return spectra_of(self.atoms, self.places, self.tile)

    @cached_property
    def gram(self) -> Floats:
        """Inner products of the atoms, shape (atoms, atoms)."""
        return np.asarray(self.matrix @ self.matrix.T)


def smooth_count(fixed: int, chosen: int) -> int:
    """Return how many of the fixed cosines make up the smooth part of a tile.

    All of them where atoms are chosen besides; else the first two fifths, those of the greatest
    energy, so that the others tell how rough the tile is.

    Examples
    --------
    >>> smooth_count(40, 30), smooth_count(100, 0)
    (40, 40)
    """
    return fixed if chosen else -(-2 * fixed // 5)


def cosine_matrix(tile: int) -> Floats:
    """Return the orthonormal DCT-II, shape (FREQUENCIES, tile).

    Examples
    --------
    >>> rows = cosine_matrix(96)
    >>> bool(np.allclose(rows @ rows.T, np.eye(FREQUENCIES), atol=1e-6))
    True
    """
    k, n = np.arange(FREQUENCIES)[:, None], np.arange(tile)[None, :]
    rows = np.sqrt(2 / tile) * np.cos(np.pi * k * (n + 0.5) / tile)
    rows[0] /= np.sqrt(2)
    return rows.astype(np.float32)


def spectrum(tiles: npt.NDArray[Any]) -> Floats:
    """Return the low cosine coefficients of tiles, shape (count, FREQUENCIES ** 2)."""
    rows = cosine_matrix(tiles.shape[-1])
    low = rows @ np.asarray(tiles, dtype=np.float32) @ rows.T
    return np.asarray(low.reshape(len(tiles), -1))


def synthesis(spectra: Floats, tile: int) -> Floats:
    """Return the tiles of low cosine coefficients; the inverse of `spectrum` for smooth tiles."""
    rows = cosine_matrix(tile)
    square = spectra.reshape(-1, FREQUENCIES, FREQUENCIES)
    return np.asarray(rows.T @ square @ rows)


def spectra_of(atoms: Floats, fixed_places: npt.NDArray[np.int64], tile: int) -> Floats:
    """Return the spectra of a table of atoms: unit length, without the fixed cosines."""
    out = np.zeros((len(atoms), FREQUENCIES**2), dtype=np.float32)
    cosines = np.flatnonzero(atoms[:, 5] == COSINE)
    where = np.round(atoms[cosines, 0] * FREQUENCIES + atoms[cosines, 1]).astype(np.int64)
    out[cosines, where] = 1.0
    local = np.flatnonzero(atoms[:, 5] != COSINE)
    for start in range(0, local.size, 256):
        some = local[start : start + 256]
        low = dctn(_shapes(atoms[some], tile), axes=(1, 2), norm="ortho")
        out[some] = low[:, :FREQUENCIES, :FREQUENCIES].reshape(some.size, -1)
    out[:, fixed_places] = 0.0
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    return out


def _shapes(atoms: Floats, tile: int) -> Floats:
    row, column, length, width, angle, order = (atoms[:, i, None, None] for i in range(6))
    axis = np.arange(tile, dtype=np.float32) + np.float32(0.5)
    y, x = axis[None, :, None] - row, axis[None, None, :] - column
    u = (np.cos(angle) * x + np.sin(angle) * y) / length
    v = (np.cos(angle) * y - np.sin(angle) * x) / width
    factor = np.where(order == 0, 1.0, np.where(order == 1, v, v * v - 1))
    return np.asarray(np.exp(-0.5 * (u * u + v * v)) * factor, dtype=np.float32)
