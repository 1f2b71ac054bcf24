"""Choose the atoms of a tile one after the other, each the best for what is left to explain.

Orthogonal matching pursuit by inner products alone (batch OMP). With the atoms d_j, the Gram matrix
G_ij = <d_i, d_j> and the correlations c_j = <d_j, r> of the residual r, a step takes
j = argmax |c_j|, makes q = d_j orthogonal to the atoms chosen before, and
c <- c - <q, r> D q. The amplitudes follow from the triangular system of the q.

References: Pati, Rezaiifar and Krishnaprasad (1993), 27th Asilomar Conference; Rubinstein,
Zibulevsky and Elad (2008), Technion CS-2008-08.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]

_BATCH = 32
_DEPENDENT = 1e-3


def pursue(
    correlations: Floats, gram: Floats, count: int
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Return `count` atoms per tile and their amplitudes.

    Parameters
    ----------
    correlations : ndarray, shape (tiles, atoms)
        Inner products of each tile with each atom.
    gram : ndarray, shape (atoms, atoms)
        Inner products of the atoms, which have unit length.
    count : int
        Atoms to be chosen per tile.

    Returns
    -------
    chosen : ndarray of int, shape (tiles, count)
        Numbers of the atoms, in the order of choice.
    amplitudes : ndarray of float32, shape (tiles, count)
        Least-squares amplitudes of all chosen atoms together.
    gains : ndarray of float32, shape (tiles, count)
        Energy that each choice takes out of the residual.

    Examples
    --------
    >>> atoms = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], dtype=np.float32)
    >>> tile = np.array([[3.0, 4.0]], dtype=np.float32)
    >>> chosen, amplitudes, _ = pursue(tile @ atoms.T, atoms @ atoms.T, 1)
    >>> chosen.tolist(), amplitudes.round(3).tolist()
    ([[2]], [[5.0]])
    """
    parts = [
        _pursue(correlations[start : start + _BATCH], gram, count)
        for start in range(0, len(correlations), _BATCH)
    ]
    if not parts:
        none = np.empty((0, count), dtype=np.float32)
        return none.astype(np.int64), none, none
    chosen, amplitudes, gains = (np.concatenate(part) for part in zip(*parts, strict=True))
    return chosen, amplitudes, gains


def _pursue(correlations: Floats, gram: Floats, count: int) -> tuple[Any, Any, Any]:
    tiles = np.arange(len(correlations))
    left = correlations.astype(np.float32, copy=True)
    known = np.zeros((tiles.size, count, gram.shape[0]), dtype=np.float32)
    triangle = np.zeros((tiles.size, count, count), dtype=np.float64)
    along = np.zeros((tiles.size, count), dtype=np.float32)
    chosen = np.zeros((tiles.size, count), dtype=np.int64)
    spent = np.zeros(left.shape, dtype=bool)
    for step in range(count):
        best = np.argmax(np.where(spent, -1.0, np.abs(left)), axis=1)
        before = known[tiles, :step, best]
        length = np.sqrt(np.maximum(1.0 - (before**2).sum(axis=1), _DEPENDENT))
        new = gram[best] - np.einsum("tp,tpa->ta", before, known[:, :step], optimize=True)
        new /= length[:, None]
        along[:, step] = left[tiles, best] / length
        left -= along[:, step, None] * new
        known[:, step] = new
        triangle[:, :step, step] = before
        triangle[:, step, step] = length
        spent[tiles, best] = True
        chosen[:, step] = best
    amplitudes = np.linalg.solve(triangle, along[:, :, None].astype(np.float64))[:, :, 0]
    return chosen, amplitudes.astype(np.float32), along**2
