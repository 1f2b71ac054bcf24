"""What a code costs: bits per tile, and tiles per second."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.autoencoders.codec import Codec

Floats: TypeAlias = npt.NDArray[np.float32]

MOST_BITS = 16
STORED_BITS = 32
TOLERANCE = 0.01


@dataclass(frozen=True)
class Rate:
    """Bits that a tile needs.

    Attributes
    ----------
    bits : int
        Per tile, with `bits_per_number` for each number, and for latents that are whole numbers
        (such as the number of a waveform) as many bits as their range needs.
    bits_per_number : int
        16 at most; 32 where these are not enough.
    growth : float
        Share by which rounding the numbers raises the RMSE.
    """

    bits: int
    bits_per_number: int
    growth: float


def rate(
    codec: Codec, tiles: npt.NDArray[Any], codes: Floats, *, tolerance: float = TOLERANCE
) -> Rate:
    """Return the least bits per tile that raise the RMSE by less than `tolerance`.

    Every latent that is not always a whole number is rounded to the middle of one of 2^b equal
    intervals between its least and its greatest value over the tiles (uniform scalar
    quantisation, Gersho and Gray 1992, Vector quantization and signal compression, chapter 5);
    these two values belong to the model and are not counted. No entropy coding follows.

    Parameters
    ----------
    codec : Codec
    tiles : ndarray, shape (count, tile, tile)
        Metres.
    codes : ndarray, shape (count, latents)
        Their codes.
    tolerance : float
    """
    low, high = codes.min(axis=0), codes.max(axis=0)
    whole = (codes == np.rint(codes)).all(axis=0)
    whole_bits = int(np.ceil(np.log2((high - low + 1)[whole].astype(np.float64))).sum())
    before = _rmse(codec, tiles, codes)

    def growth(bits: int) -> float:
        rounded = np.where(whole, codes, quantised(codes, low, high, bits))
        after = _rmse(codec, tiles, rounded)
        return after / before - 1 if before > 0 else float(after > 0)

    if whole.all():
        return Rate(whole_bits, 0, 0.0)
    enough, grown, too_few = MOST_BITS, growth(MOST_BITS), 0
    if grown >= tolerance:
        return Rate(whole_bits + STORED_BITS * int((~whole).sum()), STORED_BITS, 0.0)
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        found = growth(middle)
        if found < tolerance:
            enough, grown = middle, found
        else:
            too_few = middle
    return Rate(whole_bits + enough * int((~whole).sum()), enough, grown)


def quantised(codes: Floats, low: Floats, high: Floats, bits: int) -> Floats:
    """Return numbers rounded to the middles of 2^bits equal intervals from `low` to `high`.

    Examples
    --------
    >>> ends = np.array([0.0], dtype=np.float32), np.array([8.0], dtype=np.float32)
    >>> quantised(np.array([[0.0], [3.0], [8.0]], dtype=np.float32), *ends, bits=2).tolist()
    [[1.0], [3.0], [7.0]]
    """
    step = np.maximum((high - low) / np.float32(2**bits), np.finfo(np.float32).tiny)
    number = np.clip(np.floor((codes - low) / step), 0, 2**bits - 1)
    middles = low + (number + np.float32(0.5)) * step
    return np.where(high > low, middles, codes).astype(np.float32)


@dataclass(frozen=True)
class Throughput:
    """Tiles per second on this machine, of batches of `batch` tiles."""

    encode_per_s: float
    decode_per_s: float
    batch: int


def throughput(codec: Codec, tiles: npt.NDArray[Any], *, seconds: float = 0.5) -> Throughput:
    """Return how fast a codec is: the best of repeated calls, after one that is not counted."""
    codes = codec.encode(tiles)
    return Throughput(
        len(tiles) / _best_time(lambda: codec.encode(tiles), seconds),
        len(tiles) / _best_time(lambda: codec.decode(codes), seconds),
        len(tiles),
    )


def _best_time(call: Callable[[], object], seconds: float) -> float:
    call()
    best, started = np.inf, time.perf_counter()
    while time.perf_counter() - started < seconds or not np.isfinite(best):
        before = time.perf_counter()
        call()
        best = min(best, max(time.perf_counter() - before, 1e-9))
    return float(best)


def _rmse(codec: Codec, tiles: npt.NDArray[Any], codes: Floats) -> float:
    error = codec.decode(codes).astype(np.float64) - tiles
    return float(np.sqrt(np.mean(error**2)))
