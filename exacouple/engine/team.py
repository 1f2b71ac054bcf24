"""A few threads that share the elements of one kernel call."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


class Team:
    """Run compiled kernels, which release the interpreter lock, on parts of their range.

    Every element is computed by the same instructions whatever part it falls in, so results do not
    depend on the number of threads.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def over_rows(self, work: Callable[[int, int], None], first: int, last: int) -> None:
        """Call ``work(first, last)`` on consecutive parts of a range of rows."""
        bounds = np.linspace(first, last, self.threads + 1).astype(int)
        self._run([partial(work, int(a), int(z)) for a, z in pairwise(bounds)])

    def over_items(
        self, work: Callable[[NDArray[np.int64]], None], items: NDArray[np.int64]
    ) -> None:
        """Call ``work(part)`` on parts of a list of indices."""
        parts = np.array_split(items, self.threads)
        self._run([partial(work, part) for part in parts])

    def _run(self, calls: list[Callable[[], None]]) -> None:
        if self._pool is None:
            calls[0]()
            return
        waiting = [self._pool.submit(call) for call in calls[1:]]
        calls[0]()
        for future in waiting:
            future.result()
