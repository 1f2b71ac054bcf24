"""Steady flows over a bump without friction: Bernoulli's law, joined by a hydraulic jump.

Where the flow is smooth the head q^2 / (2 g h^2) + h + b is the same everywhere; the two positive
roots h of this cubic are the subcritical and the supercritical depth. Across a jump
q^2 / h + g h^2 / 2 is the same on both sides. Goutal and Maurel (1997), Proc. 2nd workshop on
dam-break wave simulation, EDF; Delestre et al. (2013), Int. J. Numer. Meth. Fluids 72, 269-300.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from exacouple.errors import UsageError

Array = NDArray[np.float64]
Seabed = Callable[[Array], Array]


def critical_depth(discharge: float, gravity: float) -> float:
    """Depth at which the flow is as fast as its waves, (q^2 / g)^(1/3)."""
    return float((discharge**2 / gravity) ** (1.0 / 3.0))


def depth_of_head(
    head: Array, discharge: float, gravity: float, *, supercritical: bool = False
) -> Array:
    """Depth of a flow whose specific head h + q^2 / (2 g h^2) is given.

    With h = h_c z and head = h_c e the cubic reads z^3 - e z^2 + 1/2 = 0, e >= 3/2, and its roots
    are z = e / 3 (1 + 2 cos(theta / 3 + k)), cos(theta) = 1 - 27 / (4 e^3).

    Raises
    ------
    UsageError
        If the head is below its least value, 3/2 of the critical depth.

    Examples
    --------
    >>> depth_of_head(np.array([1.5]), 1.0, 1.0).round(6)
    array([1.])
    >>> depth_of_head(np.array([2.5]), 2.0, 1.0, supercritical=True).round(6)
    array([1.280776])
    """
    scale = critical_depth(discharge, gravity)
    e = np.asarray(head, dtype=float) / scale
    if np.any(e < 1.5 - 1e-12):
        raise UsageError(f"head {e.min() * scale:g} is below the critical one, {1.5 * scale:g}")
    theta = np.arccos(np.clip(1.0 - 27.0 / (4.0 * e**3), -1.0, 1.0))
    turn = -2.0 * np.pi / 3.0 if supercritical else 0.0
    return np.asarray(scale * e / 3.0 * (1.0 + 2.0 * np.cos(theta / 3.0 + turn)))


def conjugate_depth(depth: Array, discharge: float, gravity: float) -> Array:
    """Depth beyond a hydraulic jump (Belanger).

    Examples
    --------
    >>> conjugate_depth(conjugate_depth(np.array([0.3]), 1.0, 9.81), 1.0, 9.81).round(12)
    array([0.3])
    """
    froude2 = discharge**2 / (gravity * depth**3)
    return np.asarray(0.5 * depth * (np.sqrt(1.0 + 8.0 * froude2) - 1.0))


def subcritical(
    x: Array, seabed: Seabed, *, discharge: float, depth: float, gravity: float
) -> Array:
    """Depth of a flow that stays subcritical; `depth` is the one where the seabed is 0."""
    head = depth + discharge**2 / (2.0 * gravity * depth**2)
    return depth_of_head(head - seabed(x), discharge, gravity)


def transcritical(
    x: Array, seabed: Seabed, *, discharge: float, crest: float, gravity: float
) -> Array:
    """Depth of a flow that turns supercritical at the crest of the seabed, at x = `crest`."""
    top = float(seabed(np.array([crest]))[0])
    head = 1.5 * critical_depth(discharge, gravity) + top
    over = np.maximum(head - seabed(x), 1.5 * critical_depth(discharge, gravity))
    return np.where(
        x < crest,
        depth_of_head(over, discharge, gravity),
        depth_of_head(over, discharge, gravity, supercritical=True),
    )


def jump_place(
    seabed: Seabed,
    *,
    discharge: float,
    depth: float,
    crest: float,
    end: float,
    gravity: float,
) -> float:
    """Place of the hydraulic jump between the crest and `end`, where the bump ends.

    Upstream of it the flow is that of `transcritical`, downstream it is subcritical and reaches
    `depth` where the seabed is 0.
    """

    def mismatch(x: float) -> float:
        at = np.array([x])
        before = transcritical(at, seabed, discharge=discharge, crest=crest, gravity=gravity)
        after = subcritical(at, seabed, discharge=discharge, depth=depth, gravity=gravity)
        return float((conjugate_depth(before, discharge, gravity) - after)[0])

    first = crest
    head = depth + discharge**2 / (2.0 * gravity * depth**2)
    room = head - 1.5 * critical_depth(discharge, gravity)
    if float(seabed(np.array([crest]))[0]) > room:
        first = float(brentq(lambda x: float(seabed(np.array([x]))[0]) - room, crest, end))
    return float(brentq(mismatch, first + 1e-9 * (end - first), end, xtol=1e-13))


def transcritical_with_jump(
    x: Array,
    seabed: Seabed,
    *,
    discharge: float,
    depth: float,
    crest: float,
    end: float,
    gravity: float,
) -> Array:
    """Depth of a flow that turns supercritical at the crest and jumps back before `end`."""
    place = jump_place(
        seabed, discharge=discharge, depth=depth, crest=crest, end=end, gravity=gravity
    )
    h = transcritical(x, seabed, discharge=discharge, crest=crest, gravity=gravity)
    after = x > place
    h[after] = subcritical(x[after], seabed, discharge=discharge, depth=depth, gravity=gravity)
    return h
