"""Which limited elements take part in a step, and which thread advances them when.

A queue of patches is an array of integers: how many there are, and then their numbers.
"""

from numba import njit

from exacouple.engine.compiling import INLINE, KERNEL, ZERO
from exacouple.engine.neighbours import DG
from exacouple.engine.subcells import PACK


@njit(**KERNEL)
def wake(wet, sides, waking, w, new, first, last, thread):
    """Mark those of some patches that are wet or have water beside them.

    What falls asleep keeps its averages at both ends of the step.
    """
    for s in range(first, last):
        was = waking[s]
        waking[s] = wet[s]
        for side in range(4):
            other = sides[s, side]
            waking[s] |= other == DG or (other >= 0 and wet[other])
        if was and not waking[s]:
            for v in range(w.shape[1]):
                for j in range(w.shape[2]):
                    for i in range(w.shape[3]):
                        new[s, v, j, i] = w[s, v, j, i]


@njit(**KERNEL)
def line_up(waking, queue, band, cuts, starts, middles, ends, first, last, thread):
    """Line up the patches that are awake, and give each thread its groups of `PACK` of them.

    They are advanced in two passes, `exacouple.engine.balance.begin` and `finish`, that go over
    bands of groups: a band is finished when those beside it have begun. It has ``band`` groups or
    more, so that no patch sees those beyond; with its predecessor, the one that is not yet
    finished, less than three times as many. Neighbouring threads start from the border between
    them, or end there: so they wait for each other only twice. Where there are not enough groups
    for a band of each thread, they all begin before they finish.

    Parameters
    ----------
    waking
        See `wake`.
    queue
        Output: the queue.
    band
        Least number of groups in a band: no patch sees another that is more groups away.
    cuts
        Shares of the threads, see `exacouple.engine.shares.Shares`.
    starts, middles, ends
        Output: first and last group of the pieces of three rounds, see `exacouple.engine.sharing`,
        in which each thread begins its first band; begins one and finishes the one before, in
        turns; and finishes its last one.
    """
    count = 0
    for s in range(waking.size):
        if waking[s]:
            count += 1
            queue[count] = s
    queue[0] = count
    groups, threads = -(-count // PACK), starts.shape[0]
    enough = groups >= threads * band
    middles[:, :, 1:3] = 0
    a = ZERO
    for k in range(threads):
        z, bands = int(groups * cuts[k + 1]), 1
        if enough:
            z = min(max(z, a + band), groups - (threads - 1 - k) * band)
            bands = (z - a) // band
        back = k % 2 == 0
        _set(starts[k, 0], a, z, ZERO, bands, back)
        for number in range(1, bands):
            _set(middles[k, 2 * number - 2], a, z, number, bands, back)
            _set(middles[k, 2 * number - 1], a, z, number - 1, bands, back)
        _set(ends[k, 0], a, z, bands - 1, bands, back)
        a = z


@njit(**INLINE)
def _set(piece, a, z, number, bands, back):
    """Set a piece to one of the bands from a to z, counted from their end if ``back``."""
    place = bands - 1 - number if back else number
    piece[1] = a + (z - a) * place // bands
    piece[2] = a + (z - a) * (place + 1) // bands
