"""Make linear models from tiles: moments in one pass, then eigenvectors.

All is done in coefficients of low cosines. The eight symmetries of the square act on them exactly
and cheaply: a flip along rows multiplies the coefficient (u, v) by (-1)^u, one along columns by
(-1)^v, and a transpose exchanges u and v. So the covariance of the tiles with all their turned
copies follows from that of the tiles alone.
"""

import logging
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from exacouple.autoencoders.codec import TILE, check_tiles
from exacouple.autoencoders.cosines import CosineBand, whole_shells
from exacouple.autoencoders.linear import MixturePcaCodec, PcaCodec
from exacouple.errors import UsageError

_log = logging.getLogger(__name__)

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]

_BAND_PER_COMPONENT = 2.5
_LEAST_BAND = 600
_MOVED = 1e-3
"""A mixture has settled when fewer tiles than this share change their kind."""


def fit_pca(
    batches: Iterable[npt.NDArray[Any]],
    *,
    components: int,
    band: int | None = None,
    tile: int = TILE,
    **settings: Any,
) -> PcaCodec:
    """Return the principal components of tiles and of all their turned copies.

    Parameters
    ----------
    batches : iterable of ndarray, shape (count, tile, tile)
        Tiles in metres, seen once; the memory needed does not grow with their number.
    components : int
        Eigenvectors to keep.
    band : int, optional
        Low cosines that the components are made of; 2.5 for each component, at least 600, if
        left out. It is rounded up to a whole shell of wave numbers.
    tile : int
        Pixels along the edge of a tile.
    settings
        `latents`, `scale` and `facts` of the `PcaCodec`.

    Raises
    ------
    UsageError
        There are no tiles, or fewer cosines than components.
    """
    cosines = CosineBand(tile, _band_size(tile, components, band))
    count, total, second = 0, np.zeros(cosines.size), np.zeros((cosines.size, cosines.size))
    for tiles in batches:
        coefficients = cosines.forward(check_tiles(tiles, tile)).astype(np.float64)
        count += len(coefficients)
        total += coefficients.sum(axis=0)
        second += coefficients.T @ coefficients
    if not count:
        raise UsageError("there are no tiles to make a model from")
    mean, second = _over_symmetries(cosines, total / count, second / count)
    return PcaCodec(
        mean,
        _leading(second - np.outer(mean, mean), components),
        tile=tile,
        **{"latents": min(components, 100), **settings},
    )


def fit_mixture(
    tiles: npt.NDArray[Any],
    *,
    kinds: int,
    components: int,
    seed: int = 0,
    rounds: int = 20,
    band: int | None = None,
    **settings: Any,
) -> MixturePcaCodec:
    """Return principal components of several kinds of tiles.

    Tiles (with their turned copies) are sorted into kinds by how their energy is spread over the
    cosines (k-means); then, in turns, components are fitted to each kind and every tile goes to
    the kind that leaves the least error, until next to no tile moves.

    Parameters
    ----------
    tiles : ndarray, shape (count, tile, tile)
        Metres. Held eight times in low cosines (20 kB for each tile).
    kinds : int
        Number of kinds.
    components : int
        Eigenvectors of each.
    seed : int
        Seed of the first sorting.
    rounds : int
        Turns at most.
    band : int, optional
        As in `fit_pca`.
    settings
        `latents`, `scale` and `facts` of the `MixturePcaCodec`.

    Raises
    ------
    UsageError
        There are fewer tiles than kinds, or fewer cosines than components.
    """
    tile = tiles.shape[-1]
    cosines = CosineBand(tile, _band_size(tile, components, band))
    samples = _turned(cosines, cosines.forward(check_tiles(tiles, tile)))
    if len(samples) < kinds or kinds < 1:
        raise UsageError(f"{len(samples)} tiles cannot be sorted into {kinds} kinds")
    random = np.random.default_rng(seed)
    member = _first_kinds(samples, kinds, random)
    means = np.empty((kinds, cosines.size))
    axes = np.empty((kinds, components, cosines.size))
    for turn in range(rounds):
        for kind in range(kinds):
            chosen = samples[member == kind]
            if len(chosen) <= components:
                chosen = samples[random.choice(len(samples), components + 1, replace=False)]
            means[kind] = chosen.mean(axis=0, dtype=np.float64)
            centred = chosen - means[kind].astype(np.float32)
            axes[kind] = _leading((centred.T @ centred / len(chosen)).astype(float), components)
        nearest = _nearest(samples, means.astype(np.float32), axes.astype(np.float32))
        moved = float(np.mean(nearest != member))
        member = nearest
        _log.info("mixture: turn %d, %.2f %% of the tiles moved", turn + 1, 100 * moved)
        if moved < _MOVED:
            break
    return MixturePcaCodec(
        means, axes, tile=tile, **{"latents": min(components + 1, 100), **settings}
    )


def _band_size(tile: int, components: int, band: int | None) -> int:
    wanted = max(_LEAST_BAND, round(_BAND_PER_COMPONENT * components)) if band is None else band
    size = whole_shells(tile, min(wanted, tile * tile))
    if components > size:
        raise UsageError(f"{components} components cannot be made of {size} cosines")
    return size


def _over_symmetries(
    cosines: CosineBand, mean: Doubles, second: Doubles
) -> tuple[Doubles, Doubles]:
    """Return first and second moment averaged over the turned copies of the tiles."""
    u, v = cosines.u % 2, cosines.v % 2
    mean = np.where((u == 0) & (v == 0), mean, 0.0)
    second = np.where((u[:, None] == u) & (v[:, None] == v), second, 0.0)
    swap = _swap(cosines)
    return (mean + mean[swap]) / 2, (second + second[np.ix_(swap, swap)]) / 2


def _turned(cosines: CosineBand, coefficients: Floats) -> Floats:
    """Return the coefficients of the tiles and of their seven turned copies."""
    down, across = (
        np.where(wave % 2, np.float32(-1), np.float32(1)) for wave in (cosines.u, cosines.v)
    )
    flipped = np.concatenate(
        [coefficients * sign for sign in (np.ones_like(down), down, across, down * across)]
    )
    return np.concatenate([flipped, flipped[:, _swap(cosines)]])


def _swap(cosines: CosineBand) -> Places:
    """Return, for each coefficient (u, v), the place of (v, u)."""
    waves = int(max(cosines.u.max(), cosines.v.max())) + 1
    place = np.empty(waves * waves, dtype=np.int64)
    place[cosines.u * waves + cosines.v] = np.arange(cosines.size)
    return place[cosines.v * waves + cosines.u]


def _leading(covariance: Doubles, components: int) -> Doubles:
    """Return the eigenvectors of the largest eigenvalues as rows, their largest entry positive."""
    size = len(covariance)
    _, vectors = eigh(covariance, subset_by_index=[size - components, size - 1])
    rows = vectors.T[::-1]
    largest = np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1)
    return rows * np.sign(largest)


def _first_kinds(samples: Floats, kinds: int, random: np.random.Generator) -> Places:
    """Sort tiles by how their energy is spread over the cosines (k-means, few turns)."""
    relief = np.abs(samples[:, 1:])
    relief /= np.maximum(np.linalg.norm(relief, axis=1, keepdims=True), 1e-6)
    centres = relief[random.choice(len(relief), kinds, replace=False)]
    member = np.zeros(len(relief), dtype=np.int64)
    for _ in range(10):
        member = np.argmin(np.sum(centres**2, axis=1) - 2 * relief @ centres.T, axis=1)
        for kind in np.unique(member):
            centres[kind] = relief[member == kind].mean(axis=0)
    return member


def _nearest(samples: Floats, means: Floats, axes: Floats) -> Places:
    """Return the kind that leaves the least error of each tile."""
    best = np.full(len(samples), np.inf, dtype=np.float32)
    member = np.zeros(len(samples), dtype=np.int64)
    for kind, (mean, rows) in enumerate(zip(means, axes, strict=True)):
        centred = samples - mean
        left = np.sum(centred**2, axis=1) - np.sum((centred @ rows.T) ** 2, axis=1)
        better = left < best
        best[better], member[better] = left[better], kind
    return member
