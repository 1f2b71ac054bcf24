"""Gauges without a waveform get a word, not a number."""

from collections.abc import Callable

import numpy as np
import pytest

from exacouple.gauge import Gauge
from exacouple.waveforms.screening import screen

TIME = np.arange(0.0, 1000.0, 10.0)
DEPTH = np.full(100, 50.0)
WAVE = np.sin(TIME / 100.0)


def _gauge(eta: np.ndarray, h: np.ndarray | None) -> Gauge:
    return Gauge(id="a", time=TIME[: len(eta)], eta=eta, h=h)


def _with(values: np.ndarray, index: int, value: float) -> np.ndarray:
    changed = values.copy()
    changed[index] = value
    return changed


@pytest.mark.parametrize(
    ("eta", "h", "word", "detail"),
    [
        (WAVE[:9], DEPTH[:9], "too short", "9 rows"),
        (WAVE[:90], DEPTH[:90], "too short", "ends at 890 s of 990 s"),
        (_with(WAVE, 7, np.nan), DEPTH, "NaN", "from 70 s"),
        (_with(WAVE, 7, np.inf), DEPTH, "NaN", "from 70 s"),
        (WAVE, _with(DEPTH, 5, np.nan), "NaN", "from 50 s"),
        (0.0 * WAVE + 120.0, 0.0 * DEPTH, "never wet", "ground at 120 m, depth at most 0 m"),
        (WAVE, 0.0 * DEPTH + 9.0, "never wet", "depth at most 9 m"),
        (WAVE, _with(DEPTH, 30, 2.0), "falls dry", "at 300 s"),
        (0.0 * WAVE, DEPTH, "no wave", "within 0 m"),
        (4e-4 * WAVE, DEPTH, "no wave", "within 0.0008 m"),
    ],
)
def test_bad_gauges_get_their_word(eta: np.ndarray, h: np.ndarray, word: str, detail: str) -> None:
    """Each word says what to look for; a dry gauge shows the ground, not the sea."""
    finding = screen(_gauge(eta, h), dry_tolerance=10.0, end_time=990.0)
    assert finding is not None
    assert finding.word == word
    assert detail in finding.detail


@pytest.mark.parametrize("make", [lambda: _gauge(WAVE, DEPTH), lambda: _gauge(WAVE, None)])
def test_good_gauges_pass(make: Callable[[], Gauge]) -> None:
    """Simulated and observed ones; the latter have no depth to be dry by."""
    assert screen(make(), dry_tolerance=10.0, end_time=990.0) is None


def test_probe_times_of_six_digits_reach_the_end() -> None:
    """7499.999 s is written as 7500 and 123456.7 s as 123457."""
    assert screen(_gauge(WAVE, DEPTH), end_time=990.0001) is None
