"""A point's values between time steps, from the steps around them.

The values at a time are those of the polynomial through the last four steps (Lagrange): exact for
cubics, so that the error falls with the fourth power of the time step.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

POINTS = 4


class History:
    """Values of one point at the last `POINTS` steps.

    Parameters
    ----------
    rows
        Times and values to begin with, oldest first, shape ``(steps, 1 + values)``.

    Examples
    --------
    >>> history = History()
    >>> for t in (0.0, 1.0, 2.0, 3.0):
    ...     history.add(t, [t**3])
    >>> float(history.at(1.5)[0])
    3.375
    """

    def __init__(self, rows: Sequence[Sequence[float]] | Array = ()) -> None:
        self._rows = [np.array(row, dtype=np.float64) for row in rows]

    def add(self, time: float, values: Sequence[float]) -> None:
        """Take the values of a further step."""
        self._rows = [*self._rows, np.array([time, *values])][-POINTS:]

    @property
    def rows(self) -> Array:
        """Times and values held, oldest first, shape ``(steps, 1 + values)``."""
        return np.array(self._rows)

    @property
    def settled(self) -> float:
        """Time up to which a further step changes nothing: there is a step after it on hand."""
        return float(self._rows[-2][0]) if len(self._rows) == POINTS else -np.inf

    @property
    def latest(self) -> float:
        """Time of the last step."""
        return float(self._rows[-1][0])

    def at(self, time: float) -> Array:
        """Values at a time within the steps held; a value that does not change keeps its bits."""
        times = np.array([row[0] for row in self._rows])
        nearest = self._rows[int(np.argmin(abs(times - time)))]
        result = nearest[1:].copy()
        for k, row in enumerate(self._rows):
            others = np.delete(times, k)
            weight = float(np.prod((time - others) / (times[k] - others)))
            result += weight * (row[1:] - nearest[1:])
        return result
