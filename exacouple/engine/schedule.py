"""When snapshots are due: at the first step at or after each of some times, as ExaHyPE plots."""

from __future__ import annotations


class Schedule:
    """Times ``start``, ``start + repeat``, ...

    Parameters
    ----------
    start, repeat
        First time and interval, s.

    Attributes
    ----------
    due
        The next of the times.

    Examples
    --------
    >>> schedule = Schedule(0.0, 10.0)
    >>> [time for time in (0.0, 8.0, 16.0, 24.0) if schedule.take(time)]
    [0.0, 16.0, 24.0]
    """

    def __init__(self, start: float, repeat: float) -> None:
        self.due = start
        self._repeat = repeat

    def take(self, time: float) -> bool:
        """Tell whether something is due at a step's time; if so, the next is due later."""
        if time < self.due:
            return False
        while self.due <= time:
            self.due += self._repeat
        return True
