"""Bits per tile of codecs whose answer is known, and tiles per second."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from exacouple.autoencoders.rate import quantised, rate, throughput


def _codec(decode, encode=None):
    return SimpleNamespace(decode=decode, encode=encode)


def _repeated(codes):
    """Decode a code of one number into a tile of 2 x 2."""
    return np.repeat(codes, 4, axis=1).reshape(-1, 2, 2)


def test_rounding_error_is_that_of_uniform_steps() -> None:
    """With b bits over a range R the RMS error is R / 2^b / sqrt(12)."""
    codes = np.linspace(0.0, 1.0, 100_001, dtype=np.float32)[:, None]
    for bits in (1, 4, 8):
        made = quantised(codes, codes.min(axis=0), codes.max(axis=0), bits)
        error = np.sqrt(np.mean((made - codes) ** 2.0))
        assert error == pytest.approx(2.0**-bits / np.sqrt(12), rel=0.01)
        assert np.unique(made).size == 2**bits


def test_number_that_never_changes_stays() -> None:
    """Its range is empty, and it must not become NaN."""
    codes = np.array([[0.3], [0.3]], dtype=np.float32)
    assert quantised(codes, codes[0], codes[0], 4).tolist() == codes.tolist()


def test_bits_are_as_few_as_the_tolerance_allows() -> None:
    """An error of 0.01 beside a rounding error of 2^-b/sqrt(12): 1 % more needs 8 bits, not 7.

    sqrt(1 + (2^-b / sqrt(12) / 0.01)^2) < 1.01 holds from 2^-b < 0.0049 on.
    """
    codes = np.linspace(0.0, 1.0, 20_001, dtype=np.float32)[:, None]
    signs = np.where(np.arange(codes.size) % 2, 0.01, -0.01)[:, None, None]
    found = rate(_codec(_repeated), _repeated(codes) + signs, codes)
    assert (found.bits, found.bits_per_number) == (8, 8)
    assert 0 < found.growth < 0.01


def test_whole_numbers_take_the_bits_of_their_range() -> None:
    """A kind of 0 to 4 needs 3 bits and is never rounded; the other number needs 8 as above."""
    smooth = np.linspace(0.0, 1.0, 20_001, dtype=np.float32)[:, None]
    kinds = (np.arange(20_001) % 5).astype(np.float32)[:, None]
    signs = np.where(np.arange(smooth.size) % 2, 0.01, -0.01)[:, None, None]

    def decode(codes):
        assert set(np.unique(codes[:, 0])) <= {0.0, 1.0, 2.0, 3.0, 4.0}
        return _repeated(codes[:, 1:])

    found = rate(_codec(decode), _repeated(smooth) + signs, np.hstack([kinds, smooth]))
    assert found.bits == 3 + 8
    all_whole = rate(_codec(lambda codes: _repeated(codes[:, :1])), _repeated(kinds), kinds)
    assert (all_whole.bits, all_whole.bits_per_number) == (3, 0)


def test_code_that_may_not_be_rounded_counts_32_bits() -> None:
    """A decoder without any error is made infinitely worse by rounding."""
    codes = np.random.default_rng(0).random((50, 1), dtype=np.float32)
    found = rate(_codec(_repeated), _repeated(codes), codes)
    assert (found.bits, found.bits_per_number, found.growth) == (32, 32, 0.0)


def test_throughput_is_tiles_over_time() -> None:
    """An encoder that takes 10 ms for 5 tiles makes 500 per second at most."""

    def encode(tiles):
        time.sleep(0.01)
        return tiles[:, 0]

    found = throughput(_codec(_repeated, encode), np.zeros((5, 2, 2)), seconds=0.05)
    assert 50 < found.encode_per_s <= 500
    assert found.decode_per_s > found.encode_per_s
    assert found.batch == 5
