"""Bring waveforms whose rows stand at different times onto one regular time axis.

Probe rows stand at solver steps, so that two runs share no times and neither is equidistant.
Heights between rows are interpolated linearly; nothing is extrapolated.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exacouple.errors import ExacoupleError

FloatArray = npt.NDArray[np.float64]

MINIMUM_SAMPLES = 3
"""Fewer common samples than this are no waveform."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """Two waveforms on one regular axis over the interval that both cover.

    Attributes
    ----------
    time : ndarray of float64, shape (n,)
        Seconds, whole multiples of `step`.
    compared, reference : ndarray of float64, shape (n,)
        Water heights in metres.
    step : float
        Spacing of `time` in seconds.
    """

    time: FloatArray
    compared: FloatArray
    reference: FloatArray
    step: float


def regular_axis(start: float, end: float, *, step: float) -> FloatArray:
    """Return the whole multiples of `step` from `start` to `end`.

    Axes of different waveforms so have their samples in common.

    Raises
    ------
    ValueError
        `step` is not positive or `start` or `end` is not finite.

    Examples
    --------
    >>> regular_axis(3.0, 21.0, step=5.0)
    array([ 5., 10., 15., 20.])
    """
    if not (step > 0.0 and np.isfinite([start, end, step]).all()):
        raise ValueError(f"no regular axis from {start} to {end} in steps of {step}")
    first = int(np.ceil(start / step - 1e-9))
    last = int(np.floor(end / step + 1e-9))
    return np.arange(first, last + 1, dtype=np.float64) * step


def interpolate(time: FloatArray, height: FloatArray, axis: FloatArray) -> FloatArray:
    """Return heights on `axis`, linear between rows and NaN before the first and after the last.

    Raises
    ------
    ValueError
        `time` does not ascend strictly.

    Examples
    --------
    >>> interpolate(np.array([0.0, 10.0]), np.array([0.0, 1.0]), np.array([5.0, 15.0]))
    array([0.5, nan])
    """
    if not (np.diff(time) > 0.0).all():
        raise ValueError("times do not ascend strictly")
    slack = 1e-9 * max(1.0, float(np.abs(time[[0, -1]]).max()))
    inside = (axis >= time[0] - slack) & (axis <= time[-1] + slack)
    return np.where(inside, np.interp(axis, time, height), np.nan)


def align(
    compared_time: FloatArray,
    compared: FloatArray,
    reference_time: FloatArray,
    reference: FloatArray,
    *,
    step: float,
    delay: float = 0.0,
) -> Aligned:
    """Interpolate two waveforms onto a regular axis over the interval that both cover.

    Parameters
    ----------
    compared_time, reference_time : ndarray of float64, shapes (m,) and (k,)
        Seconds, strictly ascending.
    compared, reference : ndarray of float64, shapes (m,) and (k,)
        Water heights in metres.
    step : float
        Spacing of the axis in seconds.
    delay : float
        Seconds by which `compared` is moved to earlier times first; its lag, to remove the lag.

    Raises
    ------
    ExacoupleError
        The waveforms have fewer than `MINIMUM_SAMPLES` steps in common.

    Examples
    --------
    >>> t = np.array([0.0, 10.0, 20.0, 30.0])
    >>> both = align(t + 10.0, t, t, 2.0 * t, step=5.0)
    >>> both.time, both.compared, both.reference
    (array([10., 15., 20., 25., 30.]), array([ 0.,  5., 10., 15., 20.]),
     array([20., 30., 40., 50., 60.]))
    """
    moved = compared_time - delay
    start = max(float(moved[0]), float(reference_time[0]))
    end = min(float(moved[-1]), float(reference_time[-1]))
    axis = regular_axis(start, end, step=step)
    if len(axis) < MINIMUM_SAMPLES:
        raise ExacoupleError(
            f"waveforms from {moved[0]:g} s to {moved[-1]:g} s and from {reference_time[0]:g} s to "
            f"{reference_time[-1]:g} s have less than {MINIMUM_SAMPLES} steps of {step:g} s in "
            "common"
        )
    return Aligned(
        time=axis,
        compared=interpolate(moved, compared, axis),
        reference=interpolate(reference_time, reference, axis),
        step=step,
    )
