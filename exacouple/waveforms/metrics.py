r"""Scores of a compared waveform :math:`c` against a reference :math:`r`.

Both are water heights in metres on one regular time axis (see `exacouple.waveforms.alignment`),
in the order ``(compared, reference)``. Sums run over the axis:

.. math::
    \mathrm{RMSE} = \sqrt{\tfrac{1}{n} \sum (c - r)^2}, \qquad
    \rho = \frac{\sum (c - \bar c)(r - \bar r)}
                {\sqrt{\sum (c - \bar c)^2 \sum (r - \bar r)^2}}
"""

import math
import sys
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Normalisation = Literal["rms", "range", "peak"]

NORMALISATIONS: tuple[Normalisation, ...] = ("rms", "range", "peak")

_NORMALISER = {
    "rms": lambda reference: math.sqrt(float(np.mean(np.square(reference)))),
    "range": lambda reference: float(np.ptp(reference)),
    "peak": lambda reference: float(np.max(np.abs(reference))),
}


@dataclass(frozen=True)
class Lag:
    """Time lag of a waveform behind another.

    Attributes
    ----------
    seconds : float
        Positive when the compared waveform arrives later than the reference; NaN where there is
        none.
    correlation : float
        Correlation at the whole sample that is nearest to the lag.
    at_bound : bool
        The correlation still grows at the largest lag that was tried: there is no lag within.
    """

    seconds: float
    correlation: float
    at_bound: bool


def rmse(compared: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Root-mean-square error, in the unit of the input.

    Raises
    ------
    ValueError
        The two differ in shape, are not one-dimensional, empty or not finite.

    Examples
    --------
    >>> rmse([0.0, 3.0], [0.0, 0.0])
    2.1213203435596424
    """
    c, r = _pair(compared, reference)
    return math.sqrt(float(np.mean(np.square(c - r))))


def normalised_rmse(
    compared: npt.ArrayLike,
    reference: npt.ArrayLike,
    *,
    normalisation: Normalisation = "rms",
) -> float:
    r"""Root-mean-square error over the size of the reference.

    Parameters
    ----------
    compared, reference : array_like, shape (n,)
        Water heights.
    normalisation : {"rms", "range", "peak"}
        The size: ``rms``, the root mean square of the reference, makes this the relative
        :math:`\ell^2` error :math:`\|c-r\|_2/\|r\|_2`: 1 is the score of still water, and a
        longer quiet time before the wave does not change it. ``range`` is the highest minus the
        lowest reference value, ``peak`` the largest magnitude; both give smaller numbers, which
        shrink with every quiet minute.

    Returns
    -------
    float
        0 for equal waveforms; NaN for a reference of size 0.

    Raises
    ------
    ValueError
        As `rmse`; or the normalisation is unknown.

    References
    ----------
    Synolakis, C. E. et al. (2008): Validation and verification of tsunami numerical models. Pure
    and Applied Geophysics 165, 2197-2228, doi:10.1007/s00024-004-0427-y

    Examples
    --------
    >>> normalised_rmse([0.0, 0.0, 0.0], [0.0, 2.0, -1.0])
    1.0
    >>> round(normalised_rmse([0.0, 0.0, 0.0], [0.0, 2.0, -1.0], normalisation="range"), 3)
    0.43
    """
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"normalisation '{normalisation}' is none of {', '.join(NORMALISATIONS)}")
    error = rmse(compared, reference)
    size = _NORMALISER[normalisation](np.asarray(reference, dtype=np.float64))
    return error / size if size > 0.0 else math.nan


def correlation(compared: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Pearson's correlation coefficient, without regard to amplitude and offset.

    Returns
    -------
    float
        From -1 to 1; NaN where one of the two is constant.

    Raises
    ------
    ValueError
        As `rmse`.

    Examples
    --------
    >>> correlation([0.0, 2.0, 1.0], [1.0, 5.0, 3.0])
    1.0
    """
    c, r = _pair(compared, reference)
    constant = np.ptp(c) == 0.0 or np.ptp(r) == 0.0
    c, r = c - c.mean(), r - r.mean()
    sizes = float(np.abs(c).max()), float(np.abs(r).max())
    if constant or min(sizes) < sys.float_info.min:
        return math.nan
    c, r = c / sizes[0], r / sizes[1]
    value = float(np.dot(c, r)) / math.sqrt(float(np.dot(c, c)) * float(np.dot(r, r)))
    return max(-1.0, min(1.0, value))


def peak(time: npt.ArrayLike, height: npt.ArrayLike) -> tuple[float, float]:
    """Greatest water height and the time of the first sample that reaches it.

    Raises
    ------
    ValueError
        As `rmse`.

    Examples
    --------
    >>> peak([0.0, 5.0, 10.0], [0.0, 1.5, 0.5])
    (1.5, 5.0)
    """
    t, eta = _pair(time, height)
    index = int(np.argmax(eta))
    return float(eta[index]), float(t[index])


def arrival_time(
    time: npt.ArrayLike, height: npt.ArrayLike, *, fraction: float = 0.1, hold: float = 90.0
) -> float:
    """Time at which the wave arrives, by a threshold at a fraction of its own peak.

    It is the first upward crossing of ``fraction * peak`` after which the water stays above that
    height for `hold` seconds; shorter exceedances, such as seismic waves in the first minutes of
    an ocean-bottom record, do not count. Where no crossing before the peak is held that long, the
    last one before the peak counts. Between samples the crossing is interpolated linearly.

    Parameters
    ----------
    time, height : array_like, shape (n,)
        Seconds, ascending; water heights.
    fraction : float
        Threshold as a part of the greatest height, between 0 and 1.
    hold : float
        Seconds, not negative.

    Returns
    -------
    float
        The first time if the water stands above the threshold from the start (a gauge in the
        source area); NaN if no height is positive.

    Raises
    ------
    ValueError
        As `rmse`; or `fraction` or `hold` is out of range.

    Examples
    --------
    >>> arrival_time([0.0, 100.0, 200.0, 300.0], [0.0, 0.0, 2.0, 1.0])
    110.0
    """
    if not 0.0 < fraction < 1.0:
        raise ValueError(f"fraction {fraction} is not between 0 and 1")
    if not hold >= 0.0:
        raise ValueError(f"hold {hold} s is negative")
    t, eta = _pair(time, height)
    highest, at = peak(t, eta)
    if highest <= 0.0:
        return math.nan
    threshold = fraction * highest
    above = eta >= threshold
    ups = np.flatnonzero(~above[:-1] & above[1:])
    downs = np.flatnonzero(above[:-1] & ~above[1:])
    starts = [_crossing(t, eta, index, threshold) for index in ups.tolist()]
    ends = [_crossing(t, eta, index, threshold) for index in downs.tolist()]
    if above[0]:
        starts.insert(0, float(t[0]))
    if above[-1]:
        ends.append(math.inf)
    last = 0.0
    for start, end in zip(starts, ends, strict=True):
        if end - start >= hold or start <= at <= end:
            return start
        last = start
    return last


def time_lag(
    compared: npt.ArrayLike, reference: npt.ArrayLike, *, step: float, max_lag: float
) -> Lag:
    r"""Time lag by bounded cross-correlation, refined below one sample.

    For every whole number of samples :math:`k` with :math:`|k| \, step \le max\_lag` the
    correlation of :math:`c(t + k \, step)` with :math:`r(t)` is taken over the samples that both
    have. The greatest one and its two neighbours carry a parabola, whose top is the lag.

    Parameters
    ----------
    compared, reference : array_like, shape (n,)
        Water heights on one regular axis.
    step : float
        Spacing of the axis in seconds.
    max_lag : float
        Bound in seconds; at most half of the waveform is shifted out. Keep it below one period
        of the wave: what looks alike one period later is no lag.

    Returns
    -------
    Lag
        Positive when `compared` arrives later than `reference`.

    Raises
    ------
    ValueError
        As `rmse`; or `step` is not positive or `max_lag` shorter than `step`.

    References
    ----------
    Céspedes, I. et al. (1995): Methods for estimation of subsample time delays of digitized echo
    signals. Ultrasonic Imaging 17, 142-171, doi:10.1006/uimg.1995.1007

    Examples
    --------
    The compared wave comes 7 s after the reference, so the lag is positive:

    >>> t = np.arange(0.0, 1000.0, 5.0)
    >>> early = np.exp(-(((t - 500.0) / 100.0) ** 2))
    >>> late = np.exp(-(((t - 507.0) / 100.0) ** 2))
    >>> round(time_lag(late, early, step=5.0, max_lag=60.0).seconds, 1)
    7.0
    """
    if not step > 0.0:
        raise ValueError(f"step {step} s is not positive")
    if not max_lag >= step:
        raise ValueError(f"max_lag {max_lag} s is shorter than the step of {step} s")
    c, r = _pair(compared, reference)
    most = min(int(max_lag / step + 1e-9), len(c) // 2)
    values = np.array([_correlation_at(c, r, shift) for shift in range(-most, most + 1)])
    if most < 1 or not values.max() > 0.0:
        return Lag(math.nan, math.nan, False)
    index = int(values.argmax())
    best = float(values[index])
    if index in (0, 2 * most):
        return Lag(math.nan, best, True)
    before, after = float(values[index - 1]), float(values[index + 1])
    curvature = before - 2.0 * best + after
    usable = math.isfinite(curvature) and curvature < 0.0
    part = 0.5 * (before - after) / curvature if usable else 0.0
    return Lag((index - most + part) * step, best, False)


def _pair(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    a = np.asarray(first, dtype=np.float64)
    b = np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"shapes {a.shape} and {b.shape}: two series of equal length are needed")
    if not a.size:
        raise ValueError("series are empty")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("series hold NaN or infinities: screen them first")
    return a, b


def _crossing(time: FloatArray, height: FloatArray, index: int, threshold: float) -> float:
    """Return the time at which the straight line from `index` to the next sample crosses."""
    part = (threshold - height[index]) / (height[index + 1] - height[index])
    return float(time[index] + part * (time[index + 1] - time[index]))


def _correlation_at(compared: FloatArray, reference: FloatArray, shift: int) -> float:
    """Correlation of ``compared[i + shift]`` with ``reference[i]``; -inf where undefined."""
    n = len(reference)
    late, early = max(shift, 0), max(-shift, 0)
    value = correlation(compared[late : n - early], reference[early : n - late])
    return value if math.isfinite(value) else -math.inf
