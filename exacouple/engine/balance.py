"""Finite-volume kernels of the limiter: from the fluxes to the averages at the end of the step.

Depth stays positive because a subcell never gives away more water than it holds (draining limiter
of Bollermann, Noelle and Lukacova-Medvidova 2011, Commun. Comput. Phys. 10, 371-404). Arrays are
those of `exacouple.engine.subcells`.
"""

import numpy as np
from numba import njit

from exacouple.engine.subcells import DG, JIT, velocity


@njit(**JIT)
def drain(order, w, flux, share, scarce, dt, dx, awake):
    """Share of the outgoing water that each subcell can give, shape ``(patches, M, M)``.

    ``scarce`` marks the patches in which some subcell cannot give all.
    """
    m = 2 * len(order) + 1
    scale = dt / dx
    for s in awake:
        scarce[s] = False
        for j in range(m):
            for i in range(m):
                out = max(0.0, flux[s, 0, i + 1, j, 0]) + max(0.0, -flux[s, 0, i, j, 0])
                out += max(0.0, flux[s, 1, j + 1, i, 0]) + max(0.0, -flux[s, 1, j, i, 0])
                out *= scale
                h = w[s, 0, j, i]
                share[s, j, i] = 1.0
                if out > h:
                    share[s, j, i] = h / out
                    scarce[s] = True


@njit(**JIT)
def ration(order, flux, share, scarce, sides, awake):
    """Scale the fluxes by the share of the subcell that they leave."""
    m = 2 * len(order) + 1
    for s in awake:
        short = scarce[s]
        for side in range(4):
            if sides[s, side] >= 0:
                short |= scarce[sides[s, side]]
        if not short:
            continue
        for direction in range(2):
            for f in range(m + 1):
                for k in range(m):
                    at = f - 1 if flux[s, direction, f, k, 0] > 0.0 else f
                    given = _share(share, sides, s, direction, at, k, m)
                    for v in range(3):
                        flux[s, direction, f, k, v] *= given


@njit(inline="always")
def _share(share, sides, s, direction, at, k, m):
    """Share of the subcell at position ``at`` along a direction, also across the patch's edge."""
    if at < 0:
        other = sides[s, 2 * direction]
        if other < 0:
            return 1.0
        return share[other, k, m - 1] if direction == 0 else share[other, m - 1, k]
    if at >= m:
        other = sides[s, 2 * direction + 1]
        if other < 0:
            return 1.0
        return share[other, k, 0] if direction == 0 else share[other, 0, k]
    return share[s, k, at] if direction == 0 else share[s, at, k]


@njit(**JIT)
def update(order, w, new, flux, push, wet, turn, row, drag, dt, dx, dry, awake):
    """Advance the averages of h, hu, hv by the fluxes, the surface, Coriolis force and friction.

    Parameters
    ----------
    turn
        Cosine and sine of the angle by which the Coriolis force turns the flow in this step, shape
        ``(2, rows, M)``: rows of elements, rows of their subcells.
    row
        Row of elements of each patch.
    drag
        Gravity times the square of Manning's coefficient.
    """
    m = 2 * len(order) + 1
    scale = dt / dx
    for s in awake:
        wet[s] = False
        for j in range(m):
            cos, sin = turn[0, row[s], j], turn[1, row[s], j]
            for i in range(m):
                h = flux[s, 0, i + 1, j, 0] - flux[s, 0, i, j, 0]
                h += flux[s, 1, j + 1, i, 0] - flux[s, 1, j, i, 0]
                p = flux[s, 0, i + 1, j, 1] + flux[s, 0, i + 1, j, 3]
                p -= flux[s, 0, i, j, 1] + flux[s, 0, i, j, 4]
                p += flux[s, 1, j + 1, i, 2] - flux[s, 1, j, i, 2] + push[s, 0, j, i]
                q = flux[s, 1, j + 1, i, 1] + flux[s, 1, j + 1, i, 3]
                q -= flux[s, 1, j, i, 1] + flux[s, 1, j, i, 4]
                q += flux[s, 0, i + 1, j, 2] - flux[s, 0, i, j, 2] + push[s, 1, j, i]
                h = max(w[s, 0, j, i] - scale * h, 0.0)
                u = velocity(h, w[s, 1, j, i] - scale * p, dry)
                v = velocity(h, w[s, 2, j, i] - scale * q, dry)
                given = h
                if drag > 0.0 and h > 0.0:
                    given = h / (1.0 + dt * drag * np.hypot(u, v) / max(h, dry) ** (4.0 / 3.0))
                new[s, 0, j, i] = h
                new[s, 1, j, i] = given * (cos * u + sin * v)
                new[s, 2, j, i] = given * (cos * v - sin * u)
                wet[s] |= not h <= 0.0


@njit(**JIT)
def wake(wet, sides, waking, w, new):
    """Mark the patches that are wet or have water beside them.

    What falls asleep keeps its averages at both ends of the step.
    """
    for s in range(wet.size):
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
