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
WORK_SLOTS = LAYOUT.predictor_slots
CORRECTOR_SLOTS = LAYOUT.corrector_slots

OUTFLOW, WALL, PERIODIC = 0, 1, 2

# Verdicts on the candidate solution of an element.
FINE, TROUBLED, SHALLOW = 0, 1, 2


def predict(work, scale, g, spin):
    """Stand-in for the generated kernel."""


def correct(work, scale, g):
    """Stand-in for the generated kernel."""


def fastest(work, g):
    """Stand-in for the generated kernel."""


def predict_row(row, slot, u, bed, active, spin, work, ring, scale, g):
    """Predict the elements of a row; their candidates and traces go into one slot of the ring.

    What lies in the ring for a block is the work array of the corrector.
    """
    for block in range(active.shape[1]):
        if not active[row, block]:
            continue
        start, ground, record = u[row, block], bed[row, block], ring[slot, block]
        for k in range(3 * NODES * LANES):
            work[k] = start[k]
        for k in range(NODES * LANES):
            work[3 * NODES * LANES + k] = ground[k]
            record[3 * NODES * LANES + k] = ground[k]
        predict(work, scale, g, spin[row])
        for k in range(3 * NODES * LANES):
            record[k] = work[STAR * LANES + k]
        for k in range(2 * FACE_SLOTS * LANES):
            record[OWN * LANES + k] = work[TRACES_OUT * LANES + k]


def mirrored(s):
    """Sign of trace s behind a wall: momentum across it and its shear flux change theirs."""
    trace = s // N
    return -1.0 if trace == 1 or trace == 4 else 1.0


def mirror_row(slot, inside, below, ring):
    """Fill the traces of the row behind a wall below or above the domain."""
    low, high = OWN + FACE_SLOTS, OWN + FACE_SLOTS + SIDE_SLOTS
    to, origin = (high, low) if below else (low, high)
    for block in range(ring.shape[1]):
        for s in range(SIDE_SLOTS):
            for w in range(LANES):
                value = ring[inside, block, (origin + s) * LANES + w]
                ring[slot, block, (to + s) * LANES + w] = mirrored(s) * value


def keep_door_traces(slot, doors, first_door, last_door, ring, door_traces):
    """Keep what the patches beside DG elements of this row need to see of them."""
    for door in range(first_door, last_door):
        column, side = doors[door, 1], doors[door, 2]
        block, lane = (column - 1) // LANES, (column - 1) % LANES
        first = OWN + side // 2 * FACE_SLOTS + side % 2 * SIDE_SLOTS
        for s in range(TRACES * N):
            door_traces[door, s] = ring[slot, block, (first + s) * LANES + lane]


def gather_sides(slot, block, columns, boundary, ring):
    """Put the facing traces of the elements left and right where the corrector reads them."""
    record = ring[slot, block]
    low, high = OWN * LANES, (OWN + SIDE_SLOTS) * LANES
    left, right = FAR * LANES, (FAR + SIDE_SLOTS) * LANES
    for s in range(SIDE_SLOTS):
        at = s * LANES
        for w in range(LANES - 1):
            record[left + at + 1 + w] = record[high + at + w]
            record[right + at + w] = record[low + at + 1 + w]
    end, lane = (columns - 1) // LANES, (columns - 1) % LANES
    for s in range(SIDE_SLOTS):
        at = s * LANES
        if block > 0:
            record[left + at] = ring[slot, block - 1, high + at + LANES - 1]
        elif boundary == PERIODIC:
            record[left + at] = ring[slot, end, high + at + lane]
        elif boundary == WALL:
            record[left + at] = mirrored(s) * record[low + at]
        if block < end:
            record[right + at + LANES - 1] = ring[slot, block + 1, low + at]
        elif boundary == PERIODIC:
            record[right + at + lane] = ring[slot, 0, low + at]
        elif boundary == WALL:
            record[right + at + lane] = mirrored(s) * record[high + at + lane]


def correct_row(row, active, gates, columns, boundary, ring, out, scale, g):
    """Add the faces to the candidates of a row."""
    slot, below, above = row % 3, (row + 2) % 3, (row + 1) % 3
    for block in range(active.shape[1]):
        if not active[row, block]:
            continue
        gather_sides(slot, block, columns, boundary, ring)
        record, beneath, atop = ring[slot, block], ring[below, block], ring[above, block]
        for k in range(SIDE_SLOTS * LANES):
            from_below = beneath[(OWN + FACE_SLOTS + SIDE_SLOTS) * LANES + k]
            record[(FAR + 2 * SIDE_SLOTS) * LANES + k] = from_below
        for k in range(SIDE_SLOTS * LANES):
            from_above = atop[(OWN + FACE_SLOTS) * LANES + k]
            record[(FAR + 3 * SIDE_SLOTS) * LANES + k] = from_above
        shut = gates[row, block]
        for k in range(4 * LANES):
            record[GATES * LANES + k] = shut[k]
        correct(record, scale, g)
        done = out[row, block]
        for k in range(3 * NODES * LANES):
            done[k] = record[k]


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
    ring = np.zeros((3, blocks, CORRECTOR_SLOTS * LANES))
    for ahead in range(first - 1, last + 1):
        slot = ahead % 3
        inside = 0 < ahead < rows - 1
        if inside or boundary == PERIODIC:
            row = (ahead - 1) % (rows - 2) + 1
            predict_row(row, slot, u, bed, active, spin, work, ring, scale, g)
        elif boundary == WALL and ahead > 0:
            mirror_row(slot, (ahead - 1) % 3, False, ring)
        if boundary == WALL and ahead == 1:
            mirror_row(0, slot, True, ring)
        if first <= ahead < last:
            keep_door_traces(slot, doors, door_rows[ahead], door_rows[ahead + 1], ring, door_traces)
        if ahead > first:
            correct_row(ahead - 1, active, gates, columns, boundary, ring, out, scale, g)
