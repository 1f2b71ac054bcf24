"""Where the generated kernels keep what, and how their loops over lanes are written.

The kernels treat `LANES` neighbouring elements at once. What they touch lies in flat arrays,
``work[slot * LANES + lane]``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# What the elements on both sides of a face exchange, averaged over the time step and in this
# order, at each of its nodes: eta, normal and transverse momentum, the advective fluxes of both
# through the face, and h. One wave speed for the face follows.
TRACES = 6

# Elements that a kernel treats at once: two AVX registers of doubles.
LANES = 8

# What the memory hands over at once; vector registers that span two are slow.
LINE_BYTES = 64


@dataclass(frozen=True)
class Layout:
    """Slots of the arrays that the kernels work on, for ``n`` nodes along a line of an element.

    The record of a block holds the traces of its elements across x, then those on their lower side
    across y, and the `star`: the solution at the end of the step without the faces across x. Across
    x a trace has three slots: the lower side of all elements, a gap, and the upper side. The gap
    takes the trace of the next element at its beginning and that of the element before at its end,
    so that one lane further lies the neighbour. The traces on the upper side across y have their
    own place, as they wait for the row above.
    """

    n: int

    @property
    def nodes(self) -> int:
        """Nodes of an element."""
        return self.n * self.n

    @property
    def side_slots(self) -> int:
        """Traces on one side of an element, and the wave speed there."""
        return TRACES * self.n + 1

    @property
    def across_y(self) -> int:
        """Record: traces on the lower side across y."""
        return 3 * self.side_slots

    @property
    def star(self) -> int:
        """Record: solution at the end of the step without the faces across x."""
        return self.across_y + self.side_slots

    @property
    def record_slots(self) -> int:
        """Size of the record of a block."""
        return self.star + 3 * self.nodes

    @property
    def work_slots(self) -> int:
        """Size of the predictor's work array."""
        return (7 * self.n + 10) * self.nodes


def combination(coefficients: Iterable[float], names: Iterable[str]) -> str:
    terms = [
        f"{float(c)!r} * {name}"
        for c, name in zip(coefficients, names, strict=True)
        if abs(c) > 1e-14
    ]
    return " + ".join(terms)


class Loop:
    """Lines of ``for line in range(count): for w in range(LANES): ...``.

    Slots inside are relative to ``line * stride``; statements may keep lane values in local names.
    """

    def __init__(self, count: int, stride: int) -> None:
        self.lines = [
            f"    for line in range({count}):",
            f"        at = line * {stride * LANES}",
            f"        for w in range({LANES}):",
        ]

    def at(self, slot: int) -> str:
        return f"work[at + {slot * LANES} + w]"

    def put(self, target: str, value: str) -> None:
        self.lines.append(f"            {target} = {value}")
