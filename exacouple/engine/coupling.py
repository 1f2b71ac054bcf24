"""Where DG elements meet limited patches, and the test that decides which elements are limited."""

import numpy as np
from numba import njit

from exacouple.engine.generate import LANES
from exacouple.engine.sweep import FINE, SHALLOW, TROUBLED

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_JIT)
def couple(order, out, flux, doors, door_traces, restrict, lift_left, lift_right, dt, dx):
    """Give DG elements the finite-volume fluxes of the limited patches beside them.

    The fluxes of the M subfaces become a polynomial on the N + 1 face nodes with the same mean, so
    that what leaves the one enters the other.

    Parameters
    ----------
    order
        Tuple of length N.
    out
        Nodal eta, p, q, see `exacouple.engine.sweep.sweep_rows`; changed in place.
    flux
        Fluxes of the patches as from `exacouple.engine.subcells.fluxes`.
    doors
        Row, column and side of the DG element, and the patch, shape ``(doors, 4)``.
    door_traces
        Traces of the predictor at the doors.
    restrict
        `exacouple.engine.basis.Basis.from_subcells`.
    lift_left, lift_right
        Basis values at the ends over the quadrature weights.
    """
    n = len(order) + 1
    nn = n * n
    m = 2 * n - 1
    scale = dt / dx
    for door in range(doors.shape[0]):
        row, column, side, s = doors[door]
        block, lane = (column - 1) // LANES, (column - 1) % LANES
        direction, upper = side // 2, side % 2
        at = 0 if upper else m
        normal = 1 + direction
        for j in range(n):
            mass = -door_traces[door, n + j]
            along = -door_traces[door, 3 * n + j]
            across = -door_traces[door, 4 * n + j]
            for k in range(m):
                weight = restrict[j, k]
                mass += weight * flux[s, direction, at, k, 0]
                along += weight * (
                    flux[s, direction, at, k, 1] + flux[s, direction, at, k, 3 if upper else 4]
                )
                across += weight * flux[s, direction, at, k, 2]
            for i in range(n):
                node = j * n + i if direction == 0 else i * n + j
                weight = -scale * lift_right[i] if upper else scale * lift_left[i]
                out[row, block, node * LANES + lane] += weight * mass
                out[row, block, (normal * nn + node) * LANES + lane] += weight * along
                out[row, block, ((3 - normal) * nn + node) * LANES + lane] += weight * across


@njit(**_JIT)
def settle_shallow(order, out, bed, project, depth, verdict):
    """Settle the candidates judged shallow by the depth of their subcells; count the troubled."""
    n = len(order) + 1
    m = 2 * n - 1
    count = 0
    for row in range(1, verdict.shape[0] - 1):
        for column in range(1, verdict.shape[1] - 1):
            if verdict[row, column] == SHALLOW:
                block, lane = (column - 1) // LANES, (column - 1) % LANES
                verdict[row, column] = FINE
                for y in range(m):
                    for x in range(m):
                        h = 0.0
                        for j in range(n):
                            for i in range(n):
                                k = (j * n + i) * LANES + lane
                                weight = project[y, j] * project[x, i]
                                h += weight * (out[row, block, k] - bed[row, block, k])
                        if not h > depth:
                            verdict[row, column] = TROUBLED
            if verdict[row, column] == TROUBLED:
                count += 1
    return count


@njit(**_JIT)
def fastest_wave(w, g):
    """Largest |u| + |v| + 2 sqrt(g h) over the subcells of all patches."""
    top = 0.0
    for s in range(w.shape[0]):
        for j in range(w.shape[2]):
            for i in range(w.shape[3]):
                h = w[s, 0, j, i]
                if h > 0.0:
                    speed = (abs(w[s, 1, j, i]) + abs(w[s, 2, j, i])) / h
                    top = max(top, speed + 2.0 * np.sqrt(g * h))
    return top


@njit(**_JIT)
def extremes(order, u, limited, w, bed, low, high):
    """Smallest and largest eta, p, q of each element, shape ``(3, rows, columns)``."""
    nn = (len(order) + 1) ** 2
    for row in range(1, limited.shape[0] - 1):
        for column in range(1, limited.shape[1] - 1):
            block, lane = (column - 1) // LANES, (column - 1) % LANES
            s = limited[row, column]
            for v in range(3):
                if s < 0:
                    a = z = u[row, block, v * nn * LANES + lane]
                    for node in range(1, nn):
                        value = u[row, block, (v * nn + node) * LANES + lane]
                        a = min(a, value)
                        z = max(z, value)
                else:
                    lift = 1.0 if v == 0 else 0.0
                    a = z = w[s, v, 0, 0] + lift * bed[s, 0, 0]
                    for j in range(w.shape[2]):
                        for i in range(w.shape[3]):
                            value = w[s, v, j, i] + lift * bed[s, j, i]
                            a = min(a, value)
                            z = max(z, value)
                low[v, row, column] = a
                high[v, row, column] = z


@njit(**_JIT)
def find_oscillating(order, out, limited, low, high, observables, slack, scaling, verdict):
    """Relaxed discrete maximum principle of Dumbser et al. (2014, J. Comput. Phys. 278, 47-75).

    The nodal values at the end of the step must lie within those that the element and its eight
    neighbours had at its start, widened by ``max(slack, scaling * (high - low))``. Returns how
    many more elements are troubled.
    """
    nn = (len(order) + 1) ** 2
    count = 0
    for row in range(1, limited.shape[0] - 1):
        for column in range(1, limited.shape[1] - 1):
            if limited[row, column] >= 0 or verdict[row, column] == TROUBLED:
                continue
            block, lane = (column - 1) // LANES, (column - 1) % LANES
            for v in range(observables):
                a, z = low[v, row, column], high[v, row, column]
                for y in range(max(row - 1, 1), min(row + 2, limited.shape[0] - 1)):
                    for x in range(max(column - 1, 1), min(column + 2, limited.shape[1] - 1)):
                        a = min(a, low[v, y, x])
                        z = max(z, high[v, y, x])
                room = max(slack, scaling * (z - a))
                for node in range(nn):
                    value = out[row, block, (v * nn + node) * LANES + lane]
                    if value < a - room or value > z + room:
                        verdict[row, column] = TROUBLED
            if verdict[row, column] == TROUBLED:
                count += 1
    return count


@njit(**_JIT)
def rub(order, out, bed, limited, drag, dt):
    """Semi-implicit bottom friction on the nodes of the DG elements.

    Manning's law, (hu)_t = -g n^2 |u| hu / h^(4/3), with ``drag`` = g n^2.
    """
    nn = (len(order) + 1) ** 2
    for row in range(1, limited.shape[0] - 1):
        for column in range(1, limited.shape[1] - 1):
            if limited[row, column] >= 0:
                continue
            block, lane = (column - 1) // LANES, (column - 1) % LANES
            for node in range(nn):
                at = node * LANES + lane
                h = out[row, block, at] - bed[row, block, at]
                p, q = out[row, block, at + nn * LANES], out[row, block, at + 2 * nn * LANES]
                kept = 1.0 / (1.0 + dt * drag * np.hypot(p, q) / h ** (7.0 / 3.0))
                out[row, block, at + nn * LANES] = kept * p
                out[row, block, at + 2 * nn * LANES] = kept * q
