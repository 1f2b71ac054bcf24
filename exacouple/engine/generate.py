"""Writes the source of the DG kernels for one polynomial order.

The kernels treat `LANES` neighbouring elements at once. All that they touch lies in one flat
array, ``work[slot * LANES + lane]``, and every number that depends on the order is a literal in
the source: only so can the compiler prove that the innermost loops over lanes vectorise.

`predict` expands the solution in a Taylor series in time (Cauchy-Kowalewski). In the variables
eta = h + b, p = hu and q = hv the shallow-water equations read

    eta_t + p_x + q_y = 0
    p_t + (p u)_x + (p v)_y + g h eta_x - f q = 0
    q_t + (q u)_x + (q v)_y + g h eta_y + f p = 0

with the Coriolis parameter f; ``spin`` holds f times the element size for each line of nodes along
x. With the scaled coefficients a_k = dt^k / k! d^k a / dt^k every product becomes a Cauchy product,
(a b)_k = sum_j a_j b_(k-j), and the velocity follows from p = h u. Water at rest (eta constant,
p = q = 0) has only zero coefficients, whatever b is: the scheme is well balanced.

`correct` adds Rusanov fluxes between elements. The jump of the surface acts through the
path-conservative fluctuation g (h_L + h_R) / 2 [eta], half of it on either side of a face.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from exacouple.engine.basis import Basis

# What the elements on both sides of a face exchange, averaged over the time step and in this
# order, at each of its nodes: eta, normal and transverse momentum, the advective fluxes of both
# through the face, and h. One wave speed for the face follows.
TRACES = 6


# Elements that a kernel treats at once: two AVX registers of doubles.
LANES = 8


@dataclass(frozen=True)
class Layout:
    """Slots of the arrays that the kernels work on, for ``n`` nodes along a line of an element.

    The record of a block in the ring holds the traces of its elements across x, then those across
    y, lower side first, then the `star`: the solution at the end of the step without the faces.
    Across x a trace has three slots: the lower side of all elements, a gap, and the upper side. The
    gap takes the trace of the next element at its beginning and that of the element before at its
    end, so that one lane further lies the neighbour.
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
        """Record: traces across y."""
        return 3 * self.side_slots

    @property
    def star(self) -> int:
        """Record: solution at the end of the step without the faces."""
        return self.across_y + 2 * self.side_slots

    @property
    def record_slots(self) -> int:
        """Size of the record of a block."""
        return self.star + 3 * self.nodes

    @property
    def work_slots(self) -> int:
        """Size of the predictor's work array."""
        return (7 * self.n + 10) * self.nodes

    def trace(self, side: int, number: int) -> int:
        """Record: slot of a trace on one side: left, right, below, above."""
        if side < 2:
            return 3 * number + 2 * side
        return self.across_y + (side - 2) * self.side_slots + number


def kernel_source(basis: Basis, least: float = 0.0) -> str:
    """Source of ``predict``, ``correct`` and ``fastest`` for one order, as one module's text.

    Values that are smaller than ``least`` at the end of a step become zero.
    """
    layout = Layout(basis.order + 1)
    return "\n".join(
        [
            *_predictor(basis, layout),
            "",
            *_corrector(basis, layout, least),
            "",
            *_fastest(layout),
            "",
        ]
    )


def _combination(coefficients: Iterable[float], names: Iterable[str]) -> str:
    terms = [
        f"{float(c)!r} * {name}"
        for c, name in zip(coefficients, names, strict=True)
        if abs(c) > 1e-14
    ]
    return " + ".join(terms)


class _Loop:
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


def _predictor(basis: Basis, layout: Layout) -> list[str]:
    n, nn = layout.n, layout.nodes
    names = [f"{f}{k}" for k in range(n + 1) for f in "epq"]
    names += [f"{f}{k}" for k in range(n - 1) for f in "uvxy"]
    names += ["qu", "qv", "h", "inverse"]
    names += [f"mean_{f}" for f in ("e", "p", "q", "pu", "qu", "qv", "h")]
    slot = {name: nn * number for number, name in enumerate(names)}
    source = ["def predict(u, bed, row, block, ring, place, work, scale, g, spin):"]
    for k in range(n):
        source += _along_x(basis, layout, slot, k) + _along_y(basis, layout, slot, k)
    source += _end_of_step(layout, slot)
    source += _extrapolation(basis, layout, slot, ("e", "p", "q", "pu", "qu", "h"), 0)
    source += _extrapolation(basis, layout, slot, ("e", "q", "p", "qv", "qu", "h"), 2)
    return source + _speeds(basis, layout)


def _cauchy(k: int, first: str, second: str, value: "_Value") -> str:
    return " + ".join(f"{value(first, j)} * {value(second, k - j)}" for j in range(k + 1))


class _Value:
    """Names the coefficient j of a field: a local name for the newest, else its slot."""

    def __init__(self, loop: _Loop, slot: dict[str, int], k: int, step: int, i: int) -> None:
        self.loop, self.slot, self.k, self.offset, self.i = loop, slot, k, i * step, i

    def __call__(self, field: str, j: int) -> str:
        if j == self.k:
            return f"{field}_{self.i}"
        if field == "h" and j > 0:
            field = "e"
        name = "h" if field == "h" else f"{field}{j}"
        return self.loop.at(self.slot[name] + self.offset)


def _along_x(basis: Basis, layout: Layout, slot: dict[str, int], k: int) -> list[str]:
    """Velocities, fluxes and x derivatives of coefficient k, one line of nodes at a time.

    What the x derivatives add to the coefficients k + 1 waits in the place of those.
    """
    n, d = layout.n, basis.derivative
    loop = _Loop(n, n)
    loop.lines.insert(2, "        turn = spin[row, line]")
    share = 1.0 / (k + 1)
    for i in range(n):
        value = _Value(loop, slot, k, 1, i)
        for v, f in enumerate("epq"):
            here = loop.at(slot[f"{f}{k}"] + i)
            if k == 0:
                nodal = f"u[row, block, at + {(v * layout.nodes + i) * LANES} + w]"
                loop.put(f"{f}_{i}", nodal)
                loop.put(here, f"{f}_{i}")
            else:
                loop.put(f"{f}_{i}", here)
        if k == 0:
            loop.put(f"h_{i}", f"e_{i} - bed[row, block, at + {i * LANES} + w]")
            loop.put(f"inverse_{i}", f"1.0 / h_{i}")
            for f in ("h", "inverse"):
                loop.put(loop.at(slot[f] + i), f"{f}_{i}")
        else:
            loop.put(f"h_{i}", f"e_{i}")
            loop.put(f"inverse_{i}", loop.at(slot["inverse"] + i))
        for velocity, momentum in (("u", "p"), ("v", "q")):
            rest = "".join(
                f" - {value('h', j)} * {value(velocity, k - j)}" for j in range(1, k + 1)
            )
            loop.put(f"{velocity}_{i}", f"({momentum}_{i}{rest}) * inverse_{i}")
            if k < n - 1:
                loop.put(loop.at(slot[f"{velocity}{k}"] + i), f"{velocity}_{i}")
        loop.put(f"pu_{i}", _cauchy(k, "p", "u", value))
        loop.put(f"qu_{i}", _cauchy(k, "q", "u", value))
        loop.put(f"qv_{i}", _cauchy(k, "q", "v", value))
        for f in ("qu", "qv"):
            loop.put(loop.at(slot[f] + i), f"{f}_{i}")
        for f in ("pu", "qu", "qv"):
            mean = loop.at(slot[f"mean_{f}"] + i)
            loop.put(mean, f"{f}_{i}" if k == 0 else f"{mean} + {share!r} * {f}_{i}")
    for i in range(n):
        value = _Value(loop, slot, k, 1, i)
        loop.put(f"x_{i}", _combination(d[i], [f"e_{m}" for m in range(n)]))
        if k < n - 1:
            loop.put(loop.at(slot[f"x{k}"] + i), f"x_{i}")
        loop.put(loop.at(slot[f"e{k + 1}"] + i), _combination(d[i], [f"p_{m}" for m in range(n)]))
        advection = _combination(d[i], [f"pu_{m}" for m in range(n)])
        push = _cauchy(k, "h", "x", value)
        shear = _combination(d[i], [f"qu_{m}" for m in range(n)])
        loop.put(loop.at(slot[f"p{k + 1}"] + i), f"{advection} + g * ({push}) - turn * q_{i}")
        loop.put(loop.at(slot[f"q{k + 1}"] + i), f"{shear} + turn * p_{i}")
    return loop.lines


def _along_y(basis: Basis, layout: Layout, slot: dict[str, int], k: int) -> list[str]:
    """y derivatives of coefficient k, and with them the coefficients k + 1."""
    n, d = layout.n, basis.derivative
    loop = _Loop(n, 1)
    factor = f"scale * {-1.0 / (k + 1)!r}"
    for j in range(n):
        for f in "eq":
            loop.put(f"{f}_{j}", loop.at(slot[f"{f}{k}"] + j * n))
        for f in ("qu", "qv"):
            loop.put(f"{f}_{j}", loop.at(slot[f] + j * n))
        loop.put(f"h_{j}", loop.at(slot["h"] + j * n) if k == 0 else f"e_{j}")
    for j in range(n):
        value = _Value(loop, slot, k, n, j)
        loop.put(f"y_{j}", _combination(d[j], [f"e_{m}" for m in range(n)]))
        if k < n - 1:
            loop.put(loop.at(slot[f"y{k}"] + j * n), f"y_{j}")
        div = _combination(d[j], [f"q_{m}" for m in range(n)])
        shear = _combination(d[j], [f"qu_{m}" for m in range(n)])
        advection = _combination(d[j], [f"qv_{m}" for m in range(n)])
        push = _cauchy(k, "h", "y", value)
        for f, rest in (("e", div), ("p", shear), ("q", f"{advection} + g * ({push})")):
            following = loop.at(slot[f"{f}{k + 1}"] + j * n)
            loop.put(following, f"{factor} * ({following} + {rest})")
    return loop.lines


def _end_of_step(layout: Layout, slot: dict[str, int]) -> list[str]:
    """Sums of the Taylor series: at the end of the step, and averaged over it."""
    n, size = layout.n, layout.nodes * LANES
    lines = [f"    for k in range({size}):"]

    def at(name: str) -> str:
        return f"work[{slot[name] * LANES} + k]"

    for v, f in enumerate("epq"):
        lines += [f"        {f}_{k} = {at(f'{f}{k}')}" for k in range(n + 1)]
        end = " + ".join(f"{f}_{k}" for k in range(n, -1, -1))
        later = " + ".join(f"{1.0 / (k + 1)!r} * {f}_{k}" for k in range(n - 1, 0, -1))
        lines += [
            f"        ring[place, block, {layout.star * LANES + v * size} + k] = {end}",
            f"        later = {later}",
            f"        {at(f'mean_{f}')} = later + {f}_0",
        ]
        if f == "e":
            lines.append(f"        {at('mean_h')} = later + {at('h')}")
    return lines


def _extrapolation(
    basis: Basis, layout: Layout, slot: dict[str, int], fields: Sequence[str], first_side: int
) -> list[str]:
    """Traces on the lower and upper face across one direction."""
    n = layout.n
    line_step, node_step = (n, 1) if first_side == 0 else (1, n)
    loop = _Loop(n, line_step)
    width = layout.trace(first_side, 1) - layout.trace(first_side, 0)
    loop.lines.insert(2, f"        to = line * {width * LANES}")
    for t, f in enumerate(fields):
        nodes = [loop.at(slot[f"mean_{f}"] + i * node_step) for i in range(n)]
        for i, node in enumerate(nodes):
            loop.put(f"n_{i}", node)
        for side, ends in enumerate((basis.left, basis.right)):
            base = layout.trace(first_side + side, t * n) * LANES
            target = f"ring[place, block, to + {base} + w]"
            loop.put(target, _combination(ends, [f"n_{i}" for i in range(n)]))
    return loop.lines


def _speeds(basis: Basis, layout: Layout) -> list[str]:
    """Wave speed |u| + sqrt(g h) on the four faces, from the means of momentum and h."""
    n = layout.n
    lines = [f"    for w in range({LANES}):"]

    def trace(side: int, number: int) -> str:
        return f"ring[place, block, {layout.trace(side, number) * LANES} + w]"

    for side in range(4):
        h, p = (
            _combination(basis.weights, [trace(side, t * n + j) for j in range(n)]) for t in (5, 1)
        )
        speed = f"abs(({p}) / h) + sqrt(g * h)"
        lines += [f"        h = {h}", f"        {trace(side, TRACES * n)} = {speed}"]
    return lines


def _corrector(basis: Basis, layout: Layout, least: float) -> list[str]:
    """Faces added to the star; least depth of each element, not a number if any value is not."""
    arguments = "ring, place, below, above, block, out, row, gates, bed, lowest, scale, g"
    return [
        f"def correct({arguments}):",
        f"    for w in range({LANES}):",
        "        lowest[row, block, w] = 1e300",
        *_faces(basis, layout, 0, 0.0),
        *_faces(basis, layout, 2, least),
    ]


def _faces(basis: Basis, layout: Layout, first_side: int, least: float) -> list[str]:
    """Flux differences on both faces across one direction, lifted onto the nodes."""
    n, nn = layout.n, layout.nodes
    line_step, node_step = (n, 1) if first_side == 0 else (1, n)
    loop = _Loop(n, line_step)
    width = layout.trace(first_side, 1) - layout.trace(first_side, 0)
    loop.lines.insert(2, f"        on = line * {width * LANES}")
    last = TRACES * n
    for side in (first_side, first_side + 1):
        own, far = _own_and_far(layout, side)
        loop.put("s", f"max({own(last, False)}, {far(last, False)})")
        loop.put("shut", f"gates[row, block, {side * LANES} + w] == 0.0")
        for t in range(TRACES):
            loop.put(f"own_{t}", own(t * n, True))
            loop.put(f"far_{t}", far(t * n, True))
        upper = side % 2 == 1
        low, high = ("own", "far") if upper else ("far", "own")
        # F* - F(own) with F* = (F_L + F_R) / 2 - s / 2 [Q]: half the flux of the other side less
        # half of the own flux, less the dissipation.
        for name, flux, jump in (("mass", 1, 0), ("along", 3, 1), ("across", 4, 2)):
            difference = f"({high}_{jump} - {low}_{jump})"
            value = f"0.5 * (far_{flux} - own_{flux} - s * {difference})"
            if name == "along":
                push = f"0.25 * g * (own_5 + far_5) * ({high}_0 - {low}_0)"
                value = f"{value} {'+' if upper else '-'} {push}"
            loop.put(f"{name}_{side % 2}", f"0.0 if shut else scale * ({value})")
    names = ("mass", "along", "across") if first_side == 0 else ("mass", "across", "along")
    if first_side == 2:
        loop.put("low", "lowest[row, block, w]")
    for i in range(n):
        weights = (
            float(basis.left[i] / basis.weights[i]),
            -float(basis.right[i] / basis.weights[i]),
        )
        for v, name in enumerate(names):
            node = f"at + {(v * nn + i * node_step) * LANES} + w"
            old = f"out[row, block, {node}]"
            if first_side == 0:
                old = f"ring[place, block, {layout.star * LANES} + {node}]"
            lift = _combination(weights, [f"{name}_{side}" for side in range(2)])
            loop.put(f"n_{v}", f"{old} + {lift}")
            if least > 0.0:
                loop.put(f"n_{v}", f"n_{v} if abs(n_{v}) > {least!r} else 0.0")
            loop.put(f"out[row, block, {node}]", f"n_{v}")
        if first_side == 2:
            loop.put("h", f"n_0 - bed[row, block, at + {i * node_step * LANES} + w]")
            loop.put("low", "h if h < low else low")
            loop.put("low", "low + 0.0 * (n_0 + n_1 + n_2)")
    if first_side == 2:
        loop.put("lowest[row, block, w]", "low")
    return loop.lines


def _own_and_far(
    layout: Layout, side: int
) -> tuple[Callable[[int, bool], str], Callable[[int, bool], str]]:
    """What writes a trace on one side of an element and that of its neighbour there."""
    place, facing, lane = (
        ("place", 1, "w - 1"),
        ("place", 0, "w + 1"),
        ("below", 3, "w"),
        ("above", 2, "w"),
    )[side]

    def own(trace: int, on_line: bool) -> str:
        at = layout.trace(side, trace) * LANES
        return f"ring[place, block, {'on + ' if on_line else ''}{at} + w]"

    def far(trace: int, on_line: bool) -> str:
        at = layout.trace(facing, trace) * LANES
        return f"ring[{place}, block, {'on + ' if on_line else ''}{at} + {lane}]"

    return own, far


def _fastest(layout: Layout) -> list[str]:
    """Largest |u| + |v| + 2 sqrt(g h) over the nodes of each element."""
    nn = layout.nodes
    loop = f"    for w in range({LANES}):"
    source = ["def fastest(u, bed, row, block, tops, g):", loop, "        top = 0.0"]
    for i in range(nn):
        e, p, q = (f"u[row, block, {(f * nn + i) * LANES} + w]" for f in range(3))
        source.append(f"        h = {e} - bed[row, block, {i * LANES} + w]")
        source.append(f"        top = max(top, (abs({p}) + abs({q})) / h + 2.0 * sqrt(g * h))")
    source.append("        tops[w] = top")
    return source
