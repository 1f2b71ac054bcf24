"""One sweep of a step over rows of elements: predict a row, then correct the row below it.

Only the traces of three rows are held at a time, so that they stay in the cache. The functions are
compiled once per order: `exacouple.engine.kernels` puts their source behind the generated kernels
of that order, whose constants and functions take the place of the stand-ins here.

Rows and columns count from 1; row and column 0 and the last ones lie outside the domain. The
element in column c is lane ``(c - 1) % LANES`` of block ``(c - 1) // LANES``.
"""

import numpy as np

from exacouple.engine.generate import LANES, TRACES, Layout

LAYOUT = Layout(3)
N = LAYOUT.n
NODES = LAYOUT.nodes
SIDE_SLOTS = LAYOUT.side_slots
FACE_SLOTS = LAYOUT.face_slots
STAR = LAYOUT.star
TRACES_OUT = LAYOUT.traces
OWN = LAYOUT.own
FAR = LAYOUT.far
GATES = LAYOUT.gates
WORK_SLOTS = LAYOUT.work_slots

OUTFLOW, WALL, PERIODIC = 0, 1, 2

# Verdicts on the candidate solution of an element.
FINE, TROUBLED, SHALLOW = 0, 1, 2


def predict(work, scale, g, spin):
    """Stand-in for the generated kernel."""


def correct(work, scale, g):
    """Stand-in for the generated kernel."""


def fastest(work, g):
    """Stand-in for the generated kernel."""


def predict_row(row, slot, u, bed, active, spin, work, star, tx, ty, scale, g):
    """Predict the elements of a row; keep their candidates and traces in one of three slots."""
    for block in range(active.shape[1]):
        if not active[row, block]:
            continue
        for k in range(3 * NODES * LANES):
            work[k] = u[row, block, k]
        for k in range(NODES * LANES):
            work[3 * NODES * LANES + k] = bed[row, block, k]
        predict(work, scale, g, spin[row])
        for k in range(3 * NODES * LANES):
            star[slot, block, k] = work[STAR * LANES + k]
        first = 1 + block * LANES
        for s in range(FACE_SLOTS):
            for w in range(LANES):
                tx[slot, s, first + w] = work[(TRACES_OUT + s) * LANES + w]
                ty[slot, s, first + w] = work[(TRACES_OUT + FACE_SLOTS + s) * LANES + w]


def mirrored(s):
    """Sign of trace s behind a wall: momentum along it and its shear flux change theirs."""
    trace = s // N
    return -1.0 if trace == 1 or trace == 4 else 1.0


def surround_row(slot, columns, tx, boundary):
    """Fill the traces left and right of the domain."""
    for s in range(SIDE_SLOTS):
        if boundary == PERIODIC:
            tx[slot, SIDE_SLOTS + s, 0] = tx[slot, SIDE_SLOTS + s, columns]
            tx[slot, s, columns + 1] = tx[slot, s, 1]
        elif boundary == WALL:
            tx[slot, SIDE_SLOTS + s, 0] = mirrored(s) * tx[slot, s, 1]
            tx[slot, s, columns + 1] = mirrored(s) * tx[slot, SIDE_SLOTS + s, columns]


def mirror_row(slot, inside, below, ty):
    """Fill the traces of the row behind a wall below or above the domain."""
    for s in range(SIDE_SLOTS):
        for c in range(ty.shape[2]):
            if below:
                ty[slot, SIDE_SLOTS + s, c] = mirrored(s) * ty[inside, s, c]
            else:
                ty[slot, s, c] = mirrored(s) * ty[inside, SIDE_SLOTS + s, c]


def keep_door_traces(slot, doors, first_door, last_door, tx, ty, door_traces):
    """Keep what the patches beside DG elements of this row need to see of them."""
    for door in range(first_door, last_door):
        column, side = doors[door, 1], doors[door, 2]
        upper = side % 2
        for s in range(TRACES * N):
            if side < 2:
                door_traces[door, s] = tx[slot, upper * SIDE_SLOTS + s, column]
            else:
                door_traces[door, s] = ty[slot, upper * SIDE_SLOTS + s, column]


def correct_row(row, bed, active, gates, work, star, tx, ty, out, scale, g):
    """Add the faces to the candidates of a row."""
    slot, below, above = row % 3, (row + 2) % 3, (row + 1) % 3
    for block in range(active.shape[1]):
        if not active[row, block]:
            continue
        first = 1 + block * LANES
        for k in range(3 * NODES * LANES):
            work[k] = star[slot, block, k]
        for k in range(NODES * LANES):
            work[3 * NODES * LANES + k] = bed[row, block, k]
        for s in range(FACE_SLOTS):
            for w in range(LANES):
                work[(OWN + s) * LANES + w] = tx[slot, s, first + w]
                work[(OWN + FACE_SLOTS + s) * LANES + w] = ty[slot, s, first + w]
        for s in range(SIDE_SLOTS):
            for w in range(LANES):
                at = (FAR + s) * LANES + w
                work[at] = tx[slot, SIDE_SLOTS + s, first - 1 + w]
                work[at + SIDE_SLOTS * LANES] = tx[slot, s, first + 1 + w]
                work[at + 2 * SIDE_SLOTS * LANES] = ty[below, SIDE_SLOTS + s, first + w]
                work[at + 3 * SIDE_SLOTS * LANES] = ty[above, s, first + w]
        for k in range(4 * LANES):
            work[GATES * LANES + k] = gates[row, block, k]
        correct(work, scale, g)
        for k in range(3 * NODES * LANES):
            out[row, block, k] = work[k]


def judge_rows(out, bed, active, limited, depth, verdict, first, last):
    """Judge the candidates of some rows; returns how many are not fine.

    A candidate is troubled if it is not finite or no deeper than ``depth`` at a node, and shallow
    if it is so near to that that its subcells need a look.
    """
    count = 0
    for row in range(first, last):
        count += judge_row(row, bed, active, limited, out, depth, verdict)
    return count


def judge_row(row, bed, active, limited, out, depth, verdict):
    """Judge the candidates of one row."""
    count = 0
    lowest = np.empty(LANES)
    odd = np.empty(LANES)
    for block in range(active.shape[1]):
        if not active[row, block]:
            continue
        for w in range(LANES):
            lowest[w] = out[row, block, w] - bed[row, block, w]
            odd[w] = 0.0
        for node in range(NODES):
            for w in range(LANES):
                k = node * LANES + w
                lowest[w] = min(lowest[w], out[row, block, k] - bed[row, block, k])
                odd[w] += 0.0 * (
                    out[row, block, k]
                    + out[row, block, NODES * LANES + k]
                    + out[row, block, 2 * NODES * LANES + k]
                )
        for w in range(LANES):
            column = 1 + block * LANES + w
            if column >= limited.shape[1] - 1 or limited[row, column] >= 0:
                continue
            verdict[row, column] = FINE
            if not (lowest[w] > 2.0 * depth and odd[w] == 0.0):
                verdict[row, column] = SHALLOW if odd[w] == 0.0 and lowest[w] > depth else TROUBLED
                count += 1
    return count


def fastest_wave(u, bed, active, limited, g):
    """Largest |u| + |v| + 2 sqrt(g h) at the nodes of the DG elements."""
    work = np.zeros(WORK_SLOTS * LANES)
    top = 0.0
    for row in range(1, active.shape[0] - 1):
        for block in range(active.shape[1]):
            if not active[row, block]:
                continue
            for k in range(3 * NODES * LANES):
                work[k] = u[row, block, k]
            for k in range(NODES * LANES):
                work[3 * NODES * LANES + k] = bed[row, block, k]
            fastest(work, g)
            for w in range(LANES):
                column = 1 + block * LANES + w
                if column < limited.shape[1] - 1 and limited[row, column] < 0:
                    top = max(top, work[STAR * LANES + w])
    return top


def sweep_rows(
    u, out, bed, gates, active, spin, doors, door_rows, door_traces, columns, boundary, dt, dx, g,
    first, last,
):  # fmt: skip
    """Advance the DG elements of the rows ``first`` to ``last - 1``, shut faces left out.

    Parameters
    ----------
    u, out
        Nodal eta, p, q at the start and the end of the step, shape
        ``(rows, blocks, 3 * NODES * LANES)``.
    bed
        Nodal seabed, shape ``(rows, blocks, NODES * LANES)``.
    gates
        1 where a face lies between two DG elements, else 0, shape ``(rows, blocks, 4 * LANES)``;
        faces in the order left, right, below, above.
    active
        Blocks that hold any DG element, shape ``(rows, blocks)``.
    spin
        Coriolis parameter times the element size on the lines of nodes, shape ``(rows, N)``.
    doors
        Row, column and side of the DG elements beside patches, in the order of their rows.
    door_rows
        Number of the first door of each row, shape ``(rows + 1,)``.
    door_traces
        Output: traces of the predictor at the doors, shape ``(doors, TRACES * N)``.
    columns
        Number of elements along x.
    boundary
        `OUTFLOW`, `WALL` or `PERIODIC`.
    dt, dx, g
        Time step, element size, gravity.
    """
    rows, blocks = active.shape
    scale = dt / dx
    work = np.zeros(WORK_SLOTS * LANES)
    star = np.zeros((3, blocks, 3 * NODES * LANES))
    tx = np.zeros((3, FACE_SLOTS, blocks * LANES + 2))
    ty = np.zeros((3, FACE_SLOTS, blocks * LANES + 2))
    for ahead in range(first - 1, last + 1):
        slot = ahead % 3
        inside = 0 < ahead < rows - 1
        if inside or boundary == PERIODIC:
            row = (ahead - 1) % (rows - 2) + 1
            predict_row(row, slot, u, bed, active, spin, work, star, tx, ty, scale, g)
            surround_row(slot, columns, tx, boundary)
        elif boundary == WALL and ahead > 0:
            mirror_row(slot, (ahead - 1) % 3, False, ty)
        if boundary == WALL and ahead == 1:
            mirror_row(0, slot, True, ty)
        if first <= ahead < last:
            keep_door_traces(
                slot, doors, door_rows[ahead], door_rows[ahead + 1], tx, ty, door_traces
            )
        if ahead > first:
            correct_row(ahead - 1, bed, active, gates, work, star, tx, ty, out, scale, g)
