"""Where DG elements meet limited patches, and the test that decides which elements are limited."""

import numpy as np
from numba import njit

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_JIT)
def couple(order, out, flux, mixed, tx, ty, restrict, lift_left, lift_right, dt, dx):
    """Give DG elements the finite-volume fluxes of the limited patches beside them.

    The fluxes of the M subfaces become a polynomial on the N + 1 face nodes with the same mean, so
    that what leaves the one enters the other.

    Parameters
    ----------
    order
        Tuple of length N.
    out
        Nodal eta, p, q, shape ``(rows, 3, n * n, columns)``; changed in place.
    flux
        Fluxes of the patches as from `exacouple.engine.subcells.fluxes`.
    mixed
        Row, column and side of the DG element, and the patch, shape ``(faces, 4)``.
    tx, ty
        Traces of the predictor.
    restrict
        `exacouple.engine.basis.Basis.from_subcells`.
    lift_left, lift_right
        Basis values at the ends over the quadrature weights.
    """
    n = len(order) + 1
    m = 2 * n - 1
    scale = dt / dx
    for face in range(mixed.shape[0]):
        row, col, side, s = mixed[face]
        direction, upper = side // 2, side % 2
        at = 0 if upper else m
        trace = tx[row, upper] if direction == 0 else ty[row, upper]
        normal = 1 + direction
        for j in range(n):
            mass = -trace[1, j, col]
            along = -trace[3, j, col]
            across = -trace[4, j, col]
            for k in range(m):
                value = flux[s, direction, at, k]
                weight = restrict[j, k]
                mass += weight * value[0]
                along += weight * (value[1] + value[3 if upper else 4])
                across += weight * value[2]
            for i in range(n):
                node = j * n + i if direction == 0 else i * n + j
                weight = -scale * lift_right[i] if upper else scale * lift_left[i]
                out[row, 0, node, col] += weight * mass
                out[row, normal, node, col] += weight * along
                out[row, 3 - normal, node, col] += weight * across


@njit(**_JIT)
def find_troubled(order, out, b, limited, project, depth, troubled, first, last):
    """Mark DG elements that are not finite, or shallower than ``depth`` at a node or subcell."""
    n = len(order) + 1
    nn = n * n
    m = 2 * n - 1
    line = np.empty((m, n))
    count = 0
    for row in range(first, last):
        for col in range(1, troubled.shape[1]):
            troubled[row, col] = False
            if limited[row, col] >= 0:
                continue
            bad = False
            for node in range(nn):
                h = out[row, 0, node, col] - b[row, node, col]
                momentum = out[row, 1, node, col] + out[row, 2, node, col]
                bad |= not (h > depth and momentum - momentum == 0.0)
            if not bad and _near(out[row, 0], b[row], nn, col, 2.0 * depth):
                bad = _subcells_below(n, m, out[row, 0], b[row], col, project, depth, line)
            if bad:
                troubled[row, col] = True
                count += 1
    return count


@njit(inline="always")
def _near(eta, b, nn, col, depth):
    lowest = eta[0, col] - b[0, col]
    for node in range(1, nn):
        lowest = min(lowest, eta[node, col] - b[node, col])
    return lowest < depth


@njit(inline="always")
def _subcells_below(n, m, eta, b, col, project, depth, line):
    for k in range(m):
        for j in range(n):
            line[k, j] = 0.0
            for i in range(n):
                node = j * n + i
                line[k, j] += project[k, i] * (eta[node, col] - b[node, col])
    for k in range(m):
        for y in range(m):
            h = 0.0
            for j in range(n):
                h += project[y, j] * line[k, j]
            if not h > depth:
                return True
    return False


@njit(**_JIT)
def fastest(order, u, b, limited, w, dry, dx, g):
    """Largest (|u| + c) / dx + (|v| + c) / dx over all nodes and subcells, c = sqrt(g h)."""
    n = len(order) + 1
    nn = n * n
    top = 0.0
    for row in range(1, limited.shape[0] - 1):
        for col in range(1, limited.shape[1] - 1):
            if limited[row, col] >= 0:
                continue
            for node in range(nn):
                h = u[row, 0, node, col] - b[row, node, col]
                speed = (abs(u[row, 1, node, col]) + abs(u[row, 2, node, col])) / h
                top = max(top, speed + 2.0 * np.sqrt(g * h))
    for s in range(w.shape[0]):
        for j in range(w.shape[2]):
            for i in range(w.shape[3]):
                h = w[s, 0, j, i]
                if h > 0.0:
                    speed = (abs(w[s, 1, j, i]) + abs(w[s, 2, j, i])) / max(h, 1e-300)
                    top = max(top, speed + 2.0 * np.sqrt(g * h))
    return top / dx


@njit(**_JIT)
def extremes(order, u, limited, w, bed, low, high):
    """Smallest and largest eta, p, q of each element, shape ``(3, rows, columns)``."""
    nn = (len(order) + 1) ** 2
    for row in range(1, limited.shape[0] - 1):
        for col in range(1, limited.shape[1] - 1):
            s = limited[row, col]
            for v in range(3):
                if s < 0:
                    a = z = u[row, v, 0, col]
                    for node in range(1, nn):
                        a = min(a, u[row, v, node, col])
                        z = max(z, u[row, v, node, col])
                else:
                    lift = 1.0 if v == 0 else 0.0
                    a = z = w[s, v, 0, 0] + lift * bed[s, 0, 0]
                    for j in range(w.shape[2]):
                        for i in range(w.shape[3]):
                            value = w[s, v, j, i] + lift * bed[s, j, i]
                            a = min(a, value)
                            z = max(z, value)
                low[v, row, col] = a
                high[v, row, col] = z


@njit(**_JIT)
def find_oscillating(order, out, limited, low, high, observables, slack, scaling, troubled):
    """Relaxed discrete maximum principle of Dumbser et al. (2014, J. Comput. Phys. 278, 47-75).

    The nodal values at the end of the step must lie within those that the element and its eight
    neighbours had at its start, widened by ``max(slack, scaling * (high - low))``.
    """
    nn = (len(order) + 1) ** 2
    count = 0
    for row in range(1, limited.shape[0] - 1):
        for col in range(1, limited.shape[1] - 1):
            if limited[row, col] >= 0 or troubled[row, col]:
                continue
            for v in range(observables):
                a, z = low[v, row, col], high[v, row, col]
                for y in range(max(row - 1, 1), min(row + 2, limited.shape[0] - 1)):
                    for x in range(max(col - 1, 1), min(col + 2, limited.shape[1] - 1)):
                        a = min(a, low[v, y, x])
                        z = max(z, high[v, y, x])
                room = max(slack, scaling * (z - a))
                for node in range(nn):
                    value = out[row, v, node, col]
                    if value < a - room or value > z + room:
                        troubled[row, col] = True
            if troubled[row, col]:
                count += 1
    return count
