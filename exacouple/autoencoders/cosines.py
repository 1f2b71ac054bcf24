"""The low cosines of a tile: orthonormal DCT-II coefficients in the order of their wave number.

With c_u(i) = s_u cos(pi u (2 i + 1) / (2 n)), s_0 = sqrt(1/n) and s_u = sqrt(2/n) otherwise, the
coefficient of the wave numbers (u, v) along rows and columns is the sum over pixels of
z(i, j) c_u(i) c_v(j). The order is by u^2 + v^2, so that the first coefficients are the long waves
of every direction.

Reference: Ahmed, Natarajan and Rao (1974), IEEE Trans. Computers C-23, 90-93.
"""

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Places: TypeAlias = npt.NDArray[np.int64]


@lru_cache(maxsize=8)
def zonal_order(tile: int) -> tuple[Places, Places]:
    """Return the wave numbers (u along rows, v along columns) of all coefficients, lowest first.

    Examples
    --------
    >>> u, v = zonal_order(96)
    >>> list(zip(u[:6].tolist(), v[:6].tolist(), strict=True))
    [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0)]
    """
    u, v = np.divmod(np.arange(tile * tile), tile)
    order = np.lexsort((u, u + v, u * u + v * v))
    return u[order], v[order]


def whole_shells(tile: int, count: int) -> int:
    """Return the least number of first coefficients, at least `count`, that ends with a shell.

    A shell is all coefficients of one u^2 + v^2. Bands that end with one are closed under the
    symmetries of the square.
    """
    u, v = zonal_order(tile)
    squared = u * u + v * v
    return int(np.searchsorted(squared, squared[min(count, squared.size) - 1], side="right"))


class CosineBand:
    """The first coefficients of tiles, and tiles of these coefficients.

    Parameters
    ----------
    tile : int
        Pixels along the edge of a tile.
    size : int
        Number of coefficients, in the order of `zonal_order`.
    """

    def __init__(self, tile: int, size: int) -> None:
        u, v = zonal_order(tile)
        self.tile, self.size = tile, size
        self.u, self.v = u[:size], v[:size]
        waves = np.arange(max(self.u.max(), self.v.max()) + 1)
        pixels = 2 * np.arange(tile) + 1
        matrix = np.sqrt(2 / tile) * np.cos(np.pi / (2 * tile) * np.outer(pixels, waves))
        matrix[:, 0] = np.sqrt(1 / tile)
        self._matrix = matrix.astype(np.float32)
        self._place = self.u * waves.size + self.v

    def forward(self, tiles: npt.NDArray[Any]) -> Floats:
        """Return the coefficients, shape (count, size), of tiles (count, tile, tile)."""
        rows = np.matmul(tiles.astype(np.float32, copy=False), self._matrix)
        both = np.matmul(self._matrix.T, rows)
        return both.reshape(len(tiles), self._matrix.shape[1] ** 2)[:, self._place]

    def inverse(self, coefficients: npt.NDArray[Any]) -> Floats:
        """Return the tiles of coefficients; higher ones are taken as 0."""
        waves = self._matrix.shape[1]
        both = np.zeros((len(coefficients), waves * waves), dtype=np.float32)
        both[:, self._place] = coefficients
        rows = np.matmul(self._matrix, both.reshape(-1, waves, waves))
        return np.matmul(rows, self._matrix.T)
