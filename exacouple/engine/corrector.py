"""Corrector of ADER-DG: Rusanov fluxes between elements, lifted onto the nodes.

The jump of the surface acts through the path-conservative fluctuation g (h_L + h_R) / 2 [eta],
half of it on either side of the face, so that water at rest stays at rest over any seabed.
"""

import numpy as np
from numba import njit

from exacouple.engine.predictor import LANES

FAST = {"contract", "nsz", "arcp"}

# Signs of eta, normal and transverse momentum, and their fluxes behind a mirror.
_MIRROR = np.array([1.0, -1.0, 1.0, 1.0, -1.0])[:, None]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def correct_rows(
    order, out, star, tx, ty, bx, by, gates, active, basis, dt, dx, g, first, last
):  # fmt: skip
    """Add the contributions of the faces to the predicted elements of some rows.

    Parameters
    ----------
    order, star, tx, ty, active, dt, dx, g, first, last
        As in `exacouple.engine.predictor.predict_rows`.
    out
        Output: eta, p, q at the end of the step, shape ``(rows, 3, n * n, columns)``.
    bx, by
        Seabed on the faces, shape ``(rows, 2, n, columns)``.
    gates
        1 where the face lies between two DG elements, else 0, shape ``(rows, 4, columns)``; faces
        in the order left, right, bottom, top.
    basis
        Tuple ``(lift_left, lift_right)``: basis values at the ends over the quadrature weights.
    """
    lift_left, lift_right = basis
    n = len(order) + 1
    nn = n * n
    work = np.empty((3 * nn + 3) * LANES)
    scale = dt / dx
    for row in range(first, last):
        for block in range(active.shape[1]):
            if not active[row, block]:
                continue
            c = 1 + block * LANES
            for v in range(3):
                for node in range(nn):
                    for w in range(LANES):
                        work[(v * nn + node) * LANES + w] = star[row, v, node, c + w]
            below, above = row - 1, row + 1
            for j in range(n):
                _jump_below(work, 3 * nn, tx[row], tx[row], bx[row], bx[row],
                            gates[row, 0], j, c - 1, c, g)  # fmt: skip
                _lift(order, work, 3 * nn, lift_left, scale, j, 1, 1)
                _jump_above(work, 3 * nn, tx[row], tx[row], bx[row], bx[row],
                            gates[row, 1], j, c, c + 1, g)  # fmt: skip
                _lift(order, work, 3 * nn, lift_right, -scale, j, 1, 1)
                _jump_below(work, 3 * nn, ty[below], ty[row], by[below], by[row],
                            gates[row, 2], j, c, c, g)  # fmt: skip
                _lift(order, work, 3 * nn, lift_left, scale, j, 0, 2)
                _jump_above(work, 3 * nn, ty[row], ty[above], by[row], by[above],
                            gates[row, 3], j, c, c, g)  # fmt: skip
                _lift(order, work, 3 * nn, lift_right, -scale, j, 0, 2)
            for v in range(3):
                for node in range(nn):
                    for w in range(LANES):
                        out[row, v, node, c + w] = work[(v * nn + node) * LANES + w]


@njit(inline="always")
def _jump_below(work, at, low, high, b_low, b_high, gate, j, c_low, c_high, g):
    """Flux difference that the element above a face sees: F* - fluctuation / 2 - F(own)."""
    for w in range(LANES):
        a, z = c_low + w, c_high + w
        h_low = low[1, 0, j, a] - b_low[1, j, a]
        h_high = high[0, 0, j, z] - b_high[0, j, z]
        jump = high[0, 0, j, z] - low[1, 0, j, a]
        s = _speed(h_low, low[1, 1, j, a], h_high, high[0, 1, j, z], g)
        push = 0.25 * g * (h_low + h_high) * jump
        shut = gate[c_high + w] == 0.0
        mass = low[1, 1, j, a] - high[0, 1, j, z] - s * jump
        along = low[1, 3, j, a] - high[0, 3, j, z] - s * (high[0, 1, j, z] - low[1, 1, j, a])
        across = low[1, 4, j, a] - high[0, 4, j, z] - s * (high[0, 2, j, z] - low[1, 2, j, a])
        work[at * LANES + w] = 0.0 if shut else 0.5 * mass
        work[(at + 1) * LANES + w] = 0.0 if shut else 0.5 * along - push
        work[(at + 2) * LANES + w] = 0.0 if shut else 0.5 * across


@njit(inline="always")
def _jump_above(work, at, low, high, b_low, b_high, gate, j, c_low, c_high, g):
    """Flux difference that the element below a face sees: F* + fluctuation / 2 - F(own)."""
    for w in range(LANES):
        a, z = c_low + w, c_high + w
        h_low = low[1, 0, j, a] - b_low[1, j, a]
        h_high = high[0, 0, j, z] - b_high[0, j, z]
        jump = high[0, 0, j, z] - low[1, 0, j, a]
        s = _speed(h_low, low[1, 1, j, a], h_high, high[0, 1, j, z], g)
        push = 0.25 * g * (h_low + h_high) * jump
        shut = gate[c_low + w] == 0.0
        mass = high[0, 1, j, z] - low[1, 1, j, a] - s * jump
        along = high[0, 3, j, z] - low[1, 3, j, a] - s * (high[0, 1, j, z] - low[1, 1, j, a])
        across = high[0, 4, j, z] - low[1, 4, j, a] - s * (high[0, 2, j, z] - low[1, 2, j, a])
        work[at * LANES + w] = 0.0 if shut else 0.5 * mass
        work[(at + 1) * LANES + w] = 0.0 if shut else 0.5 * along + push
        work[(at + 2) * LANES + w] = 0.0 if shut else 0.5 * across


@njit(inline="always")
def _speed(h_low, p_low, h_high, p_high, g):
    """Largest wave speed |u| + sqrt(g h) of both sides."""
    s_low = abs(p_low / h_low) + np.sqrt(g * h_low)
    s_high = abs(p_high / h_high) + np.sqrt(g * h_high)
    return max(s_low, s_high)


@njit(inline="always")
def _lift(order, work, at, lift, scale, j, along_x, momentum):
    """Spread the flux difference of face node j over the line of nodes behind it."""
    n = len(order) + 1
    nn = n * n
    for i in range(n):
        node = j * n + i if along_x else i * n + j
        weight = scale * lift[i]
        for w in range(LANES):
            work[node * LANES + w] += weight * work[at * LANES + w]
            normal = weight * work[(at + 1) * LANES + w]
            transverse = weight * work[(at + 2) * LANES + w]
            work[(momentum * nn + node) * LANES + w] += normal
            work[((3 - momentum) * nn + node) * LANES + w] += transverse


def fill_ghosts(tx, ty, columns, boundary):
    """Fill the traces that the outermost elements see from outside the domain.

    Parameters
    ----------
    tx, ty
        Traces as in `exacouple.engine.predictor.predict_rows`.
    columns
        Number of elements along x.
    boundary
        ``"periodic"``, ``"wall"`` (mirror: the normal momentum changes its sign) or ``"outflow"``
        (copy; the elements at such a boundary are left to the limiter).
    """
    low_x, high_x = tx[..., 1], tx[..., columns]
    if boundary == "periodic":
        tx[:, 1, ..., 0] = high_x[:, 1]
        tx[:, 0, ..., columns + 1] = low_x[:, 0]
        ty[0, 1] = ty[-2, 1]
        ty[-1, 0] = ty[1, 0]
        return
    sign = _MIRROR if boundary == "wall" else np.ones_like(_MIRROR)
    tx[:, 1, ..., 0] = sign * low_x[:, 0]
    tx[:, 0, ..., columns + 1] = sign * high_x[:, 1]
    ty[0, 1] = sign[..., None] * ty[1, 0]
    ty[-1, 0] = sign[..., None] * ty[-2, 1]
