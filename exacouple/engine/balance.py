"""Finite-volume kernels of the limiter: from the fluxes to the averages at the end of the step.

The step is taken as if every subcell could give all the water asked of it; `rationing` takes it
again where one cannot. Work arrays, lanes and faces are those of `exacouple.engine.subcells`.
"""

import numpy as np
from numba import njit

from exacouple.engine.compiling import INLINE, KERNEL, ZERO
from exacouple.engine.neighbours import DG, gather, keep_edges, load_edges
from exacouple.engine.subcells import (
    FLUX,
    PACK,
    STATE,
    flow,
    lanes,
    reconstruct,
    slowness,
    solve,
)


@njit(**KERNEL)
def begin(
    order, w, bed, sides, place, u, ground, project, steepness, step, dx, g, dry, queue, edges,
    kept, first, last, thread,
):  # fmt: skip
    """Do what patches can without the faces of their neighbours.

    Parameters
    ----------
    order, w, bed, sides, place, u, ground, project
        See `exacouple.engine.neighbours.gather`.
    steepness, dx, g, dry
        See `exacouple.engine.subcells.reconstruct`.
    step
        Time step, in an array as it may change.
    queue
        Awake patches, see `exacouple.engine.wakefulness`.
    edges
        Output: see `exacouple.engine.neighbours.keep_edges`.
    kept
        Output: for groups of `PACK` awake patches h, hu, hv after the fluxes within the patch, the
        water that these take from each subcell, and h at the start; for each thread, shape
        ``(threads, places, 5 * M * M * PACK)``, with group k at k modulo ``places``.
    first, last
        Groups to treat: ``first`` to ``last - 1``.
    """
    m = 2 * len(order) + 1
    faces = 2 * (m + 1) * m
    halo, speed = lanes(4 * (m + 2) ** 2), lanes(2 * (m + 2) ** 2)
    low, high = lanes(faces * STATE), lanes(faces * STATE)
    flux, push = lanes(faces * FLUX), lanes(2 * m * m)
    dt, awake, kept = step[0], queue[1 : 1 + queue[0]], kept[thread]
    for group in range(first, last):
        start = group * PACK
        gather(order, w, bed, sides, place, u, ground, project, awake, start, halo)
        flow(order, halo, speed, dry)
        reconstruct(order, halo, speed, low, high, push, steepness, dt, dx, g, dry)
        keep_edges(order, low, high, awake, start, edges)
        solve(low, high, flux, m, m * m, g)
        solve(low, high, flux, (m + 1) * m + m, (m + 1) * m + m * m, g)
        exchange(order, halo, flux, push, kept[group % kept.shape[0]], dt / dx)


@njit(**KERNEL)
def exchange(order, halo, flux, push, kept, scale):
    """Let the fluxes on all faces and the force in the subcells act on h, hu, hv of the halo."""
    m = 2 * len(order) + 1
    cells = m * m * PACK
    size = (m + 2) ** 2 * PACK
    for j in range(m):
        for i in range(m):
            left, right = (j + i * m) * FLUX * PACK, (j + (i + 1) * m) * FLUX * PACK
            below = ((m + 1) * m + i + j * m) * FLUX * PACK
            above = ((m + 1) * m + i + (j + 1) * m) * FLUX * PACK
            at = (j * m + i) * PACK
            origin = size + ((j + 1) * (m + 2) + i + 1) * PACK
            for w in range(PACK):
                mass_l, mass_r = flux[left + w], flux[right + w]
                mass_b, mass_t = flux[below + w], flux[above + w]
                p = flux[right + PACK + w] + flux[right + 3 * PACK + w]
                p -= flux[left + PACK + w] + flux[left + 4 * PACK + w]
                p += flux[above + 2 * PACK + w] - flux[below + 2 * PACK + w] + push[at + w]
                q = flux[above + PACK + w] + flux[above + 3 * PACK + w]
                q -= flux[below + PACK + w] + flux[below + 4 * PACK + w]
                q += flux[right + 2 * PACK + w] - flux[left + 2 * PACK + w] + push[cells + at + w]
                out = max(0.0, mass_r) + max(0.0, -mass_l)
                out += max(0.0, mass_t) + max(0.0, -mass_b)
                h = halo[origin + w]
                kept[at + w] = h - scale * (mass_r - mass_l + mass_t - mass_b)
                kept[cells + at + w] = halo[size + origin + w] - scale * p
                kept[2 * cells + at + w] = halo[2 * size + origin + w] - scale * q
                kept[3 * cells + at + w] = scale * out
                kept[4 * cells + at + w] = h


@njit(**KERNEL)
def add_edges(order, flux, kept, scale):
    """Let the fluxes through the edges of the patches act on h, hu, hv."""
    m = 2 * len(order) + 1
    cells = m * m * PACK
    faces = m * FLUX * PACK
    for k in range(m):
        left, right = k * m * PACK, (k * m + m - 1) * PACK
        face = k * FLUX * PACK
        for w in range(PACK):
            _add(flux, face + w, kept, left + w, cells, 1, scale)
            _add(flux, faces + face + w, kept, right + w, cells, 1, -scale)
    for k in range(m):
        below, above = k * PACK, ((m - 1) * m + k) * PACK
        face = 2 * faces + k * FLUX * PACK
        for w in range(PACK):
            _add(flux, face + w, kept, below + w, cells, 2, scale)
            _add(flux, faces + face + w, kept, above + w, cells, 2, -scale)


@njit(**INLINE)
def _add(flux, face, kept, at, cells, along, sign):
    """Let the flux through one face act on the subcell above (sign > 0) or below it."""
    mass = sign * flux[face]
    pressure = flux[face + (4 if sign > 0.0 else 3) * PACK]
    kept[at] += mass
    kept[at + along * cells] += sign * (flux[face + PACK] + pressure)
    kept[at + (3 - along) * cells] += sign * flux[face + 2 * PACK]
    kept[at + 3 * cells] += max(0.0, -mass)


@njit(**KERNEL)
def finish(
    order, new, edges, kept, sides, door_at, door_traces, project, door_flux, share, scarce, wet,
    sound, turn, row, g, dry, sea, step, dx, queue, first, last, thread,
):  # fmt: skip
    """Add the faces between patches and beside DG elements; h, hu, hv at the end of the step.

    Parameters
    ----------
    order, queue, kept, edges, first, last, thread
        See `begin`.
    new
        Output: averages of h, hu, hv.
    sides, door_at, door_traces, project
        See `exacouple.engine.neighbours.load_edges`.
    door_flux
        Output: fluxes through the faces at the doors, shape ``(doors, M, 5)``.
    share, scarce
        Output: share of the outgoing water that each subcell can give, shape ``(patches, M, M)``,
        set for the marked patches, in which some cannot give all.
    wet, sound
        Output: patches that hold water, and those whose values are finite.
    turn
        Cosine and sine of the angle by which the Coriolis force turns the flow in this step, shape
        ``(2, rows, M)``: rows of elements, rows of their subcells.
    row
        Row of elements of each patch.
    sea
        Height of water at rest beyond an open boundary.
    step, dx
        Time step, and width of a subcell.
    """
    m = 2 * len(order) + 1
    low, high = lanes(4 * m * STATE), lanes(4 * m * STATE)
    flux = lanes(4 * m * FLUX)
    angles, marks = lanes(2 * m), lanes(3)
    scale, awake, kept = step[0] / dx, queue[1 : 1 + queue[0]], kept[thread]
    for group in range(first, last):
        start = group * PACK
        own = kept[group % kept.shape[0]]
        load_edges(
            order, edges, sides, door_at, door_traces, project, awake, start, low, high, sea, g
        )
        solve(low, high, flux, ZERO, 4 * m, g)
        add_edges(order, flux, own, scale)
        keep_doors(order, flux, sides, door_at, door_flux, awake, start)
        load_angles(order, turn, row, awake, start, angles)
        advance(order, own, angles, marks, dry)
        _ration(order, own, marks, share, scarce, awake, start)
        scatter(order, own, marks, new, wet, sound, awake, start)


@njit(**KERNEL)
def keep_doors(order, flux, sides, door_at, door_flux, awake, start):
    m = 2 * len(order) + 1
    for lane in range(min(PACK, awake.size - start)):
        s = awake[start + lane]
        for side in range(4):
            if sides[s, side] == DG:
                for k in range(m):
                    for v in range(FLUX):
                        face = (side * m + k) * FLUX + v
                        door_flux[door_at[s, side], k, v] = flux[face * PACK + lane]


@njit(**KERNEL)
def _ration(order, kept, marks, share, scarce, awake, start):
    m = 2 * len(order) + 1
    cells = m * m
    for lane in range(min(PACK, awake.size - start)):
        s = awake[start + lane]
        scarce[s] = marks[2 * PACK + lane] > 0.0
        if scarce[s]:
            for j in range(m):
                for i in range(m):
                    out = kept[(3 * cells + j * m + i) * PACK + lane]
                    h = kept[(4 * cells + j * m + i) * PACK + lane]
                    share[s, j, i] = h / out if out > h else 1.0


@njit(**KERNEL)
def load_angles(order, turn, row, awake, start, angles):
    m = 2 * len(order) + 1
    for lane in range(PACK):
        r = row[awake[min(start + lane, awake.size - 1)]]
        for part in range(2):
            for j in range(m):
                angles[(part * m + j) * PACK + lane] = turn[part, r, j]


@njit(**KERNEL)
def advance(order, kept, angles, marks, dry):
    """Damp the flow where it is shallow and turn it.

    The marks of each lane are the greatest depth, a zero if all is finite, and the greatest lack of
    water to give away.
    """
    m = 2 * len(order) + 1
    cells = m * m * PACK
    for w in range(3 * PACK):
        marks[w] = 0.0
    for j in range(m):
        for i in range(m):
            at = (j * m + i) * PACK
            for w in range(PACK):
                cos, sin = angles[j * PACK + w], angles[(m + j) * PACK + w]
                h = kept[at + w]
                odd = 0.0 * (h + kept[cells + at + w] + kept[2 * cells + at + w])
                h = h if h > 0.0 else 0.0
                part = h * slowness(h, dry)
                p, q = part * kept[cells + at + w], part * kept[2 * cells + at + w]
                kept[at + w] = h
                kept[cells + at + w] = cos * p + sin * q
                kept[2 * cells + at + w] = cos * q - sin * p
                marks[w] = max(marks[w], h)
                marks[PACK + w] += odd
                lack = kept[3 * cells + at + w] - kept[4 * cells + at + w]
                marks[2 * PACK + w] = max(marks[2 * PACK + w], lack)


@njit(**KERNEL)
def scatter(order, kept, marks, new, wet, sound, awake, start):
    m = 2 * len(order) + 1
    for lane in range(min(PACK, awake.size - start)):
        s = awake[start + lane]
        for v in range(3):
            for j in range(m):
                for i in range(m):
                    new[s, v, j, i] = kept[((v * m + j) * m + i) * PACK + lane]
        wet[s] = marks[lane] > 0.0
        sound[s] = marks[PACK + lane] == 0.0


@njit(**KERNEL)
def rub(wet, w, drag, step, dry, first, last, thread):
    """Bottom friction on the averages of some patches, semi-implicit.

    ``drag`` is gravity times the square of Manning's coefficient, ``step`` that of `begin`.
    """
    dt = step[0]
    for s in range(first, last):
        if wet[s]:
            for j in range(w.shape[2]):
                for i in range(w.shape[3]):
                    h, p, q = w[s, 0, j, i], w[s, 1, j, i], w[s, 2, j, i]
                    if h > 0.0:
                        rate = drag * np.hypot(p, q) / (h * max(h, dry) ** (4.0 / 3.0))
                        w[s, 1, j, i] = p / (1.0 + dt * rate)
                        w[s, 2, j, i] = q / (1.0 + dt * rate)
