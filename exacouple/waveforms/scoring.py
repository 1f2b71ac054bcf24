"""Score one gauge against another: all metrics of a pair of records, or why there are none."""

import math
from dataclasses import dataclass, replace

import numpy as np

from exacouple.errors import ExacoupleError
from exacouple.gauge import Gauge
from exacouple.waveforms.alignment import Aligned, align
from exacouple.waveforms.metrics import (
    arrival_time,
    correlation,
    normalised_rmse,
    peak,
    rmse,
    time_lag,
)

MAX_LAG_S = 900.0
"""Bound of the time lag: below the period of the waves that a large earthquake makes."""

ARRIVAL_FRACTION = 0.1
ARRIVAL_HOLD_S = 90.0


@dataclass(frozen=True)
class Score:
    """One waveform, scored against another; None where a number has no meaning.

    Attributes
    ----------
    buoy, case : str
        Whose waveform it is; `case` is the label of a run or "observed".
    against : str or None
        Label of what it is scored against; None for the record by itself.
    word : str or None
        Why there are no scores (see `screening`), with `detail`.
    start_s, end_s : float
        The interval that both records cover, in s after the origin: all numbers are taken there.
    rmse_m, nrmse, correlation : float
        Scores of the waveform as it is; `nrmse` is over the root mean square of `against`.
    peak_m, peak_time_s, arrival_s : float
        Of the waveform's own rows.
    lag_s : float
        Positive when the waveform arrives later than `against`.
    rmse_lag_removed_m, nrmse_lag_removed, correlation_lag_removed : float
        The same scores after the waveform was moved by its lag.
    """

    buoy: str
    case: str
    against: str | None = None
    word: str | None = None
    detail: str = ""
    start_s: float | None = None
    end_s: float | None = None
    rmse_m: float | None = None
    nrmse: float | None = None
    correlation: float | None = None
    peak_m: float | None = None
    peak_time_s: float | None = None
    arrival_s: float | None = None
    lag_s: float | None = None
    rmse_lag_removed_m: float | None = None
    nrmse_lag_removed: float | None = None
    correlation_lag_removed: float | None = None


def score(
    compared: Gauge, reference: Gauge, label: str, against: str, *, step: float, max_lag: float
) -> Score:
    """Score a gauge against another one over the interval that both cover.

    Parameters
    ----------
    compared, reference : Gauge
        Records that passed the screening.
    label, against : str
        Their names in the result; the buoy's id is that of `compared`.
    step, max_lag : float
        Spacing of the common axis and bound of the lag in seconds.
    """
    try:
        both = _aligned(compared, reference, step)
    except ExacoupleError as exc:
        return Score(compared.id, label, against, word="no overlap", detail=str(exc))
    lag = time_lag(both.compared, both.reference, step=step, max_lag=max_lag)
    if lag.at_bound:
        detail = f"no lag: the correlation still grows at {max_lag:g} s"
    else:
        detail = "" if math.isfinite(lag.seconds) else "no lag: the waveforms do not correlate"
    start, end = float(both.time[0]), float(both.time[-1])
    own = describe(label, _cut(compared, start, end), compared.id)
    scored = Score(
        buoy=compared.id,
        case=label,
        against=against,
        detail=detail,
        start_s=start,
        end_s=end,
        rmse_m=rmse(both.compared, both.reference),
        nrmse=_known(normalised_rmse(both.compared, both.reference)),
        correlation=_known(correlation(both.compared, both.reference)),
        peak_m=own.peak_m,
        peak_time_s=own.peak_time_s,
        arrival_s=own.arrival_s,
        lag_s=_known(lag.seconds),
    )
    if detail:
        return scored
    moved = _aligned(compared, reference, step, lag.seconds)
    return replace(
        scored,
        rmse_lag_removed_m=rmse(moved.compared, moved.reference),
        nrmse_lag_removed=_known(normalised_rmse(moved.compared, moved.reference)),
        correlation_lag_removed=_known(correlation(moved.compared, moved.reference)),
    )


def describe(label: str, gauge: Gauge, buoy: str) -> Score:
    """Return peak and arrival of a record by itself, over all its rows."""
    height, at = peak(gauge.time, gauge.eta)
    arrival = arrival_time(gauge.time, gauge.eta, fraction=ARRIVAL_FRACTION, hold=ARRIVAL_HOLD_S)
    return Score(
        buoy=buoy,
        case=label,
        start_s=float(gauge.time[0]),
        end_s=float(gauge.time[-1]),
        peak_m=height,
        peak_time_s=at,
        arrival_s=_known(arrival),
    )


def _cut(gauge: Gauge, start: float, end: float) -> Gauge:
    """Keep the rows from the step before `start` to the step after `end`."""
    first = max(int(np.searchsorted(gauge.time, start, side="right")) - 1, 0)
    last = int(np.searchsorted(gauge.time, end, side="left")) + 1
    return Gauge(id=gauge.id, time=gauge.time[first:last], eta=gauge.eta[first:last])


def _aligned(compared: Gauge, reference: Gauge, step: float, delay: float = 0.0) -> Aligned:
    return align(compared.time, compared.eta, reference.time, reference.eta, step=step, delay=delay)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
