"""Finite-volume kernels of the limiter: MUSCL-Hancock with hydrostatic reconstruction.

A limited element is a patch of M x M subcells, M = 2 N + 1, with the averages of h, hu, hv and the
seabed b. Slopes of eta, h, u and v are limited; the seabed at a face follows as b = eta - h. Faces
use the hydrostatic reconstruction of Audusse et al. (2004, SIAM J. Sci. Comput. 25, 2050-2065) with
an HLL flux whose pressure is kept as the difference from either side, P* - g h*^2 / 2, and inside a
subcell the surface acts as g h delta(eta): water at rest stays at rest over wet and dry ground.

The arrays of all patches have the patch as first axis; subcells are indexed ``[y, x]``; sides are
left, right, bottom, top. Kernels run over the patches listed in ``awake``; the others are dry and
have dry patches around them.
"""

import numpy as np
from numba import njit

from exacouple.engine.generate import LANES

DG, WALL, OPEN = -1, -2, -3

JIT = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(inline="always")
def _limited(low, mid, high, steepness):
    a = steepness * (mid - low)
    z = steepness * (high - mid)
    if a * z <= 0.0:
        return 0.0
    centre = 0.5 * (high - low)
    if a > 0.0:
        return min(a, z, centre)
    return max(a, z, centre)


@njit(inline="always")
def velocity(h, momentum, dry):
    """Momentum over depth, damped where the depth is below the dry tolerance."""
    if h <= 0.0:
        return 0.0
    if h >= dry:
        return momentum / h
    return 2.0 * h * momentum / (h * h + dry * dry)


@njit(**JIT)
def gather(order, w, bed, sides, place, u, ground, project, dry, halo, awake):
    """Collect eta, h, u, v of each patch with one layer of neighbours around it.

    Parameters
    ----------
    order
        Tuple of length N.
    w, bed
        Averages of h, hu, hv, shape ``(patches, 3, M, M)``, and of b, ``(patches, M, M)``.
    sides
        Neighbour on each side, shape ``(patches, 4)``: number of a patch, or `DG`, `WALL`, `OPEN`.
    place
        Row and column of the element on each side, shape ``(patches, 4, 2)``.
    u, ground
        Nodal eta, p, q and seabed of the DG elements, see `exacouple.engine.sweep.sweep_rows`.
    project
        `exacouple.engine.basis.Basis.to_subcells`.
    dry
        Depth below which velocities are damped.
    halo
        Output, shape ``(patches, 4, M + 2, M + 2)``; the corners stay unset.
    """
    m = 2 * len(order) + 1
    for s in awake:
        for j in range(m):
            for i in range(m):
                _put(halo[s], j + 1, i + 1, w[s, 0, j, i], w[s, 1, j, i], w[s, 2, j, i],
                     bed[s, j, i], dry)  # fmt: skip
        for side in range(4):
            other = sides[s, side]
            for k in range(m):
                y, x = _beyond(side, k, m)
                yi, xi = _inside(side, k, m)
                if other >= 0:
                    yo, xo = _opposite(side, k, m)
                    _put(halo[s], y, x, w[other, 0, yo, xo], w[other, 1, yo, xo],
                         w[other, 2, yo, xo], bed[other, yo, xo], dry)  # fmt: skip
                elif other == DG:
                    row, column = place[s, side]
                    block, lane = (column - 1) // LANES, (column - 1) % LANES
                    yo, xo = _opposite(side, k, m)
                    eta = _average(order, project, u[row, block], 0, lane, yo, xo)
                    p = _average(order, project, u[row, block], 1, lane, yo, xo)
                    q = _average(order, project, u[row, block], 2, lane, yo, xo)
                    b = _average(order, project, ground[row, block], 0, lane, yo, xo)
                    _put(halo[s], y, x, eta - b, p, q, b, dry)
                    halo[s, 0, y, x] = eta
                else:
                    for v in range(4):
                        halo[s, v, y, x] = halo[s, v, yi + 1, xi + 1]
                    if other == WALL:
                        halo[s, 2 + side // 2, y, x] *= -1.0


@njit(inline="always")
def _put(halo, y, x, h, p, q, ground, dry):
    halo[0, y, x] = h + ground
    halo[1, y, x] = h
    halo[2, y, x] = velocity(h, p, dry)
    halo[3, y, x] = velocity(h, q, dry)


@njit(inline="always")
def _beyond(side, k, m):
    """Place in the halo of subcell k of the layer outside a side."""
    if side == 0:
        return k + 1, 0
    if side == 1:
        return k + 1, m + 1
    if side == 2:
        return 0, k + 1
    return m + 1, k + 1


@njit(inline="always")
def _inside(side, k, m):
    """Subcell k along a side of the patch itself."""
    if side == 0:
        return k, 0
    if side == 1:
        return k, m - 1
    if side == 2:
        return 0, k
    return m - 1, k


@njit(inline="always")
def _opposite(side, k, m):
    """Subcell k of the neighbour along the same side."""
    return _inside(side + 1 - 2 * (side % 2), k, m)


@njit(inline="always")
def _average(order, project, nodal, field, lane, y, x):
    n = len(order) + 1
    total = 0.0
    for j in range(n):
        line = 0.0
        for i in range(n):
            line += project[x, i] * nodal[(field * n * n + j * n + i) * LANES + lane]
        total += project[y, j] * line
    return total


@njit(**JIT)
def reconstruct(order, halo, faces, push, steepness, dt, dx, g, dry, awake):
    """Face values half a step ahead, and the surface force inside each subcell.

    Parameters
    ----------
    faces
        Output: eta, b, u, v on the four sides of each subcell, shape ``(patches, M, M, 4, 4)``.
    push
        Output: g h delta(eta) along x and y, shape ``(patches, 2, M, M)``.
    steepness
        Bound of the slopes: 1 is minmod, 2 the monotonised central limiter, 0 leaves the
        first-order Godunov scheme.
    dx
        Width of a subcell.
    """
    m = 2 * len(order) + 1
    half = 0.5 * dt / dx
    for s in awake:
        for j in range(m):
            for i in range(m):
                y, x = j + 1, i + 1
                eta = halo[s, 0, y, x]
                h = halo[s, 1, y, x]
                u = halo[s, 2, y, x]
                v = halo[s, 3, y, x]
                eta_x = _limited(halo[s, 0, y, x - 1], eta, halo[s, 0, y, x + 1], steepness)
                eta_y = _limited(halo[s, 0, y - 1, x], eta, halo[s, 0, y + 1, x], steepness)
                h_x = _limited(halo[s, 1, y, x - 1], h, halo[s, 1, y, x + 1], steepness)
                h_y = _limited(halo[s, 1, y - 1, x], h, halo[s, 1, y + 1, x], steepness)
                u_x = u_y = v_x = v_y = 0.0
                rise = u_step = v_step = 0.0
                if h > dry:
                    u_x = _limited(halo[s, 2, y, x - 1], u, halo[s, 2, y, x + 1], steepness)
                    u_y = _limited(halo[s, 2, y - 1, x], u, halo[s, 2, y + 1, x], steepness)
                    v_x = _limited(halo[s, 3, y, x - 1], v, halo[s, 3, y, x + 1], steepness)
                    v_y = _limited(halo[s, 3, y - 1, x], v, halo[s, 3, y + 1, x], steepness)
                    rise = -half * (u * h_x + h * u_x + v * h_y + h * v_y)
                    u_step = -half * (u * u_x + v * u_y + g * eta_x)
                    v_step = -half * (u * v_x + v * v_y + g * eta_y)
                    thin = h + rise - 0.5 * max(abs(h_x), abs(h_y))
                    if thin < 0.0:
                        rise = u_step = v_step = 0.0
                ground = eta - h
                b_x = eta_x - h_x
                b_y = eta_y - h_y
                eta += rise
                u += u_step
                v += v_step
                _face(faces[s, j, i, 0], eta - 0.5 * eta_x, ground - 0.5 * b_x,
                      u - 0.5 * u_x, v - 0.5 * v_x)  # fmt: skip
                _face(faces[s, j, i, 1], eta + 0.5 * eta_x, ground + 0.5 * b_x,
                      u + 0.5 * u_x, v + 0.5 * v_x)  # fmt: skip
                _face(faces[s, j, i, 2], eta - 0.5 * eta_y, ground - 0.5 * b_y,
                      u - 0.5 * u_y, v - 0.5 * v_y)  # fmt: skip
                _face(faces[s, j, i, 3], eta + 0.5 * eta_y, ground + 0.5 * b_y,
                      u + 0.5 * u_y, v + 0.5 * v_y)  # fmt: skip
                push[s, 0, j, i] = g * (h + rise) * eta_x
                push[s, 1, j, i] = g * (h + rise) * eta_y


@njit(inline="always")
def _face(out, eta, ground, u, v):
    out[0] = eta
    out[1] = ground
    out[2] = u
    out[3] = v


@njit(inline="always")
def _hll(eta_l, b_l, u_l, v_l, eta_r, b_r, u_r, v_r, g, out):
    """Mass, normal and transverse momentum flux, and P* - g h*^2 / 2 seen from left and right."""
    crest = max(b_l, b_r)
    h_l = max(0.0, eta_l - crest)
    h_r = max(0.0, eta_r - crest)
    for k in range(5):
        out[k] = 0.0
    if h_l == 0.0 and h_r == 0.0:
        return
    c_l = np.sqrt(g * h_l)
    c_r = np.sqrt(g * h_r)
    if h_l == 0.0:
        slow, fast = u_r - 2.0 * c_r, u_r + c_r
        u_l = 0.0
    elif h_r == 0.0:
        slow, fast = u_l - c_l, u_l + 2.0 * c_l
        u_r = 0.0
    else:
        root_l, root_r = np.sqrt(h_l), np.sqrt(h_r)
        mean = (root_l * u_l + root_r * u_r) / (root_l + root_r)
        c = np.sqrt(0.5 * g * (h_l + h_r))
        slow, fast = min(u_l - c_l, mean - c), max(u_r + c_r, mean + c)
    slow, fast = min(slow, 0.0), max(fast, 0.0)
    span = 1.0 / (fast - slow)
    p_l, p_r = h_l * u_l, h_r * u_r
    out[0] = (fast * p_l - slow * p_r + slow * fast * (h_r - h_l)) * span
    out[1] = (fast * p_l * u_l - slow * p_r * u_r + slow * fast * (p_r - p_l)) * span
    out[2] = out[0] * (v_l if out[0] > 0.0 else v_r)
    step = 0.5 * g * (h_l - h_r) * (h_l + h_r) * span
    out[3] = slow * step
    out[4] = fast * step


@njit(**JIT)
def fluxes(order, faces, flux, sides, door_at, door_traces, project, g, awake):
    """Numerical fluxes on all faces of the patches.

    Parameters
    ----------
    flux
        Output, shape ``(patches, 2, M + 1, M, 5)``: direction, face along it, subcell across it,
        and the values mass, normal and transverse momentum, pressure from below and from above.
    door_at
        Number of the door to a DG element on each side, shape ``(patches, 4)``.
    door_traces
        Traces of the predictor at the doors, see `exacouple.engine.sweep.sweep_rows`.
    """
    m = 2 * len(order) + 1
    edge = np.empty(4)
    for s in awake:
        for f in range(1, m):
            for k in range(m):
                a, z = faces[s, k, f - 1, 1], faces[s, k, f, 0]
                _hll(a[0], a[1], a[2], a[3], z[0], z[1], z[2], z[3], g, flux[s, 0, f, k])
                a, z = faces[s, f - 1, k, 3], faces[s, f, k, 2]
                _hll(a[0], a[1], a[3], a[2], z[0], z[1], z[3], z[2], g, flux[s, 1, f, k])
        for side in range(4):
            direction, upper = side // 2, side % 2
            normal, transverse = 2 + direction, 3 - direction
            other = sides[s, side]
            for k in range(m):
                yi, xi = _inside(side, k, m)
                own = faces[s, yi, xi, side]
                if other >= 0:
                    yo, xo = _opposite(side, k, m)
                    far = faces[other, yo, xo, side + 1 - 2 * upper]
                    for v in range(4):
                        edge[v] = far[v]
                elif other == DG:
                    trace = door_traces[door_at[s, side]]
                    _trace(order, project, trace, k, normal, transverse, edge)
                else:
                    for v in range(4):
                        edge[v] = own[v]
                    if other == WALL:
                        edge[normal] *= -1.0
                if upper:
                    _hll(own[0], own[1], own[normal], own[transverse],
                         edge[0], edge[1], edge[normal], edge[transverse],
                         g, flux[s, direction, m, k])  # fmt: skip
                else:
                    _hll(edge[0], edge[1], edge[normal], edge[transverse],
                         own[0], own[1], own[normal], own[transverse],
                         g, flux[s, direction, 0, k])  # fmt: skip


@njit(inline="always")
def _trace(order, project, trace, k, normal, transverse, edge):
    """Average over subcell k of the trace of a DG element: eta, b, u, v."""
    n = len(order) + 1
    eta = along = across = h = 0.0
    for j in range(n):
        weight = project[k, j]
        eta += weight * trace[j]
        along += weight * trace[n + j]
        across += weight * trace[2 * n + j]
        h += weight * trace[5 * n + j]
    edge[0] = eta
    edge[1] = eta - h
    edge[normal] = along / h
    edge[transverse] = across / h
