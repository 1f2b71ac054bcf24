"""Scores of reconstructed tiles: sums of squared errors tile by tile, and what follows from them.

With the true tile x, its reconstruction y (metres), n x n pixels and the span s of the data set's
range, the norm of a tile in scaled units is ||y - x||_F / s. Over N tiles

- total L2 = sqrt(sum ||y - x||_F^2) / s, which grows as sqrt(N),
- total L2 in metres per pixel = s total L2 / sqrt(N n^2), which is the RMSE and does not,
- maximum per sample = max ||y - x||_F / s, in metres per pixel s maximum / n.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]

BAND_EDGES_M = (-6000.0, -4000.0, -2000.0, -200.0, 0.0)
"""Elevations, positive up, that part the bands; a band holds its lower edge."""

BANDS = ("below 6000 m", "6000 to 4000 m", "4000 to 2000 m", "2000 to 200 m", "200 to 0 m", "land")
"""Names of the bands by depth of the true sea floor, deepest first; land is 0 m and above."""

LAND = len(BANDS) - 1


@dataclass(frozen=True, eq=False)
class TileErrors:
    """Sums over the pixels of each tile.

    Attributes
    ----------
    squared_m2 : ndarray, shape (tiles, bands)
        Squared error (m^2), by the band that the true pixel is in, see `BANDS`.
    pixels : ndarray of int, shape (tiles, bands)
        Number of pixels.
    largest_m : ndarray, shape (tiles,)
        Largest absolute error of a pixel (m).
    slope_squared_m2, true_slope_squared_m2 : ndarray, shape (tiles,)
        Squared difference of neighbouring pixels along both axes, of the error and of the true
        tile (m^2).
    """

    squared_m2: Floats
    pixels: Places
    largest_m: Floats
    slope_squared_m2: Floats
    true_slope_squared_m2: Floats

    def __len__(self) -> int:
        return len(self.largest_m)

    @property
    def tile_squared_m2(self) -> Floats:
        """Squared error of each tile (m^2), which is ||y - x||_F^2."""
        return np.asarray(self.squared_m2.sum(axis=1))

    @property
    def tile_rmse_m(self) -> Floats:
        """RMSE of each tile (m)."""
        return np.sqrt(self.tile_squared_m2 / self.pixels.sum(axis=1))

    def select(self, which: npt.NDArray[Any]) -> "TileErrors":
        """Return the tiles of a mask or of indices."""
        return TileErrors(*(getattr(self, field.name)[which] for field in fields(TileErrors)))


def tile_errors(true_m: npt.NDArray[Any], made_m: npt.NDArray[Any]) -> TileErrors:
    """Return the sums of errors of some tiles.

    Parameters
    ----------
    true_m, made_m : ndarray, shape (tiles, n, n)
        Elevation in metres, positive up.

    Raises
    ------
    ValueError
        The shapes differ, or a reconstruction is not finite.

    Examples
    --------
    >>> errors = tile_errors(np.full((1, 2, 2), -100.0), np.full((1, 2, 2), -97.0))
    >>> errors.tile_squared_m2.tolist(), errors.tile_rmse_m.tolist()
    ([36.0], [3.0])
    """
    if true_m.shape != made_m.shape or true_m.ndim != 3:
        raise ValueError(f"tiles of one shape are needed, not {true_m.shape} and {made_m.shape}")
    true = np.asarray(true_m, dtype=np.float64)
    error = np.asarray(made_m, dtype=np.float64) - true
    if not np.isfinite(error).all():
        raise ValueError(f"{np.count_nonzero(~np.isfinite(error))} values are not finite")
    band = np.digitize(true, BAND_EDGES_M) + len(BANDS) * np.arange(len(true))[:, None, None]
    shape = len(true), len(BANDS)
    squared = np.bincount(band.ravel(), (error**2).ravel(), minlength=shape[0] * shape[1])
    pixels = np.bincount(band.ravel(), minlength=shape[0] * shape[1])
    return TileErrors(
        squared.astype(np.float64).reshape(shape),
        pixels.astype(np.int64).reshape(shape),
        np.abs(error).max(axis=(1, 2)),
        _steps_squared(error),
        _steps_squared(true),
    )


def joined(parts: Sequence[TileErrors]) -> TileErrors:
    """Return the errors of several sets of tiles as those of one."""
    names = [field.name for field in fields(TileErrors)]
    return TileErrors(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True)
class Scores:
    """Scores of a model over tiles.

    Attributes
    ----------
    total_l2, maximum_l2 : float
        Norm over all tiles, and the largest of one tile, in scaled units.
    rmse_m, maximum_rmse_m : float
        The same two as metres per pixel.
    median_rmse_m : float
        Median over the tiles of their RMSE.
    sea_rmse_m, land_rmse_m : float or None
        RMSE over pixels whose true elevation is below 0 m, and over the others; None where there
        are none.
    band_rmse_m : dict of str to float or None
        RMSE by `BANDS`.
    slope_error_m : float
        RMS of the error of differences of neighbouring pixels, metres per step of the grid.
    slope_share : float or None
        The same over the RMS of the true differences: 1 is the score of a flat sea floor.
    largest_m : float
        Largest absolute error of a pixel.
    worst : int
        Number of the tile of the largest RMSE.
    """

    total_l2: float
    rmse_m: float
    maximum_l2: float
    maximum_rmse_m: float
    median_rmse_m: float
    sea_rmse_m: float | None
    land_rmse_m: float | None
    band_rmse_m: dict[str, float | None]
    slope_error_m: float
    slope_share: float | None
    largest_m: float
    worst: int


def scores(errors: TileErrors, *, span_m: float, tile: int) -> Scores:
    """Return the scores of a set of tiles.

    Parameters
    ----------
    errors : TileErrors
    span_m : float
        Metres that one scaled unit stands for: highest minus lowest elevation of the data set.
    tile : int
        Pixels along the edge of a tile.

    Raises
    ------
    ValueError
        There are no tiles.
    """
    if not len(errors):
        raise ValueError("there are no tiles to score")
    squared, pixels = errors.squared_m2.sum(axis=0), errors.pixels.sum(axis=0)
    norms = np.sqrt(errors.tile_squared_m2)
    total = float(np.sqrt(squared.sum()))
    steps = 2 * tile * (tile - 1) * len(errors)
    slope, true_slope = errors.slope_squared_m2.sum(), errors.true_slope_squared_m2.sum()
    return Scores(
        total_l2=total / span_m,
        rmse_m=total / np.sqrt(pixels.sum()),
        maximum_l2=float(norms.max()) / span_m,
        maximum_rmse_m=float(norms.max()) / tile,
        median_rmse_m=float(np.median(norms)) / tile,
        sea_rmse_m=_rms(squared[:LAND].sum(), pixels[:LAND].sum()),
        land_rmse_m=_rms(squared[LAND], pixels[LAND]),
        band_rmse_m={name: _rms(*both) for name, *both in zip(BANDS, squared, pixels, strict=True)},
        slope_error_m=float(np.sqrt(slope / steps)),
        slope_share=_rms(slope, true_slope),
        largest_m=float(errors.largest_m.max()),
        worst=int(np.argmax(norms)),
    )


@dataclass(frozen=True)
class Interval:
    """A ratio of RMSE and its bootstrap interval.

    Attributes
    ----------
    ratio : float
        RMSE of the model over that of the reference; below 1 the model is better.
    low, high : float or None
        Ends of the interval; None where there is one block only.
    level : float
        Its nominal coverage.
    blocks, models : int
        Blocks of area, and models (such as those of several seeds), that were drawn from.
    draws, seed : int
    """

    ratio: float
    low: float | None
    high: float | None
    level: float
    blocks: int
    models: int
    draws: int
    seed: int


def rmse_ratio(
    models: Sequence[TileErrors],
    reference: TileErrors,
    blocks: Places,
    *,
    level: float = 0.95,
    draws: int = 5000,
    seed: int = 0,
) -> Interval:
    """Return the ratio of RMSE to a reference with a percentile interval by block bootstrap.

    Neighbouring tiles are not independent, so whole blocks of area are drawn with replacement, the
    same for model and reference; with several models (of one kind, trained with different seeds)
    these are drawn as well. The ratio is sqrt(mean over models of the squared error / that of the
    reference). With few blocks the interval is rough and tends to be too narrow.

    References: Efron and Tibshirani (1993), An introduction to the bootstrap, chapters 8 and 13;
    Davison and Hinkley (1997), Bootstrap methods and their application, section 3.8 (two levels).

    Parameters
    ----------
    models : sequence of TileErrors
        Of the same tiles as `reference`.
    reference : TileErrors
    blocks : ndarray of int, shape (tiles,)
        Block that each tile is in.
    level, draws, seed
        How the interval is made.

    Raises
    ------
    ValueError
        There is no model, the numbers of tiles differ, or the reference has no error.
    """
    if not models or any(len(errors) != len(blocks) for errors in (*models, reference)):
        raise ValueError("models, reference and blocks must be of the same tiles")
    _, member = np.unique(blocks, return_inverse=True)
    count = int(member.max()) + 1
    made = np.stack([np.bincount(member, errors.tile_squared_m2, count) for errors in models])
    base = np.bincount(member, reference.tile_squared_m2, count)
    if not base.sum() > 0:
        raise ValueError("the reference has no error, so there is no ratio to it")
    ratio = float(np.sqrt(made.mean(axis=0).sum() / base.sum()))
    if count < 2:
        return Interval(ratio, None, None, level, count, len(models), draws, seed)
    random = np.random.default_rng(seed)
    drawn = random.integers(count, size=(draws, count))
    chosen = random.integers(len(models), size=(draws, len(models)))
    above = np.stack([sums[drawn].sum(axis=1) for sums in made], axis=1)
    above = np.take_along_axis(above, chosen, axis=1).mean(axis=1)
    below = base[drawn].sum(axis=1)
    ratios = np.sqrt(np.divide(above, below, out=np.full(draws, np.inf), where=below > 0))
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    ends = float(low), float(high) if np.isfinite(high) else None
    return Interval(ratio, *ends, level, count, len(models), draws, seed)


def _steps_squared(tiles: Floats) -> Floats:
    """Return the sum of squared differences of neighbours along both axes, per tile."""
    north, east = np.diff(tiles, axis=1), np.diff(tiles, axis=2)
    return np.asarray((north**2).sum(axis=(1, 2)) + (east**2).sum(axis=(1, 2)))


def _rms(squared: float, count: float) -> float | None:
    return float(np.sqrt(squared / count)) if count else None
