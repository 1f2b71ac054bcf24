"""Simple waves: exact smooth nonlinear waves over a flat seabed.

In a wave that runs in one direction into water at rest the Riemann invariant u - 2 c keeps its
value everywhere, so u = 2 (c - c0) with c = sqrt(g h), and values travel along straight
characteristics dx/dt = u + c = 3 c - 2 c0, until the wave breaks (Stoker 1957, Water Waves,
section 10.2).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from exacouple.errors import UsageError

Array = NDArray[np.float64]

_ITERATIONS = 200


def simple_wave(
    s: Array, t: float, profile: Callable[[Array], Array], *, depth: float, gravity: float
) -> tuple[Array, Array]:
    """Depth and velocity of a wave that runs towards positive `s`.

    Parameters
    ----------
    s
        Coordinate along the direction of travel.
    t
        Time; not after the wave has broken.
    profile
        Elevation above the water at rest as a function of `s` at t = 0.
    depth
        Depth of the water at rest.
    gravity
        Gravity.

    Returns
    -------
    h, u
        Depth and velocity along `s`.

    Raises
    ------
    UsageError
        If the characteristics through `s` cannot be found: the wave has broken.

    Examples
    --------
    A flat elevation travels unchanged, with the velocity 2 (c - c0).

    >>> h, u = simple_wave(np.array([0.3]), 1.0, lambda s: 0.21 + 0.0 * s, depth=1.0, gravity=1.0)
    >>> h.round(12), u.round(12)
    (array([1.21]), array([0.2]))
    """
    c0 = np.sqrt(gravity * depth)

    def celerity(start: Array) -> Array:
        return np.asarray(np.sqrt(gravity * (depth + profile(start))))

    start = np.array(s, dtype=float)
    for _ in range(_ITERATIONS):
        previous, start = start, s - (3.0 * celerity(start) - 2.0 * c0) * t
        if np.all(np.abs(start - previous) <= 1e-14 * (1.0 + np.abs(s))):
            break
    else:
        raise UsageError(f"the simple wave has no unique characteristics at t = {t:g}: it broke")
    c = celerity(start)
    return c**2 / gravity, 2.0 * (c - c0)
