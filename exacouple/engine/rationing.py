"""Finite-volume kernels of the limiter: the step again, where a subcell lacks water to give.

Depth stays positive because a subcell never gives away more water than it holds (draining limiter
of Bollermann, Noelle and Lukacova-Medvidova 2011, Commun. Comput. Phys. 10, 371-404).
"""

from numba import njit

from exacouple.engine.balance import advance, exchange, keep_doors, load_angles, scatter
from exacouple.engine.compiling import KERNEL, ZERO
from exacouple.engine.neighbours import beyond, facing, gather, inside, load_edges
from exacouple.engine.subcells import FLUX, PACK, STATE, flow, lanes, reconstruct, solve


@njit(**KERNEL)
def find_short(scarce, sides, queue, short, pieces, first, last, thread):
    """Line up the patches with scarce water in or beside them, and give each thread some groups.

    Parameters
    ----------
    scarce
        See `exacouple.engine.balance.finish`.
    sides
        See `exacouple.engine.neighbours.gather`.
    queue
        Awake patches, see `exacouple.engine.wakefulness`.
    short
        Output: queue of these patches.
    pieces
        Output: first and last group of `PACK` of them for each thread, as the pieces of a round,
        see `exacouple.engine.sharing`.
    """
    count = lacking = 0
    for s in range(scarce.size):
        lacking += scarce[s]
    if lacking > 0:
        for s in queue[1 : 1 + queue[0]]:
            lacks = scarce[s]
            for side in range(4):
                other = sides[s, side]
                lacks |= other >= 0 and scarce[other]
            if lacks:
                count += 1
                short[count] = s
    short[0] = count
    groups, threads = -(-count // PACK), pieces.shape[0]
    for k in range(threads):
        pieces[k, 0, 1] = groups * k // threads
        pieces[k, 0, 2] = groups * (k + 1) // threads


@njit(**KERNEL)
def finish_short(
    order, w, new, bed, sides, place, u, ground, project, steepness, step, dx, g, dry, sea, edges,
    door_at, door_traces, door_flux, share, scarce, wet, sound, turn, row, queue, first, last,
    thread,
):  # fmt: skip
    """Take the step again for the patches in ``queue``, with what each subcell can give.

    The other parameters are those of `exacouple.engine.balance.begin` and `finish`.
    """
    m = 2 * len(order) + 1
    faces = 2 * (m + 1) * m
    halo, speed = lanes(4 * (m + 2) ** 2), lanes(2 * (m + 2) ** 2)
    low, high = lanes(faces * STATE), lanes(faces * STATE)
    flux, push = lanes(faces * FLUX), lanes(2 * m * m)
    kept, given = lanes(5 * m * m), lanes((m + 2) ** 2)
    through = lanes(4 * m * FLUX)
    angles, marks = lanes(2 * m), lanes(3)
    dt, short = step[0], queue[1 : 1 + queue[0]]
    for group in range(first, last):
        start = group * PACK
        gather(order, w, bed, sides, place, u, ground, project, short, start, halo)
        flow(order, halo, speed, dry)
        reconstruct(order, halo, speed, low, high, push, steepness, dt, dx, g, dry)
        solve(low, high, flux, m, m * m, g)
        solve(low, high, flux, (m + 1) * m + m, (m + 1) * m + m * m, g)
        load_edges(
            order, edges, sides, door_at, door_traces, project, short, start, low, high, sea, g
        )
        solve(low, high, through, ZERO, 4 * m, g)
        _place_edges(order, through, flux)
        _gather_shares(order, share, scarce, sides, short, start, given)
        _scale(order, given, flux)
        _take_edges(order, flux, through)
        keep_doors(order, through, sides, door_at, door_flux, short, start)
        exchange(order, halo, flux, push, kept, dt / dx)
        load_angles(order, turn, row, short, start, angles)
        advance(order, kept, angles, marks, dry)
        scatter(order, kept, marks, new, wet, sound, short, start)


@njit(**KERNEL)
def _place_edges(order, through, flux):
    """Put the fluxes through the edges among those of all faces."""
    m = 2 * len(order) + 1
    for side in range(4):
        face = (side // 2 * (m + 1) + side % 2 * m) * m
        for at in range(m * FLUX * PACK):
            flux[face * FLUX * PACK + at] = through[side * m * FLUX * PACK + at]


@njit(**KERNEL)
def _take_edges(order, flux, through):
    """Take the fluxes through the edges from those of all faces."""
    m = 2 * len(order) + 1
    for side in range(4):
        face = (side // 2 * (m + 1) + side % 2 * m) * m
        for at in range(m * FLUX * PACK):
            through[side * m * FLUX * PACK + at] = flux[face * FLUX * PACK + at]


@njit(**KERNEL)
def _gather_shares(order, share, scarce, sides, short, start, given):
    """Put the shares of the subcells of `PACK` patches and around them into a halo."""
    m = 2 * len(order) + 1
    for lane in range(PACK):
        s = short[min(start + lane, short.size - 1)]
        for j in range(m):
            for i in range(m):
                at = ((j + 1) * (m + 2) + i + 1) * PACK + lane
                given[at] = share[s, j, i] if scarce[s] else 1.0
        for side in range(4):
            other = sides[s, side]
            for k in range(m):
                y, x = beyond(side, k, m)
                at = (y * (m + 2) + x) * PACK + lane
                y, x = inside(facing(side), k, m)
                given[at] = share[other, y, x] if other >= 0 and scarce[other] else 1.0


@njit(**KERNEL)
def _scale(order, given, flux):
    """Scale the fluxes of mass and momentum, not the pressure, by the share of their origin."""
    m = 2 * len(order) + 1
    for direction in range(2):
        step = PACK if direction == 0 else (m + 2) * PACK
        for f in range(m + 1):
            for k in range(m):
                face = ((direction * (m + 1) + f) * m + k) * FLUX * PACK
                above = (k + 1) * (m + 2) + f + 1 if direction == 0 else (f + 1) * (m + 2) + k + 1
                for w in range(PACK):
                    high, low = given[above * PACK + w], given[above * PACK - step + w]
                    part = low if flux[face + w] > 0.0 else high
                    flux[face + w] *= part
                    flux[face + PACK + w] *= part
                    flux[face + 2 * PACK + w] *= part
