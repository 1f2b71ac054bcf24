"""Make a dictionary for a set of tiles: draw many waveforms at random, keep the useful ones."""

import logging
import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.autoencoders.dictionary import (
    COSINE,
    FIELDS,
    FREQUENCIES,
    MOST_ATOMS,
    Dictionary,
    spectra_of,
    spectrum,
)
from exacouple.autoencoders.pursuit import pursue
from exacouple.bathymetry.tiles import SYMMETRIES, turn
from exacouple.errors import UsageError

_log = logging.getLogger(__name__)

Floats: TypeAlias = npt.NDArray[np.float32]

_WIDTHS_PX = (1.8, 16.0)
_MOST_SLENDER = 6.0
_BEYOND_EDGE_PX = 3.0
_SHAPE_SHARES = (0.4, 0.35, 0.25)
_MEMORY = 0.7
_FLOOR_M = 100.0


def select_dictionary(
    tiles_m: Floats,
    *,
    fixed: int,
    chosen: int,
    atoms: int = MOST_ATOMS,
    candidates: int = 5600,
    generations: int = 3,
    tiles_per_generation: int = 1200,
    seed: int = 0,
) -> Dictionary:
    """Return a dictionary made for tiles.

    The fixed cosines are those of the greatest mean energy, rows and columns taken alike. In each
    generation the atoms kept so far and new random ones compete in a matching pursuit of random
    tiles, each turned at random; those that take out the most energy, relative to the RMS of the
    tile, are kept.

    Parameters
    ----------
    tiles_m : ndarray, shape (count, tile, tile)
        Elevation in metres; of the training part only.
    fixed, chosen : int
        Cosines that every tile has, and atoms that each tile chooses.
    atoms : int
        Size of the dictionary.
    candidates, generations, tiles_per_generation, seed : int
        How the search is done.

    Raises
    ------
    UsageError
        There are no tiles, or the counts do not fit together.
    """
    if not len(tiles_m):
        raise UsageError("no training tiles: a dictionary cannot be made")
    if not 0 < fixed < FREQUENCIES**2 or not 0 <= chosen <= atoms <= min(MOST_ATOMS, candidates):
        raise UsageError(
            f"fixed {fixed}, chosen {chosen}, atoms {atoms}: give fixed above 0, and "
            f"0 <= chosen <= atoms <= {MOST_ATOMS}"
        )
    random = np.random.default_rng(seed)
    tile = tiles_m.shape[-1]
    order = _by_energy(tiles_m)
    places = order[:fixed, 0] * FREQUENCIES + order[:fixed, 1]
    if not chosen:
        return Dictionary(order[:fixed], np.empty((0, len(FIELDS)), dtype=np.float32), tile)
    kept, memory = _cosines(order[fixed : fixed + atoms // 4]), np.zeros(0)
    for generation in range(generations):
        pool = np.concatenate([kept, _drawn(random, candidates - len(kept), tile)])
        sample = random.choice(len(tiles_m), min(tiles_per_generation, len(tiles_m)), replace=False)
        turned = turn(tiles_m[sample], random.integers(SYMMETRIES, size=sample.size))
        score = _usefulness(turned, pool, places, chosen)
        score[: memory.size] += _MEMORY * memory
        best = np.argsort(-score, kind="stable")[:atoms]
        kept, memory = pool[best], score[best]
        _log.debug("dictionary: generation %d of %d", generation + 1, generations)
    return Dictionary(order[:fixed], kept, tile)


def _usefulness(
    tiles_m: Floats, pool: Floats, places: npt.NDArray[np.int64], chosen: int
) -> npt.NDArray[np.float64]:
    rest = spectrum(tiles_m)
    rest[:, places] = 0.0
    matrix = spectra_of(pool, places, tiles_m.shape[-1])
    numbers, _, gains = pursue(rest @ matrix.T, matrix @ matrix.T, chosen)
    pixels = tiles_m[0].size
    roughness = np.sqrt((rest**2).sum(axis=1, keepdims=True) / pixels + _FLOOR_M**2)
    weights = (gains / roughness).astype(np.float64)
    total = np.bincount(numbers.ravel(), weights.ravel(), minlength=len(pool))
    return np.asarray(total, dtype=np.float64)


def _by_energy(tiles_m: Floats) -> npt.NDArray[np.int64]:
    """Return the frequencies by falling variance over the tiles, symmetric in the two axes."""
    spectra = spectrum(tiles_m).astype(np.float64)
    spectra[:, 0] -= spectra[:, 0].mean()
    energy = (spectra**2).mean(axis=0).reshape(FREQUENCIES, FREQUENCIES)
    order = np.argsort(-(energy + energy.T).ravel(), kind="stable")
    return np.stack(np.divmod(order, FREQUENCIES), axis=1)


def _cosines(frequencies: npt.NDArray[np.int64]) -> Floats:
    table = np.ones((len(frequencies), 6), dtype=np.float32)
    table[:, :2], table[:, 4], table[:, 5] = frequencies, 0.0, COSINE
    return table


def _drawn(random: np.random.Generator, count: int, tile: int) -> Floats:
    """Return random atoms; their numbers are those of float16, in which they are stored."""
    order = random.choice(3, count, p=_SHAPE_SHARES)
    width = np.exp(random.uniform(math.log(_WIDTHS_PX[0]), math.log(_WIDTHS_PX[1]), count))
    length = width * np.exp(random.uniform(0.0, np.log(_MOST_SLENDER), count))
    row, column = random.uniform(-_BEYOND_EDGE_PX, tile + _BEYOND_EDGE_PX, (2, count))
    angle = random.uniform(0.0, np.pi, count)
    table = np.stack([row, column, length, width, angle, order], axis=1)
    return table.astype(np.float16).astype(np.float32)
