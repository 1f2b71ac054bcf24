"""Find gauges whose record is no waveform, and say in a word what they are instead."""

from dataclasses import dataclass

import numpy as np

from exacouple.gauge import Gauge

MINIMUM_ROWS = 10
NO_WAVE_M = 1e-3
"""Water heights that all stay within this band show no wave; DART buoys resolve a millimetre."""


@dataclass(frozen=True)
class Finding:
    """Why a gauge gets no scores.

    Attributes
    ----------
    word : str
        "missing", "unreadable", "NaN", "too short", "never wet", "falls dry", "no wave",
        "elsewhere" or "no overlap".
    detail : str
        When and by how much.
    """

    word: str
    detail: str


def screen(
    gauge: Gauge, *, dry_tolerance: float = 0.0, end_time: float | None = None
) -> Finding | None:
    """Return what is wrong with a gauge, or None for a gauge that can be scored.

    Parameters
    ----------
    gauge : Gauge
        Simulated, or observed (without depth `h`, so that it cannot be found dry).
    dry_tolerance : float
        Depth in metres up to which a place counts as dry: there `eta` is the ground.
    end_time : float, optional
        Seconds that the record must reach.

    Notes
    -----
    In this order: *too short*, fewer than `MINIMUM_ROWS` rows or an end before `end_time`; *NaN*,
    a height or depth that is not finite; *never wet*, dry in every row; *falls dry*, dry in some;
    *no wave*, heights within a band of `NO_WAVE_M` (the wave did not come, or not yet).

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(0.0, 100.0, 5.0)
    >>> screen(Gauge(id="a", time=time, eta=np.zeros(20)))
    Finding(word='no wave', detail='heights stay within 0 m')
    """
    time, eta = gauge.time, gauge.eta
    if len(time) < MINIMUM_ROWS:
        return Finding("too short", f"{len(time)} rows")
    if end_time is not None and time[-1] < end_time * (1.0 - 1e-5):
        return Finding("too short", f"ends at {time[-1]:g} s of {end_time:g} s")
    finite = np.isfinite(eta) if gauge.h is None else np.isfinite(eta) & np.isfinite(gauge.h)
    if not finite.all():
        return Finding("NaN", f"from {time[int(np.argmin(finite))]:g} s")
    if gauge.h is not None:
        dry = gauge.h <= dry_tolerance
        if dry.all():
            return Finding("never wet", f"ground at {np.median(eta):.3g} m, depth {_depth(gauge)}")
        if dry.any():
            return Finding("falls dry", f"at {time[int(np.argmax(dry))]:g} s")
    band = float(np.ptp(eta))
    if band <= NO_WAVE_M:
        return Finding("no wave", f"heights stay within {band:.2g} m")
    return None


def _depth(gauge: Gauge) -> str:
    assert gauge.h is not None
    return f"at most {gauge.h.max():.3g} m"
