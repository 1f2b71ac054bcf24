"""Faces between two levels of refinement: the fluxes through them, with nothing lost or gained.

A coarse element meets three fine ones on each such face. The trace of its predictor, averaged over
a third of its time step, is evaluated at the nodes of the fine faces; there both sides see the
same Rusanov flux and path-conservative fluctuation as between two elements of one level
(`exacouple.engine.generate`). What the coarse element takes is the projection (L2) of those of the
three faces and the three steps, so that mass is kept to round-off; as the surface eta is what jumps
and not the depth, water at rest stays at rest although each side has its own seabed.
"""

import numpy as np
from numba import njit

from exacouple.engine.basis import Array, Basis
from exacouple.engine.compiling import INLINE, JIT
from exacouple.engine.lanes import LANES, TRACES

RATIO = 3
"""Fine elements along the face of a coarse one, and fine steps in a coarse step."""


def to_thirds(basis: Basis) -> Array:
    """Values of the basis functions at the nodes of the three fine faces, shape ``(3, n, n)``."""
    return np.array(
        [[basis.values_at((node + k) / RATIO) for node in basis.nodes] for k in range(RATIO)]
    )


def from_thirds(basis: Basis) -> Array:
    """Projection (L2) from the nodes of the three fine faces to the coarse ones, ``(n, 3, n)``."""
    weighted = to_thirds(basis) * (basis.weights / RATIO)[:, None]
    result: Array = np.moveaxis(weighted, 2, 0) / basis.weights[:, None, None]
    return result


def thirds_of_step(first: Array, second: Array, whole: Array) -> list[Array]:
    """Averages over each third of a step from those over one, two and all three of them.

    A value that does not change in time keeps its bits.
    """
    return [first, second + (second - first), whole + 2.0 * (whole - second)]


@njit(**JIT)
def exchange(order, fine, fine_at, coarse, links, sides, up, down, weights, g, inward, outward):
    """Find what the fluxes through all faces give to both sides in one fine step.

    Parameters
    ----------
    order
        Tuple of length N.
    fine, fine_at
        Traces at the doors of the fine level, and the doors of its rims.
    coarse
        Traces at the rims of the coarse level, averaged over the fine step.
    links
        The three fine rims that face each coarse one, shape ``(coarse rims, 3)``.
    sides
        Side of the coarse elements on which each coarse rim is.
    up, down
        See `to_thirds` and `from_thirds`.
    weights
        Quadrature weights of the nodes.
    g
        Gravity.
    inward
        Output: flux less own flux of mass, normal and transverse momentum, of the fine elements,
        shape ``(fine rims, 3, n)``.
    outward
        Output: the same of the coarse elements, shape ``(coarse rims, 3, n)``.
    """
    n = len(order) + 1
    ours, theirs = np.empty((TRACES, n)), np.empty((TRACES, n))
    outward[:] = 0.0
    for rim in range(links.shape[0]):
        sign = 1.0 if sides[rim] % 2 else -1.0
        for k in range(links.shape[1]):
            number = links[rim, k]
            for t in range(TRACES):
                for j in range(n):
                    ours[t, j] = fine[fine_at[number], t * n + j]
                    theirs[t, j] = 0.0
                    for i in range(n):
                        theirs[t, j] += up[k, j, i] * coarse[rim, t * n + i]
            s = max(_speed(ours, weights, g), _speed(theirs, weights, g))
            for j in range(n):
                # From the coarse to the fine side, along the axis if the fine one is the upper.
                rise = sign * (ours[0, j] - theirs[0, j])
                push = 0.25 * g * (ours[5, j] + theirs[5, j]) * rise
                for v in range(3):
                    own = ours[1 if v == 0 else 2 + v, j]
                    far = theirs[1 if v == 0 else 2 + v, j]
                    loss = s * sign * (ours[v, j] - theirs[v, j])
                    force = push if v == 1 else 0.0
                    inward[number, v, j] = 0.5 * (far - own - loss) - sign * force
                    given = 0.5 * (own - far - loss) + sign * force
                    for i in range(n):
                        outward[rim, v, i] += down[i, k, j] * given


@njit(**INLINE)
def _speed(traces, weights, g):
    """Wave speed |u| + sqrt(g h) on a face, from the means of momentum and h."""
    h = p = 0.0
    for j in range(weights.size):
        h += weights[j] * traces[5, j]
        p += weights[j] * traces[1, j]
    return abs(p / h) + np.sqrt(g * h)


@njit(**JIT)
def lift(order, out, rims, given, lift_left, lift_right, scale):
    """Let what was found on the faces act on the elements there.

    Parameters
    ----------
    order
        Tuple of length N.
    out
        Nodal eta, p, q, see `exacouple.engine.sweep.sweep_rows`; changed in place.
    rims
        Row, column and side of the elements, see `exacouple.engine.limiter.Patches`.
    given
        Flux less own flux at the nodes of the faces, as from `exchange`.
    lift_left, lift_right
        Basis values at the ends over the quadrature weights.
    scale
        Time step over the size of an element.
    """
    n = len(order) + 1
    nn = n * n
    for rim in range(rims.shape[0]):
        row, column, side = rims[rim, 0], rims[rim, 1], rims[rim, 2]
        block, lane = (column - 1) // LANES, (column - 1) % LANES
        direction, upper = side // 2, side % 2
        normal = 1 + direction
        for j in range(n):
            for i in range(n):
                node = (j * n + i if direction == 0 else i * n + j) * LANES + lane
                weight = -scale * lift_right[i] if upper else scale * lift_left[i]
                out[row, block, node] += weight * given[rim, 0, j]
                out[row, block, normal * nn * LANES + node] += weight * given[rim, 1, j]
                out[row, block, (3 - normal) * nn * LANES + node] += weight * given[rim, 2, j]
