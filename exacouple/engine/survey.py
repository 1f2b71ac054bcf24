"""Kernel that gives the greatest water height and speed and the mean depth of each cell."""

import numpy as np
from numba import njit

from exacouple.engine.compiling import KERNEL
from exacouple.engine.lanes import LANES
from exacouple.engine.subcells import slowness


@njit(**KERNEL)
def survey_rows(
    u, bed, at, w, ground, weights, wet, dry, height, speed, depth, first, last, thread
):  # fmt: skip
    """Survey the cells of the rows ``first`` to ``last - 1``.

    Parameters
    ----------
    u, bed
        Nodal eta, p, q and seabed, see `exacouple.engine.sweep.sweep_rows`.
    at, w, ground
        Number of the patch of each element, or a number that is none; averages of h, p, q and
        seabed of the patches.
    weights
        Quadrature weights of the nodes, shape ``(nodes,)``.
    wet, dry
        Depth from which a subcell is wet; depth below which velocities are damped.
    height, speed, depth
        Output: greatest eta and squared speed, NaN where nothing is wet, and mean depth, shape
        ``(ny, nx)``.
    """
    nodes = weights.size
    columns = at.shape[1] - 2
    work = np.empty((4 * nodes + 3) * LANES)
    result = 4 * nodes * LANES
    for row in range(first, last):
        for block in range(u.shape[1]):
            for k in range(3 * nodes * LANES):
                work[k] = u[row, block, k]
            for k in range(nodes * LANES):
                work[3 * nodes * LANES + k] = bed[row, block, k]
            _survey_block(work, nodes, weights)
            for lane in range(min(LANES, columns - block * LANES)):
                column = block * LANES + lane
                s = at[row, column + 1]
                if 0 <= s < w.shape[0]:
                    _survey_patch(s, w, ground, wet, dry, work, result + lane)
                height[row - 1, column] = work[result + lane]
                speed[row - 1, column] = work[result + LANES + lane]
                depth[row - 1, column] = work[result + 2 * LANES + lane]


@njit(**KERNEL)
def _survey_block(work, nodes, weights):
    """Survey the elements of a block as if all were deep."""
    result = 4 * nodes * LANES
    for lane in range(LANES):
        work[result + lane] = work[lane]
        work[result + LANES + lane] = 0.0
        work[result + 2 * LANES + lane] = 0.0
    for node in range(nodes):
        for lane in range(LANES):
            k = node * LANES + lane
            eta, p, q = work[k], work[k + nodes * LANES], work[k + 2 * nodes * LANES]
            h = eta - work[k + 3 * nodes * LANES]
            top, fast = work[result + lane], work[result + LANES + lane]
            squared = (p * p + q * q) / (h * h)
            work[result + lane] = eta if eta > top else top
            work[result + LANES + lane] = squared if squared > fast else fast
            work[result + 2 * LANES + lane] += weights[node] * h


@njit(inline="always")
def _survey_patch(s, w, ground, wet, dry, work, result):
    """Survey a limited element."""
    m = w.shape[2]
    top = fast = np.nan
    mean = 0.0
    for j in range(m):
        for i in range(m):
            h = w[s, 0, j, i]
            mean += h / (m * m)
            if h >= wet:
                eta = h + ground[s, j, i]
                x = slowness(h, dry) * w[s, 1, j, i]
                y = slowness(h, dry) * w[s, 2, j, i]
                if not eta <= top:
                    top = eta
                if not x * x + y * y <= fast:
                    fast = x * x + y * y
    work[result] = top
    work[result + LANES] = fast
    work[result + 2 * LANES] = mean
