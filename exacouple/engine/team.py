"""A few threads that share the elements of one kernel call."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.subcells import PACK


class Team:
    """Run compiled kernels, which release the interpreter lock, on parts of their range.

    Every element is computed by the same instructions whatever part it falls in, so results do not
    depend on the number of threads.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def over_rows(
        self, work: Callable[[int, int], None], first: int, last: int,
        spent: NDArray[np.int64] | None = None,
    ) -> None:  # fmt: skip
        """Call ``work(first, last)`` on consecutive parts of a range of rows.

        Parts cost the same if ``spent`` tells what the rows before each one cost, shape
        ``(rows + 1,)``; without it they are equally long.
        """
        rows, shares = last - first, range(1, self.threads)
        if spent is None:
            cuts = [rows * part // self.threads for part in shares]
        else:
            cuts = [int(np.searchsorted(spent, spent[-1] * part / self.threads)) for part in shares]
        bounds = [first, *(first + cut for cut in cuts), last]
        self._run([partial(work, a, z) for a, z in pairwise(bounds)])

    def over_groups(self, work: Callable[[int, int], None], items: int) -> None:
        """Call ``work(first, last)`` on consecutive parts of the groups of `PACK` items."""
        self.over_rows(work, 0, -(-items // PACK))

    def over_bands(
        self, begin: Callable[[int, int, int], None], finish: Callable[[int, int, int], None],
        items: int, band: int,
    ) -> None:  # fmt: skip
        """Call ``work(first, last, thread)`` of both on bands of groups of `PACK` items.

        A band is finished when those beside it have begun. It has ``band`` groups or more; with its
        predecessor, the one that is not yet finished, less than three times as many.

        Neighbouring threads start from the border between them, or end there: so they wait for each
        other only twice.
        """
        groups = -(-items // PACK)
        bounds = [groups * part // self.threads for part in range(self.threads + 1)]
        ways = [_cut(a, z, band) for a, z in pairwise(bounds)]
        for way in ways[::2]:
            way.reverse()

        def walk(way: list[tuple[int, int]], thread: int) -> None:
            for before, now in pairwise(way):
                begin(*now, thread)
                finish(*before, thread)

        self._run([partial(begin, *way[0], thread) for thread, way in enumerate(ways)])
        if any(len(way) > 1 for way in ways):
            self._run([partial(walk, way, thread) for thread, way in enumerate(ways)])
        self._run([partial(finish, *way[-1], thread) for thread, way in enumerate(ways)])

    def _run(self, calls: list[Callable[[], None]]) -> None:
        if self._pool is None:
            calls[0]()
            return
        waiting = [self._pool.submit(call) for call in calls[1:]]
        calls[0]()
        for future in waiting:
            future.result()


def _cut(first: int, last: int, band: int) -> list[tuple[int, int]]:
    """Cut a range into equal parts of ``band`` or more; into one if it is shorter."""
    parts = max(1, (last - first) // band)
    size = last - first
    return list(pairwise([first + size * part // parts for part in range(parts + 1)]))
