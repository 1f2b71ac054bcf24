"""One sweep of a step over rows of elements: predict a row, then correct the row below it.

Only the records of three rows are held at a time, so that they stay in the cache. The functions are
compiled once per order: `exacouple.engine.kernels` puts their source behind the generated kernels
of that order, whose constants and functions take the place of the stand-ins here.

Rows and columns count from 1; row and column 0 and the last ones lie outside the domain. The
element in column c is lane ``(c - 1) % LANES`` of block ``(c - 1) // LANES``.
"""

import numpy as np

from exacouple.engine.generate import LANES, TRACES, Layout

LAYOUT = Layout(3)
N = LAYOUT.n
SIDE_SLOTS = LAYOUT.side_slots
ACROSS_Y = LAYOUT.across_y
WORK_SLOTS = LAYOUT.work_slots
RECORD_SLOTS = LAYOUT.record_slots

OUTFLOW, WALL, PERIODIC = 0, 1, 2


def predict(u, bed, row, block, ring, place, work, scale, g, spin):
    """Stand-in for the generated kernel."""


def correct(ring, place, below, above, block, out, row, gates, bed, lowest, scale, g):
    """Stand-in for the generated kernel."""


def fastest(u, bed, row, block, tops, g):
    """Stand-in for the generated kernel."""


def mirrored(s):
    """Sign of trace s behind a wall: momentum across it and its shear flux change theirs."""
    trace = s // N
    return -1.0 if trace == 1 or trace == 4 else 1.0


def mirror_row(place, inside, below, ring):
    """Fill the traces of the row behind a wall below or above the domain."""
    low, high = ACROSS_Y, ACROSS_Y + SIDE_SLOTS
    to, origin = (high, low) if below else (low, high)
    for block in range(ring.shape[1]):
        for s in range(SIDE_SLOTS):
            for w in range(LANES):
                value = ring[inside, block, (origin + s) * LANES + w]
                ring[place, block, (to + s) * LANES + w] = mirrored(s) * value


def join_blocks(place, columns, boundary, ring):
    """Put the traces of the elements left and right of each block where the corrector reads them.

    See `exacouple.engine.generate.Layout`.
    """
    end, lane = (columns - 1) // LANES, (columns - 1) % LANES
    before, upper = 2 * LANES - 1, 2 * LANES
    for block in range(end):
        for s in range(SIDE_SLOTS):
            at = 3 * s * LANES
            ring[place, block, at + LANES] = ring[place, block + 1, at]
            ring[place, block + 1, at + before] = ring[place, block, at + upper + LANES - 1]
    if boundary == OUTFLOW:
        return
    for s in range(SIDE_SLOTS):
        at = 3 * s * LANES
        first, last = ring[place, 0, at], ring[place, end, at + upper + lane]
        if boundary == WALL:
            first, last = mirrored(s) * last, mirrored(s) * first
        ring[place, end, at + lane + 1] = first
        ring[place, 0, at + before] = last


def keep_door_traces(place, doors, first_door, last_door, ring, door_traces):
    """Keep what the patches beside DG elements of this row need to see of them."""
    for door in range(first_door, last_door):
        column, side = doors[door, 1], doors[door, 2]
        block, lane = (column - 1) // LANES, (column - 1) % LANES
        start, step = (2 * side, 3) if side < 2 else (ACROSS_Y + (side - 2) * SIDE_SLOTS, 1)
        for s in range(TRACES * N):
            door_traces[door, s] = ring[place, block, (start + s * step) * LANES + lane]


def fastest_wave(u, bed, active, limited, g):
    """Largest |u| + |v| + 2 sqrt(g h) at the nodes of the DG elements."""
    tops = np.empty(LANES, u.dtype)
    highest = 0.0
    for row in range(1, active.shape[0] - 1):
        for block in range(active.shape[1]):
            if not active[row, block]:
                continue
            fastest(u, bed, row, block, tops, g)
            for w in range(LANES):
                column = 1 + block * LANES + w
                if column < limited.shape[1] - 1 and limited[row, column] < 0:
                    highest = max(highest, tops[w])
    return highest


def sweep_rows(
    u, out, bed, gates, active, spin, doors, door_rows, door_traces, lowest, columns, boundary,
    scale, g, first, last,
):  # fmt: skip
    """Advance the DG elements of the rows ``first`` to ``last - 1``, shut faces left out.

    Parameters
    ----------
    u, out
        Nodal eta, p, q at the start and the end of the step, shape
        ``(rows, blocks, 3 * nodes * LANES)``.
    bed
        Nodal seabed, shape ``(rows, blocks, nodes * LANES)``.
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
    lowest
        Output: least depth at the nodes of each element at the end of the step, not a number if
        any of its values is not finite, shape ``(rows, blocks, LANES)``.
    columns
        Number of elements along x.
    boundary
        `OUTFLOW`, `WALL` or `PERIODIC`.
    scale, g
        Time step over element size, gravity.
    """
    rows, blocks = active.shape
    work = np.empty(WORK_SLOTS * LANES, u.dtype)
    ring = np.empty((3, blocks, RECORD_SLOTS * LANES), u.dtype)
    for ahead in range(first - 1, last + 1):
        place = ahead % 3
        inside = 0 < ahead < rows - 1
        if inside or boundary == PERIODIC:
            row = (ahead - 1) % (rows - 2) + 1
            for block in range(blocks):
                if active[row, block]:
                    predict(u, bed, row, block, ring, place, work, scale, g, spin)
            join_blocks(place, columns, boundary, ring)
        elif boundary == WALL and ahead > 0:
            mirror_row(place, (ahead - 1) % 3, False, ring)
        if boundary == WALL and ahead == 1:
            mirror_row(0, place, True, ring)
        if first <= ahead < last:
            keep_door_traces(
                place, doors, door_rows[ahead], door_rows[ahead + 1], ring, door_traces
            )
        if ahead > first:
            row, place, below, above = ahead - 1, (ahead + 2) % 3, (ahead + 1) % 3, ahead % 3
            for block in range(blocks):
                if active[row, block]:
                    correct(
                        ring, place, below, above, block, out, row, gates, bed, lowest, scale, g
                    )
