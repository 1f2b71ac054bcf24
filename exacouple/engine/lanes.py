"""Where the generated kernels keep what, and how their loops over lanes are written.

The kernels treat `LANES` neighbouring elements at once. What they touch lies in flat arrays,
``work[slot * LANES + lane]``.
"""

import re
from collections import Counter
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


def named_once(lines: Iterable[str]) -> list[str]:
    """Lines of a kernel, with a new name for each value; none may pass from turn to turn of a loop.

    Numba goes through the whole kernel for every name that is given twice.

    >>> named_once(["low = a", "low = b if b < low else low", "out[w] = low"])
    ['low = a', 'low__2 = b if b < low else low', 'out[w] = low__2']
    """
    names: dict[str, str] = {}
    given: Counter[str] = Counter()
    renamed = []
    for line in lines:
        target = re.match(r" *(\w+) = ", line)
        start = target.end() if target else 0
        rest = re.sub(r"\b[a-z_]\w*", lambda name: names.get(name[0], name[0]), line[start:])
        if not target:
            renamed.append(rest)
            continue
        name = target[1]
        given[name] += 1
        names[name] = f"{name}__{given[name]}" if given[name] > 1 else name
        renamed.append(target[0].replace(name, names[name]) + rest)
    return renamed


def lane(slot: int, place: str = "here") -> str:
    """Index of the lane at hand in a slot; each addition in it takes time to compile."""
    return f"{place} + {slot * LANES}" if slot else place


class Loop:
    """Lines of ``for line in range(count): for w in range(LANES): ...``.

    ``here`` is the lane in slot ``line * stride``, and ``there``, if asked for, that in a slot of
    another stride. Statements may keep lane values in local names.
    """

    def __init__(self, count: int, stride: int, there: int | None = None) -> None:
        strides = {"here": stride} if there is None else {"here": stride, "there": there}
        self.lines = [
            f"    for line in range({count}):",
            *(f"        from_{name} = line * {each * LANES}" for name, each in strides.items()),
            f"        for w in range({LANES}):",
            *(f"            {name} = from_{name} + w" for name in strides),
        ]

    def at(self, slot: int) -> str:
        return f"work[{lane(slot)}]"

    def put(self, target: str, value: str) -> None:
        self.lines.append(f"            {target} = {value}")
