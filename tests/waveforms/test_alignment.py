"""One time axis for waveforms whose rows stand at different times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exacouple.errors import ExacoupleError
from exacouple.waveforms.alignment import align, interpolate, regular_axis


def test_axes_of_different_records_have_their_samples_in_common() -> None:
    """Samples stand at whole multiples of the step, wherever a record starts."""
    assert regular_axis(12.3, 31.0, step=5.0).tolist() == [15.0, 20.0, 25.0, 30.0]
    assert regular_axis(0.0, 1.0, step=0.1)[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("step", [0.0, -5.0, np.nan, np.inf])
def test_axis_needs_a_positive_step(step: float) -> None:
    """A step that never gets anywhere is refused."""
    with pytest.raises(ValueError, match="no regular axis"):
        regular_axis(0.0, 10.0, step=step)


def test_nothing_is_extrapolated() -> None:
    """Before the first and after the last row nothing is known."""
    axis = np.array([0.0, 5.0, 10.0, 15.0])
    found = interpolate(np.array([4.0, 11.0]), np.array([0.0, 7.0]), axis)
    assert np.isnan(found).tolist() == [True, False, False, True]
    assert found[1:3].tolist() == [1.0, 6.0]


def test_rows_that_do_not_ascend_are_refused() -> None:
    """np.interp would return nonsense without a word."""
    with pytest.raises(ValueError, match="ascend"):
        interpolate(np.array([0.0, 5.0, 5.0]), np.zeros(3), np.zeros(1))


def test_only_the_interval_that_both_cover_is_kept() -> None:
    """One record starts later, the other ends earlier."""
    early, late = np.arange(0.0, 101.0, 7.0), np.arange(33.0, 200.0, 3.0)
    both = align(late, late, early, early, step=5.0)
    assert (both.time[0], both.time[-1]) == (35.0, 95.0)
    assert np.allclose(both.compared, both.time)
    assert np.allclose(both.reference, both.time)


@given(st.floats(-40.0, 40.0))
def test_delay_moves_the_compared_waveform_to_earlier_times(delay: float) -> None:
    """A wave that is late by its lag falls on the reference once the lag is removed."""
    time = np.arange(0.0, 300.0, 4.3)
    both = align(
        time + delay, np.sin(time / 50.0), time, np.sin(time / 50.0), step=5.0, delay=delay
    )
    assert np.allclose(both.compared, both.reference, atol=1e-9)


def test_records_that_do_not_meet_are_refused() -> None:
    """There is nothing to score, and zero would be a lie."""
    one, two = np.arange(0.0, 50.0, 5.0), np.arange(100.0, 150.0, 5.0)
    with pytest.raises(ExacoupleError, match="from 100 s to 145 s and from 0 s to 45 s"):
        align(two, two, one, one, step=5.0)
