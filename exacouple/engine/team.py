"""A few threads that share the elements of one kernel call."""

import threading
import weakref
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.bells import Bells, listen, make_bells, tune
from exacouple.engine.subcells import PACK

Work = Callable[[int, int, int], Any]
_Answers = SimpleQueue[tuple[Any, BaseException | None]]
_Jobs = SimpleQueue[tuple[int, Callable[[], Any], _Answers] | None]


class Team:
    """Run compiled kernels, which release the interpreter lock, on parts of their range.

    Every element is computed by the same instructions whatever part it falls in, so results do not
    depend on the number of threads.

    Attributes
    ----------
    bells
        For each thread the one that its kernels ring when they begin, see
        `exacouple.engine.bells`: the next thread then begins as well.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.bells, self._done = make_bells(threads), make_bells(threads)
        self._runs = 0
        self._jobs: list[_Jobs] = [SimpleQueue() for _ in range(threads - 1)]
        for place, jobs in enumerate(self._jobs):
            bells = self._done[place + 1], self.bells[place]
            threading.Thread(target=_serve, args=(jobs, *bells), daemon=True).start()
        weakref.finalize(self, _dismiss, self._jobs)

    def over_rows(
        self, work: Work, first: int, last: int, spent: NDArray[np.int64] | None = None, *,
        worth: bool = True,
    ) -> list[Any]:  # fmt: skip
        """Call ``work(first, last, thread)`` on consecutive parts of a range of rows.

        Parts cost the same if ``spent`` tells what the rows before each one cost, shape
        ``(rows + 1,)``; without it they are equally long. Gives what the calls return. Work that is
        not ``worth`` a call to others, some 50 microseconds or less, the calling thread does alone.
        """
        if not worth:
            return [work(first, last, 0)]
        rows, shares = last - first, range(1, self.threads)
        if spent is None:
            cuts = [rows * part // self.threads for part in shares]
        else:
            cuts = [int(np.searchsorted(spent, spent[-1] * part / self.threads)) for part in shares]
        bounds = [first, *(first + cut for cut in cuts), last]
        return self._run(
            [partial(work, a, z, thread) for thread, (a, z) in enumerate(pairwise(bounds))]
        )

    def over_groups(self, work: Work, items: int) -> list[Any]:
        """Call ``work(first, last, thread)`` on consecutive parts of the groups of `PACK` items."""
        return self.over_rows(work, 0, -(-items // PACK))

    def over_bands(self, begin: Work, finish: Work, items: int, band: int) -> None:
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

    def _run(self, calls: list[Callable[[], Any]]) -> list[Any]:
        """Make the calls, each in a thread of its own, and give what they return."""
        if self.threads == 1:
            return [calls[0]()]
        self._runs += 1
        tune(self.bells, self._runs)
        answers: list[_Answers] = [SimpleQueue() for _ in self._jobs]
        for jobs, call, answer in zip(self._jobs, calls[1:], answers, strict=True):
            jobs.put((self._runs, call, answer))
        found = [_outcome(calls[0])]
        for done, answer in zip(self._done[1:], answers, strict=True):
            found.append(self._wait(done, answer))
        for _, trouble in found:
            if trouble is not None:
                raise trouble
        return [result for result, _ in found]

    def _wait(self, done: Bells, answer: _Answers) -> tuple[Any, BaseException | None]:
        """Wait for another thread, also if interrupted: it still works on the arrays."""
        try:
            listen(self._done[0], done, self._runs)
            return answer.get()
        except KeyboardInterrupt as trouble:
            answer.get()
            return None, trouble


def _serve(jobs: _Jobs, done: Bells, bell: Bells) -> None:
    """Do the jobs of a thread as they come, until there is none instead of one."""
    job = jobs.get()
    while job is not None:
        run, call, answer = job
        answer.put(_outcome(call))
        # Nothing of a solver is to be kept while there is nothing to do for it.
        del job, call, answer
        tune(done, run)
        listen(done, bell, run + 1)
        job = jobs.get()


def _outcome(call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """Give what a call returns, or what it raises."""
    try:
        return call(), None
    except BaseException as trouble:
        return None, trouble


def _dismiss(team: list[_Jobs]) -> None:
    for jobs in team:
        jobs.put(None)


def _cut(first: int, last: int, band: int) -> list[tuple[int, int]]:
    """Cut a range into equal parts of ``band`` or more; into one if it is shorter."""
    parts = max(1, (last - first) // band)
    size = last - first
    return list(pairwise([first + size * part // parts for part in range(parts + 1)]))
