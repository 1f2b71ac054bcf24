"""Scores of waveforms whose answers are known."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exacouple.waveforms.metrics import (
    NORMALISATIONS,
    arrival_time,
    correlation,
    normalised_rmse,
    peak,
    rmse,
    time_lag,
)

TIME = np.arange(0.0, 7500.0, 5.0)
HEIGHTS = st.lists(st.floats(-50.0, 50.0), min_size=2, max_size=30)


def _wave(at: float, width: float = 300.0, height: float = 1.0) -> np.ndarray:
    return height * np.exp(-(((TIME - at) / width) ** 2))


def test_rmse_of_a_constant_offset_is_the_offset() -> None:
    """Every difference is 0.3 m, so their quadratic mean is."""
    assert rmse(_wave(2000.0) + 0.3, _wave(2000.0)) == pytest.approx(0.3)


def test_rmse_of_a_sine_against_still_water_is_amplitude_over_root_two() -> None:
    """Quadratic mean of a sine over whole periods."""
    sine = 2.0 * np.sin(2.0 * np.pi * TIME / 1500.0)
    assert rmse(sine, np.zeros_like(sine)) == pytest.approx(math.sqrt(2.0))


def test_still_water_scores_one_and_a_longer_wait_changes_nothing() -> None:
    """Why the default normalisation is the root mean square of the reference."""
    short, long = _wave(6000.0)[1000:], _wave(6000.0)
    assert normalised_rmse(0.0 * long, long) == 1.0
    assert normalised_rmse(0.8 * short, short) == pytest.approx(0.2)
    assert normalised_rmse(0.8 * long, long) == pytest.approx(0.2)


def test_other_normalisations_divide_by_range_or_peak() -> None:
    """A wave from -1 to 3 has range 4 and peak 3."""
    reference = [0.0, 3.0, -1.0]
    compared = [1.0, 4.0, 0.0]
    assert normalised_rmse(compared, reference, normalisation="range") == pytest.approx(1 / 4)
    assert normalised_rmse(compared, reference, normalisation="peak") == pytest.approx(1 / 3)


def test_unknown_normalisation_is_refused_with_the_list() -> None:
    """Published NRMSEs differ in just this."""
    with pytest.raises(ValueError, match="'mean' is none of rms, range, peak"):
        normalised_rmse([0.0], [1.0], normalisation="mean")  # type: ignore[arg-type]


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_still_reference_has_no_normalised_error(normalisation: str) -> None:
    """Nothing can be said relative to no wave."""
    score = normalised_rmse([1.0, 2.0], [0.0, 0.0], normalisation=normalisation)  # type: ignore[arg-type]
    assert math.isnan(score)


def test_correlation_sees_neither_amplitude_nor_offset_but_sign() -> None:
    """Pearson's coefficient is invariant to positive linear maps."""
    wave = _wave(2000.0)
    assert correlation(0.1 * wave + 3.0, wave) == pytest.approx(1.0)
    assert correlation(-wave, wave) == pytest.approx(-1.0)
    assert math.isnan(correlation(np.ones_like(wave), wave))


@given(HEIGHTS, HEIGHTS)
def test_correlation_is_symmetric_and_bounded(one: list[float], two: list[float]) -> None:
    """Whatever the numbers, also tiny and huge ones."""
    n = min(len(one), len(two))
    value = correlation(one[:n], two[:n])
    assert math.isnan(value) or -1.0 <= value <= 1.0
    assert value == correlation(two[:n], one[:n]) or math.isnan(value)


@given(HEIGHTS, HEIGHTS, HEIGHTS)
def test_rmse_is_a_distance(a: list[float], b: list[float], c: list[float]) -> None:
    """Zero for equal waveforms, symmetric, and no detour is shorter."""
    n = min(len(a), len(b), len(c))
    a, b, c = a[:n], b[:n], c[:n]
    assert rmse(a, a) == 0.0
    assert rmse(a, b) == rmse(b, a)
    assert rmse(a, c) <= rmse(a, b) + rmse(b, c) + 1e-9


def test_peak_is_the_first_greatest_row() -> None:
    """A crest that comes again later does not count."""
    assert peak([0.0, 7.0, 11.0, 20.0], [0.0, 2.0, -3.0, 2.0]) == (2.0, 7.0)


def test_arrival_of_a_gaussian_is_where_it_is_a_tenth() -> None:
    """exp(-(t/w)^2) = 0.1 at t = -w sqrt(ln 10)."""
    expected = 2000.0 - 300.0 * math.sqrt(math.log(10.0))
    assert arrival_time(TIME, _wave(2000.0)) == pytest.approx(expected, abs=0.1)


def test_shaking_before_the_wave_is_no_arrival() -> None:
    """Seismic waves reach ocean-bottom gauges within minutes and last a sample or two."""
    shaken = _wave(2000.0)
    shaken[20:30] += 0.9
    assert arrival_time(TIME, shaken) > 1500.0
    assert arrival_time(TIME, shaken, hold=30.0) == pytest.approx(95.0, abs=5.0)


def test_short_crest_arrives_with_itself_where_nothing_is_held() -> None:
    """The crossing before the peak counts at the latest."""
    spike = _wave(2000.0, width=10.0)
    assert arrival_time(TIME, spike) == pytest.approx(1985.0, abs=5.0)


def test_wave_that_is_there_from_the_start_arrives_at_the_start() -> None:
    """A gauge in the source area is lifted at the origin time."""
    assert arrival_time(TIME, _wave(0.0)) == 0.0


def test_trough_alone_does_not_arrive() -> None:
    """The threshold is on the crest."""
    assert math.isnan(arrival_time(TIME, -_wave(2000.0)))


@pytest.mark.parametrize("options", [{"fraction": 0.0}, {"fraction": 1.0}, {"hold": -1.0}])
def test_arrival_refuses_options_without_meaning(options: dict[str, float]) -> None:
    """A threshold at 0 or at the peak is crossed by noise or by nothing."""
    with pytest.raises(ValueError, match=r"fraction|hold"):
        arrival_time(TIME, _wave(2000.0), **options)


@given(st.floats(-600.0, 600.0))
def test_lag_is_found_to_a_fiftieth_of_a_step_with_its_sign(shift: float) -> None:
    """A tsunami crest of 10 minutes, sampled every 5 s and moved by any time."""
    lag = time_lag(_wave(3000.0 + shift), _wave(3000.0), step=5.0, max_lag=900.0)
    assert lag.seconds == pytest.approx(shift, abs=0.1)
    assert lag.correlation > 0.9999
    assert not lag.at_bound


@given(st.floats(-300.0, 300.0))
def test_lag_changes_sign_with_the_roles(shift: float) -> None:
    """If A is late by L behind B, B is late by -L behind A."""
    one, two = _wave(3000.0 + shift), _wave(3000.0)
    there = time_lag(one, two, step=5.0, max_lag=600.0).seconds
    back = time_lag(two, one, step=5.0, max_lag=600.0).seconds
    assert there == pytest.approx(-back, abs=1e-6)


def test_lag_beyond_the_bound_is_not_guessed() -> None:
    """Then the largest lag tried is only where the search ended."""
    lag = time_lag(_wave(3500.0), _wave(3000.0), step=5.0, max_lag=300.0)
    assert lag.at_bound
    assert math.isnan(lag.seconds)


@pytest.mark.parametrize("compared", [np.zeros_like(TIME), np.full_like(TIME, 2.0)])
def test_still_water_has_no_lag(compared: np.ndarray) -> None:
    """Nothing arrives, so nothing is late."""
    assert math.isnan(time_lag(compared, _wave(3000.0), step=5.0, max_lag=300.0).seconds)


def test_lag_does_not_see_amplitude_and_offset() -> None:
    """A wave half as high on a raised sea level is as late as a whole one."""
    lag = time_lag(0.5 * _wave(3042.0) + 0.2, _wave(3000.0), step=5.0, max_lag=300.0)
    assert lag.seconds == pytest.approx(42.0, abs=0.1)


@pytest.mark.parametrize(("step", "max_lag"), [(0.0, 10.0), (5.0, 4.0), (5.0, math.nan)])
def test_lag_refuses_a_bound_below_one_step(step: float, max_lag: float) -> None:
    """Then no lag but zero could be found."""
    with pytest.raises(ValueError, match=r"step|max_lag"):
        time_lag([0.0, 1.0, 0.0], [0.0, 1.0, 0.0], step=step, max_lag=max_lag)


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        ([1.0, 2.0], [1.0], "equal length"),
        ([[1.0]], [[1.0]], "equal length"),
        ([], [], "empty"),
        ([math.nan], [1.0], "NaN"),
        ([1.0], [math.inf], "infinities"),
    ],
)
def test_scores_refuse_what_is_no_pair_of_waveforms(one: list, two: list, said: str) -> None:
    """NaN in a mean would be NaN out, and nobody would know why."""
    with pytest.raises(ValueError, match=said):
        rmse(one, two)


@given(st.lists(st.floats(-5.0, 5.0), min_size=12, max_size=60))
def test_lag_of_a_waveform_behind_itself_is_zero(heights: list[float]) -> None:
    """Whatever it looks like, it correlates best with itself where it stands."""
    assume(np.ptp(heights[3:-3]) > 0.1)
    lag = time_lag(heights, heights, step=1.0, max_lag=3.0)
    assert lag.correlation == pytest.approx(1.0)
    assert abs(lag.seconds) < 0.5 or lag.correlation > 1.0 - 1e-9
