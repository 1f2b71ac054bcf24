"""Values between time steps."""

import numpy as np
import pytest

from exacouple.engine.dense import POINTS, History


def wave_error(steps: int) -> float:
    """Error of a wave of unit amplitude and period 1 between steps of equal length."""
    history, errors = History(), []
    for time in np.linspace(0.0, 1.0, steps + 1):
        history.add(time, [np.sin(2 * np.pi * time)])
        if np.isfinite(history.settled):
            between = history.settled - 0.5 / steps
            errors.append(abs(history.at(between)[0] - np.sin(2 * np.pi * between)))
    return max(errors)


def test_the_order_is_four() -> None:
    """Half the step makes the error 16 times smaller."""
    assert np.log2(wave_error(32) / wave_error(64)) == pytest.approx(4.0, abs=0.1)


def test_at_a_step_the_values_are_those_of_the_step() -> None:
    """Also with steps of different lengths, to the last bit."""
    history = History([[0.0, 1.1, -4.0], [0.3, 2.7, -4.0], [0.4, -3.3, -4.0], [1.0, 0.1, -4.0]])
    for time, value in ((0.0, 1.1), (0.3, 2.7), (0.4, -3.3), (1.0, 0.1)):
        assert history.at(time).tolist() == [value, -4.0]


def test_what_does_not_change_keeps_its_bits() -> None:
    """The sea floor between two steps is that of the steps."""
    history = History([[time, -0.1] for time in (0.0, 0.11, 0.23, 0.31)])
    assert history.at(0.17).tolist() == [-0.1]


def test_nothing_is_settled_before_there_are_enough_steps() -> None:
    """With fewer steps a further one would change the values."""
    history = History()
    for time in range(POINTS):
        assert history.settled == (-np.inf)
        history.add(float(time), [0.0])
    assert history.settled == POINTS - 2
