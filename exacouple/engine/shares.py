"""Which share of some work each thread gets, so that all need the same time for it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Threads that differ by less are left as they are.
_TOLERANCE = 0.03
# What a thread keeps at least of an equal share: it may be faster again.
_LEAST = 0.1


class Shares:
    """Shares that follow how fast the threads are: cores differ, or serve others as well.

    Attributes
    ----------
    cuts
        Where the shares begin and end, from 0 to 1, shape ``(threads + 1,)``; at first they are
        equal. The array stays the same one.
    """

    def __init__(self, threads: int) -> None:
        self.cuts = np.linspace(0.0, 1.0, threads + 1)

    def cut(self, spent: NDArray[np.int64]) -> NDArray[np.int64]:
        """First and last item of each thread, shape ``(threads, 2)``.

        ``spent`` tells what the items before each one cost, shape ``(items + 1,)``.
        """
        bounds = np.searchsorted(0.5 * (spent[1:] + spent[:-1]), spent[-1] * self.cuts)
        bounds[-1] = len(spent) - 1
        return np.column_stack([bounds[:-1], bounds[1:]])

    def learn(self, times: NDArray[Any], done: NDArray[Any]) -> bool:
        """Take into account how long the threads took for what they have done.

        Tells whether that changed the shares. One that did nothing counts as neither fast nor slow.
        """
        busy = (times > 0) & (done > 0)
        if not busy.any() or times.max() < (1.0 + _TOLERANCE) * times.mean():
            return False
        speed = np.full(len(times), done[busy].sum() / times[busy].sum())
        speed[busy] = done[busy] / times[busy]
        shares = 0.5 * (np.diff(self.cuts) + speed / speed.sum())
        shares = np.maximum(shares, _LEAST / len(shares))
        self.cuts[1:-1] = np.cumsum(shares)[:-1] / shares.sum()
        return True
