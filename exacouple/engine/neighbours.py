"""What limited elements see of their neighbours: patches, DG elements and the edge of the domain.

These kernels move values between the arrays of all patches, where each patch is one contiguous
piece, and the lanes of `exacouple.engine.subcells`. Sides are left, right, bottom, top.
"""

import numpy as np
from numba import njit

from exacouple.engine.compiling import INLINE, KERNEL, ZERO
from exacouple.engine.lanes import LANES
from exacouple.engine.subcells import PACK, STATE

# An element, the edge of the domain, and another level: there the state within goes on.
DG, WALL, OPEN, LEVEL = -1, -2, -3, -4


@njit(**INLINE)
def beyond(side, k, m):
    """Place (y, x) in the halo of subcell k of the layer outside a side."""
    if side == 0:
        return k + 1, 0
    if side == 1:
        return k + 1, m + 1
    if side == 2:
        return 0, k + 1
    return m + 1, k + 1


@njit(**INLINE)
def inside(side, k, m):
    """Place (y, x) of subcell k along a side of the patch itself."""
    if side == 0:
        return k, 0
    if side == 1:
        return k, m - 1
    if side == 2:
        return 0, k
    return m - 1, k


@njit(**INLINE)
def facing(side):
    """The side of the neighbour that faces a side."""
    return side + 1 - 2 * (side % 2)


@njit(**KERNEL)
def gather(order, w, bed, sides, place, u, ground, project, awake, first, halo):
    """Put eta, h, hu, hv of `PACK` patches and of one layer around them into the halo.

    Parameters
    ----------
    order
        Tuple of length N.
    w, bed
        Averages of h, hu, hv, shape ``(patches, 3, M, M)``, and of b, ``(patches, M, M)``.
    sides
        Neighbour on each side, shape ``(patches, 4)``: number of a patch, or `DG`, `WALL`, `OPEN`,
        `LEVEL`.
    place
        Row and column of the element on each side, shape ``(patches, 4, 2)``.
    u, ground
        Nodal eta, p, q and seabed of the DG elements, see `exacouple.engine.sweep.sweep_rows`.
    project
        `exacouple.engine.basis.Basis.to_subcells`.
    awake, first
        Numbers of patches, and where in it to begin; the last one is taken again beyond the end.
    halo
        Output, flat, shape ``(4, M + 2, M + 2, PACK)``; the corners stay unset.
    """
    m = 2 * len(order) + 1
    size = (m + 2) ** 2 * PACK
    lines = np.empty((4, len(order) + 1))
    for lane in range(PACK):
        s = awake[min(first + lane, awake.size - 1)]
        for j in range(m):
            for i in range(m):
                at = ((j + 1) * (m + 2) + i + 1) * PACK + lane
                h = w[s, 0, j, i]
                halo[at] = h + bed[s, j, i]
                halo[size + at] = h
                halo[2 * size + at] = w[s, 1, j, i]
                halo[3 * size + at] = w[s, 2, j, i]
        for side in range(4):
            other = sides[s, side]
            if other == DG:
                row, column = place[s, side, 0], place[s, side, 1]
                for v in range(3):
                    _edge_line(order, project, u[row], v, column, side, lines[v])
                _edge_line(order, project, ground[row], ZERO, column, side, lines[3])
            for k in range(m):
                y, x = beyond(side, k, m)
                at = (y * (m + 2) + x) * PACK + lane
                if other >= 0:
                    y, x = inside(facing(side), k, m)
                    h = w[other, 0, y, x]
                    halo[at] = h + bed[other, y, x]
                    halo[size + at] = h
                    halo[2 * size + at] = w[other, 1, y, x]
                    halo[3 * size + at] = w[other, 2, y, x]
                elif other == DG:
                    eta = _average(order, project, lines[0], k)
                    halo[at] = eta
                    halo[size + at] = eta - _average(order, project, lines[3], k)
                    halo[2 * size + at] = _average(order, project, lines[1], k)
                    halo[3 * size + at] = _average(order, project, lines[2], k)
                else:
                    y, x = inside(side, k, m)
                    own = ((y + 1) * (m + 2) + x + 1) * PACK + lane
                    for v in range(4):
                        halo[v * size + at] = halo[v * size + own]
                    if other == WALL:
                        halo[(2 + side // 2) * size + at] *= -1.0


@njit(**INLINE)
def _edge_line(order, project, values, field, column, side, line):
    """Averages of a DG element over the width of the subcells beside a patch, on nodes along it."""
    n = len(order) + 1
    at = 0 if side % 2 else 2 * n - 2
    block, lane = (column - 1) // LANES, (column - 1) % LANES
    along, across = (n, 1) if side < 2 else (1, n)
    for j in range(n):
        line[j] = 0.0
        for i in range(n):
            node = field * n * n + j * along + i * across
            line[j] += project[at, i] * values[block, node * LANES + lane]


@njit(**INLINE)
def _average(order, project, line, k):
    """Average over the subcell k of values on a line of nodes."""
    total = 0.0
    for j in range(len(order) + 1):
        total += project[k, j] * line[j]
    return total


@njit(**KERNEL)
def keep_edges(order, low, high, awake, first, edges):
    """Keep the states within `PACK` patches at their edges, shape ``(patches, 4, M, 4)``."""
    m = 2 * len(order) + 1
    for lane in range(min(PACK, awake.size - first)):
        s = awake[first + lane]
        for side in range(4):
            face = (side // 2 * (m + 1) + side % 2 * m) * m
            states = low if side % 2 else high
            for k in range(m):
                for v in range(STATE):
                    edges[s, side, k, v] = states[((face + k) * STATE + v) * PACK + lane]


@njit(**KERNEL)
def load_edges(
    order, edges, sides, door_at, door_traces, project, awake, first, low, high, sea, g
):  # fmt: skip
    """Put the states on both sides of the edges of `PACK` patches into lanes.

    Parameters
    ----------
    edges
        See `keep_edges`.
    door_at
        Number of the door to a DG element on each side, shape ``(patches, 4)``.
    door_traces
        Traces of the predictor at the doors, see `exacouple.engine.sweep.sweep_rows`.
    low, high
        Output: states below and above the ``4 M`` faces, side by side.
    sea, g
        See `_open`.
    """
    m = 2 * len(order) + 1
    for lane in range(PACK):
        s = awake[min(first + lane, awake.size - 1)]
        for side in range(4):
            other = sides[s, side]
            own, far = (low, high) if side % 2 else (high, low)
            for k in range(m):
                at = (side * m + k) * STATE * PACK + lane
                for v in range(STATE):
                    own[at + v * PACK] = edges[s, side, k, v]
                if other >= 0:
                    for v in range(STATE):
                        far[at + v * PACK] = edges[other, facing(side), k, v]
                elif other == DG:
                    _trace(order, project, door_traces, door_at[s, side], k, far, at)
                else:
                    for v in range(STATE):
                        far[at + v * PACK] = edges[s, side, k, v]
                    if other == WALL:
                        far[at + 2 * PACK] *= -1.0
                    elif other == OPEN:
                        spread = _spread(edges, sides, s, side, k)
                        _open(far, at, 1.0 if side % 2 else -1.0, spread, sea, g)


@njit(**INLINE)
def _spread(edges, sides, s, side, k):
    """By how much the discharge h v along an open edge grows over the width of subcell k.

    A difference over two subcells, at corners of the domain and beside another level over one.
    """
    last = edges.shape[2] - 1
    ends = 2 - 2 * (side // 2)
    low, i = (s, k - 1) if k > 0 else (sides[s, ends], last)
    high, j = (s, k + 1) if k < last else (sides[s, ends + 1], 0)
    part = 0.5 if low >= 0 and high >= 0 else 1.0
    low, i = (low, i) if low >= 0 else (s, k)
    high, j = (high, j) if high >= 0 else (s, k)
    return part * (_discharge(edges, high, side, j) - _discharge(edges, low, side, i))


@njit(**INLINE)
def _discharge(edges, s, side, k):
    return (edges[s, side, k, 0] - edges[s, side, k, 1]) * edges[s, side, k, 3]


@njit(**INLINE)
def _open(far, at, outward, spread, sea, g):
    """Turn the state within into that beyond an open boundary, from which no energy comes in.

    With the velocity u outward, v along the edge (y), ``c = sqrt(g h)`` and the rise over the water
    at rest, which is at ``sea``, or on land at the ground, ``a = rise + u c / g`` leaves and
    ``b = rise - u c / g`` enters. Within, ``b_t = c b_x - (h v)_y``. A plane wave that leaves at
    the angle t to the normal has ``b = (1 - cos t) rise``, hence ``b_t = -(h v)_y / (1 + cos t)``;
    with cos t = 1 that is the second order of Engquist and Majda (1977, Math. Comp. 31, 629-651),
    which suits circular waves as well (Bayliss and Turkel 1980, Comm. Pure Appl. Math. 33,
    707-725). The way of the water is taken for that of the wave, and b beyond the boundary is such
    that its slope over a subcell, of width dx, makes up for the difference:
    ``c b_x = (h v)_y cos t / (1 + cos t)``.

    That holds for waves much lower than the water is deep: over reefs the neighbours may be so much
    deeper that ``(h v)_y dx`` is cut to the size of ``h c``.

    Energy leaves at the rate ``g h rise u``, a quarter of ``g c (a^2 - b^2)``: b is cut to the size
    of a.

    Parameters
    ----------
    far, at
        States, and where that within is, which is replaced.
    outward
        Sign of the outward normal.
    spread
        ``(h v)_y dx``.
    sea, g
        Height of water at rest, and gravity.
    """
    eta, ground, u = far[at], far[at + PACK], outward * far[at + 2 * PACK]
    h = eta - ground
    if not h > 0.0:
        return
    calm = sea if sea > ground else ground
    speed = abs(u) + np.hypot(u, far[at + 3 * PACK])
    share = abs(u) / speed if speed > 0.0 else 0.0
    a = eta - calm + u * np.sqrt(h / g)
    gain = min(max(spread / np.sqrt(g * h), -h), h)
    b = eta - calm - u * np.sqrt(h / g) + share * gain
    b = min(max(b, -abs(a)), abs(a))
    far[at] = calm + 0.5 * (a + b)
    far[at + 2 * PACK] = outward * 0.5 * (a - b) * np.sqrt(g / h)


@njit(**INLINE)
def _trace(order, project, door_traces, door, k, far, at):
    """Average over subcell k of the trace of a DG element."""
    n = len(order) + 1
    eta = along = across = h = 0.0
    for j in range(n):
        weight = project[k, j]
        eta += weight * door_traces[door, j]
        along += weight * door_traces[door, n + j]
        across += weight * door_traces[door, 2 * n + j]
        h += weight * door_traces[door, 5 * n + j]
    far[at] = eta
    far[at + PACK] = eta - h
    far[at + 2 * PACK] = along / h
    far[at + 3 * PACK] = across / h
