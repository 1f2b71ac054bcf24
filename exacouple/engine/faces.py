"""Writes the source of what happens at the faces between DG elements, for one polynomial order.

Faces get Rusanov fluxes, F* = (F_L + F_R) / 2 - s / 2 [Q]. The jump of the surface acts through the
path-conservative fluctuation g (h_L + h_R) / 2 [eta], half of it on either side. What an element
feels is the difference between F* and its own flux, lifted onto its nodes.

`meet` treats the faces between a row and the row below it as soon as both are predicted, `correct`
those between neighbours in a row.
"""

from collections.abc import Callable

from exacouple.engine.basis import Basis
from exacouple.engine.lanes import LANES, TRACES, Layout, Loop, lane

# What writes a trace, by its number and whether it differs along the face.
Trace = Callable[[int, bool], str]

_ALONG_Y = ("mass", "across", "along")
_ALONG_X = ("mass", "along", "across")


def meeting_source(basis: Basis, layout: Layout, least: float) -> list[str]:
    """Source of ``meet``: faces below a row, lifted onto its `star` and onto the row below.

    The row below is then at the end of its step: its values smaller than ``least`` become zero, and
    the least depth of each of its elements is found, not a number if any value is not.
    """
    n, nn = layout.n, layout.nodes
    loop = Loop(n, 1)
    loop.put("shut", f"gates[row, block, {lane(2, 'w')}] == 0.0")
    _meet(
        loop,
        _across_y("waiting[1 - level, block", 0),
        _across_y("records[place", layout.across_y),
        n,
    )
    loop.put("low", "least[under, block, w]")
    for j in range(n):
        for v, name in enumerate(_ALONG_Y):
            node = lane(v * nn + j * n)
            star = f"records[place, {lane(layout.star + v * nn + j * n)}]"
            loop.put(star, f"{star} + {_lift(basis, 0, j)} * {name}_above")
            value = f"out[under, block, {node}] + {_lift(basis, 1, j)} * {name}_below"
            loop.put(f"n_{v}", value)
            if least > 0.0:
                loop.put(f"n_{v}", f"n_{v} if abs(n_{v}) > {least!r} else 0.0")
            loop.put(f"out[under, block, {node}]", f"n_{v}")
        loop.put("h", f"n_0 - bed[row - 1, block, {lane(j * n)}]")
        loop.put("low", "h if h < low else low")
        loop.put("low", "low + 0.0 * (n_0 + n_1 + n_2)")
    loop.put("least[under, block, w]", "low")
    fields = "waiting, level, records, place, block, row, out, least, under, gates, bed, scale, g"
    return [
        f"def meet({fields}):",
        f"    for w in range({LANES}):",
        "        least[under, block, w] = 1e300",
        *loop.lines,
    ]


def correction_source(basis: Basis, layout: Layout) -> list[str]:
    """Source of ``correct``: faces across x, lifted; all but the row above is done then."""
    n, nn = layout.n, layout.nodes
    loop = Loop(n, n, there=3)
    lower, upper = _across_x(0, 0), _across_x(2, 0)
    before, behind = _across_x(2, -1), _across_x(0, 1)
    for low, high, side in ((before, lower, 0), (upper, behind, 1)):
        loop.put("shut", f"gates[row, block, {lane(side, 'w')}] == 0.0")
        _meet(loop, low, high, n)
        for name in _ALONG_X:
            loop.put(f"{name}_{side}", f"{name}_{('above', 'below')[side]}")
    for i in range(n):
        for v, name in enumerate(_ALONG_X):
            star = f"records[place, {lane(layout.star + v * nn + i)}]"
            lifts = " + ".join(f"{_lift(basis, side, i)} * {name}_{side}" for side in range(2))
            loop.put(f"out[row, block, {lane(v * nn + i)}]", f"{star} + {lifts}")
    return ["def correct(records, place, block, row, out, gates, scale, g):", *loop.lines]


def _across_y(place: str, first: int) -> Trace:
    """Trace across y, from a slot on."""

    def trace(number: int, on_line: bool) -> str:
        return f"{place}, {lane(first + number, 'here' if on_line else 'w')}]"

    return trace


def _across_x(slot: int, further: int) -> Trace:
    """Trace across x some lanes on: 0 on the lower side of the elements, 2 on the upper one."""

    def trace(number: int, on_line: bool) -> str:
        at = (3 * number + slot) * LANES + further
        return f"records[place, {'there' if on_line else 'w'} + {at}]"

    return trace


def _meet(loop: Loop, low: Trace, high: Trace, n: int) -> None:
    """Put what the elements below and above a face feel at one of its nodes."""
    speed = TRACES * n
    loop.put("s", f"max({low(speed, False)}, {high(speed, False)})")
    for t in range(TRACES):
        loop.put(f"low_{t}", low(t * n, True))
        loop.put(f"high_{t}", high(t * n, True))
    for name, flux, jump in (("mass", 1, 0), ("along", 3, 1), ("across", 4, 2)):
        loop.put("mean", f"0.5 * (high_{flux} - low_{flux})")
        if name == "along":
            loop.put("mean", "mean + 0.25 * g * (low_5 + high_5) * (high_0 - low_0)")
        loop.put("loss", f"0.5 * s * (high_{jump} - low_{jump})")
        loop.put(f"{name}_below", "0.0 if shut else scale * (mean - loss)")
        loop.put(f"{name}_above", "0.0 if shut else -scale * (mean + loss)")


def _lift(basis: Basis, side: int, node: int) -> str:
    ends = (basis.left, basis.right)[side]
    return repr(float((1.0, -1.0)[side] * ends[node] / basis.weights[node]))
