"""Gauss-Legendre nodal basis on the unit interval and its maps to finite-volume subcells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Largest stable fraction of the first-order time step for ADER-DG of order N (index N),
# as tabulated by Dumbser, Balsara, Toro and Munz (2008), J. Comput. Phys. 227, 8209-8253.
PNPM = (1.0, 0.33, 0.17, 0.1, 0.069)


@dataclass(frozen=True)
class Basis:
    """Lagrange basis on the N+1 Gauss-Legendre nodes of [0, 1].

    Attributes
    ----------
    order
        Polynomial degree N.
    nodes, weights
        Quadrature nodes and weights, shape ``(n,)`` with ``n = N + 1``; the weights sum to 1.
    derivative
        ``derivative[i, j]`` is the slope of basis function j at node i, shape ``(n, n)``.
    left, right
        Values of the basis functions at 0 and at 1, shape ``(n,)``.
    to_subcells
        Cell averages of the basis functions over the ``m = 2 N + 1`` equal subcells, shape
        ``(m, n)``.
    from_subcells
        Least-squares inverse of `to_subcells` that keeps the mean exactly, shape ``(n, m)``.
    """

    order: int
    nodes: Array
    weights: Array
    derivative: Array
    left: Array
    right: Array
    to_subcells: Array
    from_subcells: Array

    @property
    def subcells(self) -> int:
        """Number of finite-volume subcells per direction, 2 N + 1."""
        return 2 * self.order + 1

    def values_at(self, x: float) -> Array:
        """Values of all basis functions at one point of [0, 1], shape ``(n,)``."""
        return _lagrange(self.nodes, np.array([x]))[0]


def gauss_legendre(order: int) -> Basis:
    """Build the basis of one polynomial order.

    Examples
    --------
    >>> basis = gauss_legendre(2)
    >>> basis.subcells, round(float(basis.weights.sum()), 12)
    (5, 1.0)
    """
    nodes, weights = np.polynomial.legendre.leggauss(order + 1)
    nodes, weights = 0.5 * (nodes + 1.0), 0.5 * weights
    ends = _lagrange(nodes, np.array([0.0, 1.0]))
    to_subcells = _subcell_averages(nodes, 2 * order + 1)
    return Basis(
        order=order,
        nodes=nodes,
        weights=weights,
        derivative=_derivative(nodes),
        left=ends[0],
        right=ends[1],
        to_subcells=to_subcells,
        from_subcells=_conservative_inverse(to_subcells, weights),
    )


def _lagrange(nodes: Array, x: Array) -> Array:
    values = np.ones((x.size, nodes.size))
    for j, node in enumerate(nodes):
        for other in np.delete(nodes, j):
            values[:, j] *= (x - other) / (node - other)
    return values


def _derivative(nodes: Array) -> Array:
    n = nodes.size
    barycentric = np.array([1.0 / np.prod(nodes[j] - np.delete(nodes, j)) for j in range(n)])
    slopes = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                slopes[i, j] = barycentric[j] / barycentric[i] / (nodes[i] - nodes[j])
        slopes[i, i] = -slopes[i].sum()
    return slopes


def _subcell_averages(nodes: Array, subcells: int) -> Array:
    points, weights = np.polynomial.legendre.leggauss(nodes.size)
    points, weights = 0.5 * (points + 1.0), 0.5 * weights
    return np.stack([weights @ _lagrange(nodes, (k + points) / subcells) for k in range(subcells)])


def _conservative_inverse(to_subcells: Array, weights: Array) -> Array:
    """Minimise the misfit of the subcell averages under the constraint of an equal mean."""
    m, n = to_subcells.shape
    system = np.zeros((n + 1, n + 1))
    system[:n, :n] = 2.0 * to_subcells.T @ to_subcells
    system[:n, n] = system[n, :n] = weights
    rhs = np.vstack([2.0 * to_subcells.T, np.full((1, m), 1.0 / m)])
    return np.linalg.solve(system, rhs)[:n]
