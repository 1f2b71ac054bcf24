"""A few threads that share the work of a solver."""

import threading
import weakref
from queue import SimpleQueue

import numpy as np
from numba import int64, typeof
from numpy.typing import NDArray

from exacouple.engine.packets import Work
from exacouple.engine.shares import Shares
from exacouple.engine.sharing import ASLEEP, Board, follow, lead, make_board
from exacouple.errors import ExacoupleError

Pieces = NDArray[np.int64]


class Rounds:
    """Some rounds of pieces of tasks, see `exacouple.engine.sharing`, one after another.

    Their values may change while they are done, by an earlier one: then for those to come.
    """

    def __init__(self, *rounds: Pieces) -> None:
        self.pieces = rounds
        self.places = np.array([(each.ctypes.data, each.shape[1]) for each in rounds])


def numbered(task: int, bounds: Pieces) -> Pieces:
    """One piece of the task of that number for each thread, given its bounds."""
    number, none = np.full((len(bounds), 1), task), np.zeros((len(bounds), 1), dtype=np.int64)
    return np.concatenate([number, bounds, none], axis=1)[:, None]


def joined(*pieces: Pieces) -> Pieces:
    """Several pieces for each thread, after one another in the same round."""
    return np.concatenate(pieces, axis=1)


class Team:
    """Threads that do kernels on parts of their range.

    Every item is computed by the same instructions whatever part it falls in, so results do not
    depend on the number of threads.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._board = make_board(threads)
        self._leading = threading.RLock()
        self._rows: dict[tuple[int, int], Rounds] = {}
        if threads > 1:
            follow.compile((typeof(self._board), int64))
        self._calls: list[SimpleQueue[bool]] = [SimpleQueue() for _ in range(threads - 1)]
        for thread, calls in enumerate(self._calls, start=1):
            self._board[thread, ASLEEP] = 1
            serve = threading.Thread(target=_serve, args=(self._board, thread, calls), daemon=True)
            serve.start()
        weakref.finalize(self, _dismiss, self._calls)

    def run(self, work: Work, rounds: Rounds) -> None:
        """Do rounds of tasks, after those that another thread of Python has asked for.

        Raises
        ------
        ExacoupleError
            A kernel failed: no memory is left.
        """
        with self._leading:
            for thread in range(1, self.threads):
                if self._board[thread, ASLEEP]:
                    self._board[thread, ASLEEP] = 0
                    self._calls[thread - 1].put(True)
            well = lead(self._board, work.table, len(work.tasks), rounds.places)
        if not well:
            raise ExacoupleError("no memory is left for the numerical kernels")

    def over_rows(self, work: Work, first: int, last: int) -> None:
        """Do the first task on equal parts of a range of rows."""
        if (first, last) not in self._rows:
            self._rows[first, last] = Rounds(numbered(0, self.parts(first, last)))
        self.run(work, self._rows[first, last])

    def alone(self, work: Work, items: int) -> None:
        """Do the first task in the calling thread."""
        self.run(work, Rounds(numbered(0, self.whole(items))))

    def parts(self, first: int, last: int, spent: NDArray[np.int64] | None = None) -> Pieces:
        """Cut a range into equal parts: where that of each thread begins and ends.

        Parts cost the same if ``spent`` tells what the items before each one cost, shape
        ``(items + 1,)``; without it they are equally long. The result has the shape
        ``(threads, 2)``.
        """
        if spent is None:
            spent = np.arange(last - first + 1)
        return first + Shares(self.threads).cut(spent)

    def whole(self, items: int) -> Pieces:
        """Bounds that leave a whole range to the calling thread, shape ``(threads, 2)``."""
        bounds = np.zeros((self.threads, 2), dtype=np.int64)
        bounds[0, 1] = items
        return bounds


def _serve(board: Board, thread: int, calls: "SimpleQueue[bool]") -> None:
    """Follow each time that the thread is called, until it is dismissed."""
    while calls.get():
        follow(board, thread)


def _dismiss(calls: "list[SimpleQueue[bool]]") -> None:
    for each in calls:
        each.put(False)
