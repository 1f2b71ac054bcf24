"""Where DG elements meet limited patches, and the test that decides which elements are limited."""

import numpy as np
from numba import njit

from exacouple.engine.compiling import JIT, KERNEL
from exacouple.engine.lanes import LANES

# Verdicts on the candidate solution of an element.
FINE, TROUBLED, SHALLOW = 0, 1, 2


@njit(**KERNEL)
def couple(
    order, out, door_flux, doors, door_traces, restrict, lift_left, lift_right, step, dx, first,
    last, thread,
):  # fmt: skip
    """Give DG elements the finite-volume fluxes of the limited patches beside them.

    The fluxes of the M subfaces become a polynomial on the N + 1 face nodes with the same mean, so
    that what leaves the one enters the other.

    Parameters
    ----------
    order
        Tuple of length N.
    out
        Nodal eta, p, q, see `exacouple.engine.sweep.sweep_rows`; changed in place.
    door_flux
        Fluxes of the patches at the doors, see `exacouple.engine.balance.finish`.
    doors
        Row, column and side of the DG element, and the patch, or -1 where another level lies
        beyond, shape ``(doors, 4)``.
    door_traces
        Traces of the predictor at the doors.
    restrict
        `exacouple.engine.basis.Basis.from_subcells`.
    lift_left, lift_right
        Basis values at the ends over the quadrature weights.
    step, dx
        Time step, in an array as it may change; size of an element.
    first, last
        Doors to treat: ``first`` to ``last - 1``, all or none of an element.
    """
    n = len(order) + 1
    nn = n * n
    m = 2 * n - 1
    scale = step[0] / dx
    for door in range(first, last):
        row, column, side = doors[door, 0], doors[door, 1], doors[door, 2]
        if doors[door, 3] < 0:
            continue
        block, lane = (column - 1) // LANES, (column - 1) % LANES
        direction, upper = side // 2, side % 2
        normal = 1 + direction
        for j in range(n):
            mass = -door_traces[door, n + j]
            along = -door_traces[door, 3 * n + j]
            across = -door_traces[door, 4 * n + j]
            for k in range(m):
                weight = restrict[j, k]
                pressure = door_flux[door, k, 3 if upper else 4]
                mass += weight * door_flux[door, k, 0]
                along += weight * (door_flux[door, k, 1] + pressure)
                across += weight * door_flux[door, k, 2]
            for i in range(n):
                node = j * n + i if direction == 0 else i * n + j
                weight = -scale * lift_right[i] if upper else scale * lift_left[i]
                out[row, block, node * LANES + lane] += weight * mass
                out[row, block, (normal * nn + node) * LANES + lane] += weight * along
                out[row, block, ((3 - normal) * nn + node) * LANES + lane] += weight * across


@njit(**KERNEL)
def look_again(order, out, bed, doors, lowest, least, first, last, thread):
    """Bring the least depth of the elements at some doors up to date, see `sweep.sweep_rows`.

    Values smaller than ``least`` become zero there too.
    """
    nn = (len(order) + 1) ** 2
    for door in range(first, last):
        row, column = doors[door, 0], doors[door, 1]
        block, lane = (column - 1) // LANES, (column - 1) % LANES
        low = np.inf
        for node in range(nn):
            at = node * LANES + lane
            h = out[row, block, at] - bed[row, block, at]
            low = h if h < low else low
            for v in range(3):
                value = out[row, block, at + v * nn * LANES]
                low += 0.0 * value
                if abs(value) < least:
                    out[row, block, at + v * nn * LANES] = 0.0
        lowest[row, block, lane] = low


@njit(**KERNEL)
def look_at_faces(order, out, bed, doors, lowest, project, left, right, first, last, thread):
    """Take what patches see of some elements into account in their least depth.

    Where the seabed is rough a polynomial may leave the water at a face though it is deep at all
    nodes. Seen are the averages over the subcells along the face.

    Parameters
    ----------
    out, bed, doors, lowest
        See `sweep.sweep_rows` and `exacouple.engine.limiter.Patches`.
    project
        `exacouple.engine.basis.Basis.to_subcells`.
    left, right
        Basis values at the ends.
    first, last
        Doors to treat: ``first`` to ``last - 1``.
    """
    n = len(order) + 1
    along = np.empty(n)
    for door in range(first, last):
        if doors[door, 3] < 0:
            continue
        row, column, side = doors[door, 0], doors[door, 1], doors[door, 2]
        block, lane = (column - 1) // LANES, (column - 1) % LANES
        ends = right if side % 2 else left
        for j in range(n):
            along[j] = 0.0
            for i in range(n):
                at = (j * n + i if side < 2 else i * n + j) * LANES + lane
                along[j] += ends[i] * (out[row, block, at] - bed[row, block, at])
        low = lowest[row, block, lane]
        for k in range(2 * n - 1):
            h = 0.0
            for j in range(n):
                h += project[k, j] * along[j]
            low = h if h < low else low
        lowest[row, block, lane] = low


@njit(**KERNEL)
def judge(lowest, limited, depth, verdict, doubtful, first, last, thread):
    """Judge the candidates of some rows by their least depth.

    A candidate is troubled if it is not finite or no deeper than ``depth`` at a node or a face
    beside a patch, and shallow if it is so near to that that its subcells need a look. How many are
    not fine goes to the thread's place in ``doubtful``.
    """
    count = 0
    flat = lowest.reshape(lowest.shape[0], -1)
    for row in range(first, last):
        verdict[row] = FINE
        near = 0
        for column in range(1, limited.shape[1] - 1):
            fine = flat[row, column - 1] > 2.0 * depth or limited[row, column] >= 0
            near += 0 if fine else 1
        if near == 0:
            continue
        for column in range(1, limited.shape[1] - 1):
            low = flat[row, column - 1]
            if not low > 2.0 * depth and limited[row, column] < 0:
                verdict[row, column] = SHALLOW if low > depth else TROUBLED
                count += 1
    doubtful[thread] = count


@njit(**JIT)
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


@njit(**KERNEL)
def fastest_wave(w, g, found, first, last, thread):
    """Largest |u| + |v| + 2 sqrt(g h) over the subcells of some patches.

    It goes to the thread's place in ``found`` if that is lower.
    """
    size = w.shape[2] * w.shape[3]
    flat = w.reshape(w.shape[0], 3, size)
    tops = np.zeros(size)
    for s in range(first, last):
        for k in range(size):
            h = flat[s, 0, k]
            wet = h > 0.0
            speed = (abs(flat[s, 1, k]) + abs(flat[s, 2, k])) / (h if wet else 1.0)
            top = speed + 2.0 * np.sqrt(g * h if wet else 0.0)
            top = top if wet else 0.0
            tops[k] = top if top > tops[k] else tops[k]
    for k in range(size):
        found[thread] = tops[k] if tops[k] > found[thread] else found[thread]


@njit(**KERNEL)
def ranges(order, values, active, low, high, first, last, thread):
    """Smallest and largest nodal eta, p, q in some rows of elements, ``(3, rows, columns)``.

    There is a column for every lane, and one before and behind them; blocks that are not active are
    left out.
    """
    nn = (len(order) + 1) ** 2
    for row in range(first, last):
        for block in range(values.shape[1]):
            if not active[row, block]:
                continue
            for v in range(3):
                at = v * nn * LANES
                for w in range(LANES):
                    a = z = values[row, block, at + w]
                    for node in range(1, nn):
                        value = values[row, block, at + node * LANES + w]
                        a = value if value < a else a
                        z = value if value > z else z
                    low[v, row, 1 + block * LANES + w] = a
                    high[v, row, 1 + block * LANES + w] = z


@njit(**JIT)
def patch_ranges(cells, w, bed, low, high):
    """Smallest and largest average of eta, p, q in each patch, in the place of its element."""
    for s in range(cells.shape[0]):
        row, column = cells[s, 0], cells[s, 1]
        for v in range(3):
            a, z = np.inf, -np.inf
            for j in range(w.shape[2]):
                for i in range(w.shape[3]):
                    value = w[s, v, j, i] + (bed[s, j, i] if v == 0 else 0.0)
                    a, z = min(a, value), max(z, value)
            low[v, row, column] = a
            high[v, row, column] = z


@njit(**KERNEL)
def find_oscillating(
    limited, low, high, new_low, new_high, observables, slack, scaling, verdict, found, first, last,
    thread,
):  # fmt: skip
    """Relaxed discrete maximum principle of Dumbser et al. (2014, J. Comput. Phys. 278, 47-75).

    The values at the end of the step must lie within those that the element and its eight
    neighbours had at its start, widened by ``max(slack, scaling * (high - low))``. How many more
    elements of the rows ``first`` to ``last - 1`` are troubled goes to the thread's place in
    ``found``.
    """
    rows, columns = limited.shape
    count = 0
    for row in range(first, last):
        above, below = min(row + 1, rows - 2), max(row - 1, 1)
        for column in range(1, columns - 1):
            if limited[row, column] >= 0 or verdict[row, column] == TROUBLED:
                continue
            for v in range(observables):
                a, z = low[v, row, column], high[v, row, column]
                for x in range(max(column - 1, 1), min(column + 2, columns - 1)):
                    a = min(a, low[v, below, x], low[v, row, x], low[v, above, x])
                    z = max(z, high[v, below, x], high[v, row, x], high[v, above, x])
                room = max(slack, scaling * (z - a))
                if new_low[v, row, column] < a - room or new_high[v, row, column] > z + room:
                    verdict[row, column] = TROUBLED
            if verdict[row, column] == TROUBLED:
                count += 1
    found[thread] = count


@njit(**KERNEL)
def rub(order, out, bed, limited, drag, step, first, last, thread):
    """Semi-implicit bottom friction on the nodes of the DG elements of some rows.

    Manning's law, (hu)_t = -g n^2 |u| hu / h^(4/3), with ``drag`` = g n^2; ``step`` is that of
    `couple`.
    """
    dt, nn = step[0], (len(order) + 1) ** 2
    for row in range(first, last):
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
