"""A few threads that share the elements of one kernel call."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

from exacouple.engine.subcells import PACK


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
        rows = last - first
        bounds = [first + rows * part // self.threads for part in range(self.threads + 1)]
        self._run([partial(work, a, z) for a, z in pairwise(bounds)])

    def over_groups(self, work: Callable[[int, int], None], items: int) -> None:
        """Call ``work(first, last)`` on consecutive parts of the groups of `PACK` items."""
        self.over_rows(work, 0, -(-items // PACK))

    def over_bands(
        self, begin: Callable[[int, int], None], finish: Callable[[int, int], None],
        items: int, band: int,
    ) -> None:  # fmt: skip
        """Call both on bands of groups; a band is finished when the next one has begun."""
        groups = -(-items // PACK)
        bands = list(pairwise([*range(0, max(groups, 1), band), groups]))
        self.over_rows(begin, *bands[0])
        for before, now in pairwise(bands):
            self.over_rows(begin, *now)
            self.over_rows(finish, *before)
        self.over_rows(finish, *bands[-1])

    def _run(self, calls: list[Callable[[], None]]) -> None:
        if self._pool is None:
            calls[0]()
            return
        waiting = [self._pool.submit(call) for call in calls[1:]]
        calls[0]()
        for future in waiting:
            future.result()
