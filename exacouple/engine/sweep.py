"""One sweep of a step over rows of elements, from one block to the next.

As soon as a block is predicted, its faces to the row below are done, and then those between it and
the block before it. All that waits are the traces for the row above and the rows not yet done; so
they stay in the caches, however long a row is. The functions are compiled once per order:
`exacouple.engine.kernels` puts their source behind the generated kernels of that order, whose
constants and functions take the place of the stand-ins here.

Rows and columns count from 1; row and column 0 and the last ones lie outside the domain. The
element in column c is lane ``(c - 1) % LANES`` of block ``(c - 1) // LANES``.
"""

import numpy as np

from exacouple.engine.lanes import LANES, LINE_BYTES, TRACES, Layout

LAYOUT = Layout(3)
N = LAYOUT.n
LINE = LINE_BYTES // 8
SIDE_SLOTS = LAYOUT.side_slots
ACROSS_Y = LAYOUT.across_y
WORK_SLOTS = LAYOUT.work_slots
RECORD_SLOTS = LAYOUT.record_slots

OUTFLOW, WALL, PERIODIC = 0, 1, 2


def predict(u, bed, out, row, block, records, place, waiting, level, work, scale, g, spin):
    """Stand-in for the generated kernel."""


def meet(waiting, level, records, place, block, row, out, least, under, gates, bed, scale, g):
    """Stand-in for the generated kernel."""


def correct(records, place, block, row, out, gates, scale, g):
    """Stand-in for the generated kernel."""


def aligned(size, like):
    """Zeros that begin at the beginning of a cache line, as vector registers do then."""
    values = np.zeros(size + LINE, like.dtype)
    start = -(values.ctypes.data // values.itemsize) % LINE
    return values[start : start + size]


def bound(u, bed, row, block, tops, g):
    """Stand-in for the generated kernel."""


def fastest(u, bed, row, block, tops, g):
    """Stand-in for the generated kernel."""


def mirrored(s):
    """Sign of trace s behind a wall: momentum across it and its shear flux change theirs."""
    trace = s // N
    return -1.0 if trace == 1 or trace == 4 else 1.0


def mirror_rows(waiting, level, records, place, block, below):
    """Fill the traces of the row behind a wall below or above the domain."""
    for s in range(SIDE_SLOTS):
        for w in range(LANES):
            at, top = (ACROSS_Y + s) * LANES + w, s * LANES + w
            if below:
                waiting[1 - level, block, top] = mirrored(s) * records[place, at]
            else:
                records[place, at] = mirrored(s) * waiting[1 - level, block, top]


def join(records, low, lane, high):
    """Put the traces of two neighbouring elements where `correct` reads those of the other.

    They are the one in a lane of the record ``low`` and the first of ``high``, see
    `exacouple.engine.lanes.Layout`.
    """
    before, upper = 2 * LANES - 1, 2 * LANES
    for s in range(SIDE_SLOTS):
        at = 3 * s * LANES
        records[low, at + lane + 1] = records[high, at]
        records[high, at + before] = records[low, at + upper + lane]


def mirror_side(records, place, inside, outside):
    """Fill the traces behind a wall across x: from one lane of the three slots to another."""
    for s in range(SIDE_SLOTS):
        at = 3 * s * LANES
        records[place, at + outside] = mirrored(s) * records[place, at + inside]


def keep_door_traces(doors, door, end, block, records, place, waiting, level, door_traces):
    """Keep what the patches beside DG elements of a block need to see; returns the next door."""
    while door < end and (doors[door, 1] - 1) // LANES <= block:
        side, lane = doors[door, 2], (doors[door, 1] - 1) % LANES
        for s in range(TRACES * N):
            if side == 3:
                door_traces[door, s] = waiting[level, block, s * LANES + lane]
            else:
                slot = ACROSS_Y + s if side == 2 else 3 * s + 2 * side
                door_traces[door, s] = records[place, slot * LANES + lane]
        door += 1
    return door


def fastest_wave(u, bed, active, limited, g, found, first, last, thread):
    """Largest |u| + |v| + 2 sqrt(g h) at the nodes of the DG elements of some rows.

    It goes to the thread's place in ``found`` if that is lower. Blocks in which no element can
    reach the largest value so far are passed over.
    """
    tops = np.empty(LANES, u.dtype)
    highest = found[thread]
    for row in range(first, last):
        for block in range(active.shape[1]):
            if not active[row, block]:
                continue
            bound(u, bed, row, block, tops, g)
            if highest_of(tops, limited, row, block) > highest:
                fastest(u, bed, row, block, tops, g)
                highest = max(highest, highest_of(tops, limited, row, block))
    found[thread] = highest


def highest_of(tops, limited, row, block):
    """Largest value of the DG elements of a block."""
    highest = 0.0
    for w in range(LANES):
        column = 1 + block * LANES + w
        if column < limited.shape[1] - 1 and limited[row, column] < 0:
            highest = max(highest, tops[w])
    return highest


def sweep_rows(
    u, out, bed, gates, active, spin, doors, door_rows, door_traces, lowest, columns, boundary,
    step, dx, g, first, last, thread,
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
        1 where a face lies between two DG elements, else 0, shape ``(rows, blocks, 3 * LANES)``;
        faces in the order left, right, below.
    active
        Blocks that hold any DG element, shape ``(rows, blocks)``.
    spin
        Coriolis parameter times the element size on the lines of nodes, shape ``(rows, N)``.
    doors
        Row, column and side of the DG elements beside patches, in the order of rows and columns.
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
    step, dx, g
        Time step, in an array as it may change; size of an element, gravity.
    """
    scale = u.dtype.type(step[0] / dx)
    rows, blocks = active.shape
    lane = (columns - 1) % LANES
    work = aligned(WORK_SLOTS * LANES, u)
    records = aligned(2 * RECORD_SLOTS * LANES, u).reshape(2, RECORD_SLOTS * LANES)
    waiting = aligned(2 * blocks * SIDE_SLOTS * LANES, u).reshape(2, blocks, SIDE_SLOTS * LANES)
    # In the place of the row below the first one, which is not ours to finish.
    aside = np.zeros((1, blocks, out.shape[2]), u.dtype)
    least_aside = np.zeros((1, blocks, LANES), u.dtype)
    for row in range(first - 1, last + 1):
        level, origin = row % 2, (row - 1) % (rows - 2) + 1 if boundary == PERIODIC else row
        target, least = (out, lowest) if row > first else (aside, least_aside)
        under = row - 1 if row > first else 0
        door = door_rows[row]
        # The block behind the last one is the first again, and the one before that the last.
        for number in range(-1 if boundary == PERIODIC else 0, blocks + 1):
            block, place, before = number % blocks, number % 2, (number + 1) % 2
            if active[origin, block] and (number < blocks or boundary == PERIODIC):
                predict(
                    u, bed, out, origin, block, records, place, waiting, level, work, scale, g, spin
                )
            if row < first or number < 0:
                continue
            if 0 < number < blocks:
                join(records, before, LANES - 1, place)
            elif boundary == PERIODIC:
                join(records, before, lane, place)
            elif boundary == WALL and number == 0:
                mirror_side(records, place, 0, 2 * LANES - 1)
            elif boundary == WALL:
                mirror_side(records, before, 2 * LANES + lane, lane + 1)
            if number < blocks and boundary == WALL and (row == 1 or row == rows - 1):
                mirror_rows(waiting, level, records, place, block, row == 1)
            if number < blocks and (active[row - 1, block] or active[row, block]):
                meet(
                    waiting, level, records, place, block, row, target, least, under, gates, bed,
                    scale, g,
                )  # fmt: skip
            if number < blocks and row < last:
                door = keep_door_traces(
                    doors, door, door_rows[row + 1], block, records, place, waiting, level,
                    door_traces,
                )  # fmt: skip
            if number > 0 and row < last and active[row, number - 1]:
                correct(records, before, number - 1, row, out, gates, scale, g)


def trace_doors(u, out, bed, spin, doors, traces, scale, g, first, last, thread):
    """Traces of the predictor at some doors, without a sweep; those of a block follow each other.

    Parameters
    ----------
    u, bed, spin, doors, g
        See `sweep_rows`.
    scale
        Time step over element size; it may be a part of that of the sweep.
    out
        Its values in these blocks are lost.
    traces
        Output, shape ``(doors, TRACES * N)``.
    """
    blocks = u.shape[1]
    work = aligned(WORK_SLOTS * LANES, u)
    records = aligned(RECORD_SLOTS * LANES, u).reshape(1, RECORD_SLOTS * LANES)
    waiting = aligned(blocks * SIDE_SLOTS * LANES, u).reshape(1, blocks, SIDE_SLOTS * LANES)
    latest = (0, 0)
    for door in range(first, last):
        row, block = doors[door, 0], (doors[door, 1] - 1) // LANES
        if (row, block) != latest:
            predict(u, bed, out, row, block, records, 0, waiting, 0, work, scale, g, spin)
            latest = (row, block)
        keep_door_traces(doors, door, door + 1, block, records, 0, waiting, 0, traces)
