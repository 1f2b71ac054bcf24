"""Faces between limited elements of two levels of refinement.

Both sides take their step as if their state went on beyond the face. Then what went through it so
is taken back, and what goes through the faces of the fine subcells is given to both (`cross`).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from exacouple.engine.basis import Array
from exacouple.engine.compiling import INLINE, JIT, ZERO
from exacouple.engine.limiter import Patches, wetted
from exacouple.engine.neighbours import inside
from exacouple.engine.subcells import FLUX, PACK, STATE, solve

Numbers = NDArray[np.int64]


def settle(patches: Patches, numbers: Numbers) -> None:
    """Look anew at patches whose averages at the end of the step were changed."""
    lacking = np.zeros(len(patches), dtype=np.bool_)
    if _look(numbers, patches.new, patches.wet, patches.sound, lacking):
        patches.new[lacking] = wetted(patches.new[lacking])


def rouse(patches: Patches, numbers: Numbers) -> None:
    """Let patches that rest begin the step with their averages, which may be changed then."""
    resting = numbers[~patches.waking[numbers]]
    patches.new[resting] = patches.w[resting]


def cross(
    order: tuple[int, ...], coarse: Patches, fine: Patches, pairs: tuple[Numbers, Numbers, Numbers],
    scale: float, g: float,
) -> Array:  # fmt: skip
    """Give the fine side what goes through all faces in a fine step; return it for the coarse one.

    Parameters
    ----------
    order
        Tuple of length N.
    coarse, fine
        The limited elements of both levels, which have taken their steps.
    pairs
        Side of each face as seen from the coarse patch, the coarse patch, and the three fine ones,
        shapes ``(faces,)``, ``(faces,)`` and ``(faces, 3)``.
    scale
        Time step over the width of a fine subcell.
    g
        Gravity.

    Returns
    -------
    Fluxes of mass, normal and transverse momentum with pressure through the coarse subcells' faces,
    shape ``(faces, M, 3)``.
    """
    sides, wholes, parts = pairs
    taken = np.zeros((len(sides), coarse.basis.subcells, 3))
    rouse(fine, parts.ravel())
    _cross(
        order, sides, wholes, parts, coarse.edges, coarse.bed, coarse.waking, fine.edges, fine.bed,
        fine.waking, fine.scarce, fine.share, fine.new, taken, scale, g,
    )  # fmt: skip
    settle(fine, parts.ravel())
    return taken


def give(
    order: tuple[int, ...], coarse: Patches, sides: Numbers, wholes: Numbers, taken: Array,
    scale: float,
) -> None:  # fmt: skip
    """Give the coarse side what went through all faces in a coarse step, as from `cross`."""
    rouse(coarse, wholes)
    _give(
        order, sides, wholes, coarse.edges, coarse.bed, coarse.waking, coarse.scarce, coarse.share,
        coarse.new, taken, scale,
    )  # fmt: skip
    settle(coarse, wholes)


@njit(**JIT)
def _look(numbers, new, wet, sound, lacking):
    """Mark patches by what they hold; returns how many times a negative depth was seen."""
    m = new.shape[2]
    count = 0
    for s in numbers:
        least, most, odd = np.inf, 0.0, 0.0
        for j in range(m):
            for i in range(m):
                h = new[s, 0, j, i]
                least, most = min(least, h), max(most, h)
                odd += 0.0 * (h + new[s, 1, j, i] + new[s, 2, j, i])
        wet[s], sound[s], lacking[s] = most > 0.0, odd == 0.0, least < 0.0
        count += least < 0.0
    return count


@njit(**INLINE)
def _load(edges, bed, waking, s, side, k, state):
    """State at the edge of a patch; those at rest are dry."""
    y, x = inside(side, k, bed.shape[1])
    if waking[s]:
        for v in range(STATE):
            state[v] = edges[s, side, k, v]
    else:
        state[0] = state[1] = bed[s, y, x]
        state[2] = state[3] = 0.0


@njit(**INLINE)
def _exchange(new, scarce, share, s, side, k, state, mass, along, across, scale):
    """Take back the flux of the own state and give the right one."""
    y, x = inside(side, k, new.shape[2])
    upper = side % 2
    sign = -scale if upper else scale
    own_mass = max(state[0] - state[1], 0.0) * state[2]
    if scarce[s] and (own_mass > 0.0) == (upper == 1):
        own_mass *= share[s, y, x]
    direction = 1 + side // 2
    new[s, 0, y, x] += sign * (mass - own_mass)
    new[s, direction, y, x] += sign * (along - own_mass * state[2])
    new[s, 3 - direction, y, x] += sign * (across - own_mass * state[3])


@njit(**JIT)
def _cross(
    order, sides, wholes, parts, coarse_edges, coarse_bed, coarse_waking, edges, bed, waking,
    scarce, share, new, taken, scale, g,
):  # fmt: skip
    m = 2 * len(order) + 1
    count = parts.shape[1]
    groups = (count * m + PACK - 1) // PACK
    low, high = np.zeros(groups * STATE * PACK), np.zeros(groups * STATE * PACK)
    flux = np.zeros(groups * FLUX * PACK)
    whole, part = np.empty(STATE), np.empty(STATE)
    for face in range(sides.size):
        side = sides[face]
        facing = side + 1 - 2 * (side % 2)
        below, above = (low, high) if side % 2 else (high, low)
        for number in range(count * m):
            at = number // PACK * STATE * PACK + number % PACK
            _load(coarse_edges, coarse_bed, coarse_waking, wholes[face], side, number // count,
                  whole)  # fmt: skip
            _load(edges, bed, waking, parts[face, number // m], facing, number % m, part)
            for v in range(STATE):
                below[at + v * PACK], above[at + v * PACK] = whole[v], part[v]
        solve(low, high, flux, ZERO, groups, g)
        for number in range(count * m):
            at = number // PACK * FLUX * PACK + number % PACK
            mass, along, across = flux[at], flux[at + PACK], flux[at + 2 * PACK]
            low_push, high_push = flux[at + 3 * PACK], flux[at + 4 * PACK]
            own, far = (low_push, high_push) if side % 2 else (high_push, low_push)
            taken[face, number // count, 0] += mass / count
            taken[face, number // count, 1] += (along + own) / count
            taken[face, number // count, 2] += across / count
            s, k = parts[face, number // m], number % m
            _load(edges, bed, waking, s, facing, k, part)
            _exchange(
                new, scarce, share, s, facing, k, part, mass, along + far, across, scale
            )  # fmt: skip


@njit(**JIT)
def _give(order, sides, wholes, edges, bed, waking, scarce, share, new, taken, scale):
    state = np.empty(STATE)
    for face in range(sides.size):
        s, side = wholes[face], sides[face]
        for k in range(2 * len(order) + 1):
            _load(edges, bed, waking, s, side, k, state)
            mass, along, across = taken[face, k, 0], taken[face, k, 1], taken[face, k, 2]
            _exchange(new, scarce, share, s, side, k, state, mass, along, across, scale)
