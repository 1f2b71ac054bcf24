"""What all dialects share: names of columns, units, and tests that tell a sea from rubbish."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from exacouple.cases.application import SOLUTION, TIME_COLUMNS
from exacouple.errors import ExacoupleError
from exacouple.gauge import FloatArray

COLUMNS = (*TIME_COLUMNS, *SOLUTION)
"""Columns of our probe files, in this order."""

ABSURD_M = 20_000.0
"""Depths and elevations beyond this are no bathymetry and no wave of this planet."""

DIGITS = 6
"""Significant digits of a file that does not say how many it has."""

_SUBNORMAL = 1e-300
_POWERS = {"h": 1, "b": 1, "eta": 1, "hu": 2, "hv": 2}

_log = logging.getLogger(__name__)


def scale(name: str, metres: float) -> float:
    """Return the factor that turns a column in lengths of `metres` into SI units."""
    return float(metres ** _POWERS.get(name, 0))


def told(warnings: Sequence[str]) -> tuple[str, ...]:
    """Log warnings and return them."""
    for warning in warnings:
        _log.warning("%s", warning)
    return tuple(warnings)


def rounding(values: FloatArray, digits: int = DIGITS) -> FloatArray:
    """Return half a unit of the last significant digit that each value was written with.

    Examples
    --------
    >>> import numpy as np
    >>> rounding(np.array([4.95]))
    array([5.e-06])
    """
    magnitude = np.abs(np.where(np.isfinite(values), values, 0.0))
    exponent = np.floor(np.log10(np.where(magnitude > _SUBNORMAL, magnitude, 1e-99)))
    return np.asarray(0.5 * 10.0 ** (exponent + 1 - digits), dtype=np.float64)


def check_values(
    path: Path,
    fields: Mapping[str, FloatArray],
    lines: Sequence[int],
    metres: float,
    hint: str,
    digits: int = DIGITS,
) -> None:
    """Refuse what is no sea: absurd heights, subnormal depths, ``eta`` that is not ``h + b``.

    Parameters
    ----------
    path
        The file, for the message.
    fields
        Columns by name, in the file's own unit, all of one length of at least 1.
    lines
        Number of the line of each row.
    metres
        Unit of length.
    hint
        How such values may have come about.
    digits
        Significant digits of the numbers.

    Raises
    ------
    ExacoupleError
        A value is of no sea. NaN is let through, for the screening to tell.
    """
    heights = [name for name in ("h", "b", "eta") if name in fields]
    for name in heights:
        values = fields[name]
        with np.errstate(invalid="ignore"):
            wrong = np.abs(values) * metres > ABSURD_M
        wrong[0] |= name == "h" and 0.0 < abs(values[0]) < _SUBNORMAL
        if wrong.any():
            index = int(wrong.argmax())
            raise ExacoupleError(
                f"{path}, line {lines[index]}: {name} = {values[index]:g} is of no sea: {hint}"
            )
    if len(heights) < 3:
        return
    h, b, eta = (fields[name] for name in heights)
    allowed = 1.01 * (rounding(h, digits) + rounding(b, digits) + rounding(eta, digits))
    with np.errstate(invalid="ignore"):
        wrong = np.abs(h + b - eta) > allowed
    if wrong.any():
        index = int(wrong.argmax())
        raise ExacoupleError(
            f"{path}, line {lines[index]}: eta = {eta[index]:g} is not h + b = "
            f"{h[index] + b[index]:g}: {hint}"
        )
