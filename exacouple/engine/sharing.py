"""Work that compiled code shares among threads, without the interpreter.

To hand work over in Python takes tens of microseconds: a thread has to be woken, to get the
interpreter lock and to unpack arguments. So all that a step does is packed beforehand, and while
one thread leads through it the others wait in compiled code, and take their shares from there.

A *round* gives each thread a few pieces of tasks (see `exacouple.engine.packets`), as an array of
shape ``(threads, pieces, 4)``: number of the task, first and last item, and how many nanoseconds
the piece has taken so far; a piece without items is none. A round begins when all have done their
pieces of the one before.

Threads meet at a *board*, a `make_board` array with a cache line for each thread. That of the
leading one tells whether it leads, the number of the latest round, and where to find it; those of
the others tell up to which round their pieces were taken, and done, and whether they sleep. Pieces
that nobody has taken when the leading thread has done its own, it does as well: threads that are
slow to wake, or gone, hold up nobody.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from exacouple.engine.blocks import zeros
from exacouple.engine.compiling import INLINE, JIT, KERNEL, ZERO
from exacouple.engine.lanes import LINE_BYTES
from exacouple.engine.packets import ENTRIES, fails
from exacouple.engine.primitives import clock, give_way, load, pause, store, swap

Board = NDArray[np.int64]

# Places in a line of the board, in bytes: of the leading thread, and of the others.
_ROUND, _TABLE, _PIECES, _MOST, _LEADING = 0, 8, 16, 24, 32
_TAKEN, _READY, _ASLEEP = 0, 8, 16
ASLEEP = _ASLEEP // 8
# Bytes of a piece.
_PIECE = 32

# How often a thread looks for work before it sleeps: for half a millisecond or so.
_PATIENCE = 12000
# After so many looks it lets another thread go on that shares its core.
_COURTESY = 32


def make_board(threads: int) -> Board:
    """Make a board on which nothing has been offered."""
    return zeros((threads, LINE_BYTES // 8), np.dtype(np.int64)).view(np.int64)


@njit(**INLINE)
def _line(board, thread):
    return board.ctypes.data + thread * LINE_BYTES


@njit(**KERNEL)
def _do(table, pieces, most, thread):
    """Do the pieces of a thread."""
    for k in range(most):
        piece = pieces + _PIECE * (thread * most + k)
        first, last = load(piece + 8), load(piece + 16)
        if first < last:
            entry, start = table + 8 * ENTRIES * load(piece), clock()
            if fails(load(entry), load(entry + 8), first, last, thread):
                store(entry + 16, 1)
            store(piece + 24, load(piece + 24) + clock() - start)


@njit(**INLINE)
def _has_work(pieces, most, thread):
    for k in range(most):
        piece = pieces + _PIECE * (thread * most + k)
        if load(piece + 8) < load(piece + 16):
            return True
    return False


@njit(**KERNEL)
def _share(board, table, pieces, most):
    """Do a round, with the other threads if there is work for them."""
    threads, post = board.shape[0], _line(board, ZERO)
    helped = False
    for thread in range(1, threads):
        helped |= _has_work(pieces, most, thread)
    if not helped:
        _do(table, pieces, most, ZERO)
        return
    number = load(post + _ROUND) + 1
    store(post + _TABLE, table)
    store(post + _PIECES, pieces)
    store(post + _MOST, most)
    store(post + _ROUND, number)
    _do(table, pieces, most, ZERO)
    for thread in range(1, threads):
        own = _line(board, thread)
        if swap(own + _TAKEN, number - 1, number):
            _do(table, pieces, most, thread)
            store(own + _READY, number)
    for thread in range(1, threads):
        looks = ZERO
        while load(_line(board, thread) + _READY) != number:
            looks = _wait(looks)


@njit(**INLINE)
def _wait(looks):
    if looks % _COURTESY == _COURTESY - 1:
        give_way()
    else:
        pause()
    return looks + 1


@njit(**JIT)
def lead(board, table, tasks, rounds):
    """Do some rounds; tells whether all went well.

    Parameters
    ----------
    board
        Where the threads meet.
    table, tasks
        For each of how many tasks the address of its `enter`, that of its packet, and what becomes
        1 if it fails, else 0.
    rounds
        Where each round is in memory and how many pieces it has per thread, shape ``(rounds, 2)``.
    """
    for number in range(tasks):
        table[ENTRIES * number + 2] = 0
    store(_line(board, ZERO) + _LEADING, 1)
    address = np.int64(table.ctypes.data)
    for k in range(rounds.shape[0]):
        _share(board, address, rounds[k, 0], rounds[k, 1])
    store(_line(board, ZERO) + _LEADING, 0)
    failed = 0
    for number in range(tasks):
        failed += table[ENTRIES * number + 2]
    return failed == 0


@njit(**JIT)
def follow(board, thread):
    """Take the own share of the rounds that are offered, until nobody has led for a while."""
    post, own = _line(board, ZERO), _line(board, thread)
    looks = ZERO
    while True:
        number = load(post + _ROUND)
        if number != load(own + _TAKEN):
            if swap(own + _TAKEN, number - 1, number):
                table, pieces = load(post + _TABLE), load(post + _PIECES)
                _do(table, pieces, load(post + _MOST), thread)
                store(own + _READY, number)
            looks = ZERO
        elif looks < _PATIENCE:
            looks = _wait(looks)
            # More rounds are to come, however long this one takes the others.
            if load(post + _LEADING):
                looks %= _COURTESY
        else:
            store(own + _ASLEEP, 1)
            if load(post + _ROUND) == number:
                return
            store(own + _ASLEEP, 0)
