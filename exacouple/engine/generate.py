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

from collections.abc import Iterable, Sequence
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
    """Slots of the work arrays for ``n`` nodes along a line of an element.

    Both kernels start with eta, p, q and b at the nodes. The predictor goes on with its output,
    the solution at the end of the step without the faces (`star`) and the traces across x and
    across y; the corrector with the traces of the element itself, those of its four neighbours
    and the gates (0 where a face is shut).
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
    def face_slots(self) -> int:
        """Traces on both sides across one direction."""
        return 2 * self.side_slots

    @property
    def star(self) -> int:
        """Predictor: solution at the end of the step without the faces."""
        return 4 * self.nodes

    @property
    def traces(self) -> int:
        """Predictor: traces across x, then those across y."""
        return 7 * self.nodes

    @property
    def predictor_slots(self) -> int:
        """Size of the predictor's work array."""
        taylor_terms = 3 * (self.n + 1) + 4 * self.n
        return self.traces + 2 * self.face_slots + (taylor_terms + 14) * self.nodes

    @property
    def own(self) -> int:
        """Corrector: traces of the element across x, then those across y."""
        return 4 * self.nodes

    @property
    def far(self) -> int:
        """Corrector: facing traces of the neighbours left, right, below and above."""
        return self.own + 2 * self.face_slots

    @property
    def gates(self) -> int:
        """Corrector: gates of the four faces."""
        return self.far + 4 * self.side_slots

    @property
    def corrector_slots(self) -> int:
        """Size of the corrector's work array."""
        return self.gates + 4


def kernel_source(basis: Basis) -> str:
    """Source of ``predict``, ``correct`` and ``fastest`` for one order, as one module's text."""
    layout = Layout(basis.order + 1)
    return "\n".join(
        [*_predictor(basis, layout), "", *_corrector(basis, layout), "", *_fastest(layout), ""]
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
    slot = {"e0": 0, "p0": nn, "q0": 2 * nn, "bed": 3 * nn}
    free = layout.traces + 2 * layout.face_slots
    names = [f"{f}{k}" for k in range(1, n + 1) for f in "epq"]
    names += [f"{f}{k}" for k in range(n) for f in "uvxy"]
    names += ["qu", "qv", "h", "inverse", "div", "push_p", "push_q"]
    names += [f"mean_{f}" for f in ("e", "p", "q", "pu", "qu", "qv", "h")]
    for name in names:
        slot[name] = free
        free += nn
    source = ["def predict(work, scale, g, spin):"]
    for k in range(n):
        source += _along_x(basis, layout, slot, k) + _along_y(basis, layout, slot, k)
    source += _end_of_step(layout, slot)
    across_x = ("e", "p", "q", "pu", "qu", "h")
    across_y = ("e", "q", "p", "qv", "qu", "h")
    source += _extrapolation(basis, layout, slot, across_x, layout.traces, n, 1)
    source += _extrapolation(basis, layout, slot, across_y, layout.traces + layout.face_slots, 1, n)
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
    """Velocities, fluxes and x derivatives of coefficient k, one line of nodes at a time."""
    n, d = layout.n, basis.derivative
    loop = _Loop(n, n)
    loop.lines.insert(2, "        turn = spin[line]")
    share = 1.0 / (k + 1)
    for i in range(n):
        value = _Value(loop, slot, k, 1, i)
        for f in "epq":
            loop.put(f"{f}_{i}", loop.at(slot[f"{f}{k}"] + i))
        if k == 0:
            loop.put(f"h_{i}", f"e_{i} - {loop.at(slot['bed'] + i)}")
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
        for f in ("e", "p", "q", "pu", "qu", "qv", "h"):
            mean = loop.at(slot[f"mean_{f}"] + i)
            loop.put(mean, f"{f}_{i}" if k == 0 else f"{mean} + {share!r} * {f}_{i}")
    for i in range(n):
        value = _Value(loop, slot, k, 1, i)
        loop.put(f"x_{i}", _combination(d[i], [f"e_{m}" for m in range(n)]))
        if k < n - 1:
            loop.put(loop.at(slot[f"x{k}"] + i), f"x_{i}")
        loop.put(loop.at(slot["div"] + i), _combination(d[i], [f"p_{m}" for m in range(n)]))
        advection = _combination(d[i], [f"pu_{m}" for m in range(n)])
        push = _cauchy(k, "h", "x", value)
        shear = _combination(d[i], [f"qu_{m}" for m in range(n)])
        loop.put(loop.at(slot["push_p"] + i), f"{advection} + g * ({push}) - turn * q_{i}")
        loop.put(loop.at(slot["push_q"] + i), f"{shear} + turn * p_{i}")
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
        for f, part, rest in (
            ("e", "div", div),
            ("p", "push_p", shear),
            ("q", "push_q", f"{advection} + g * ({push})"),
        ):
            loop.put(
                loop.at(slot[f"{f}{k + 1}"] + j * n),
                f"{factor} * ({loop.at(slot[part] + j * n)} + {rest})",
            )
    return loop.lines


def _end_of_step(layout: Layout, slot: dict[str, int]) -> list[str]:
    """Sum of the Taylor series at the end of the step."""
    loop = _Loop(layout.nodes, 1)
    for v, f in enumerate("epq"):
        terms = [loop.at(slot[f"{f}{k}"]) for k in range(layout.n, -1, -1)]
        loop.put(loop.at(layout.star + v * layout.nodes), " + ".join(terms))
    return loop.lines


def _extrapolation(
    basis: Basis,
    layout: Layout,
    slot: dict[str, int],
    fields: Sequence[str],
    target: int,
    line_step: int,
    node_step: int,
) -> list[str]:
    """Traces on the lower and upper face across one direction."""
    n = layout.n
    loop = _Loop(n, line_step)
    loop.lines.insert(2, f"        to = line * {LANES}")
    for t, f in enumerate(fields):
        nodes = [loop.at(slot[f"mean_{f}"] + i * node_step) for i in range(n)]
        for side, ends in enumerate((basis.left, basis.right)):
            base = target + side * layout.side_slots + t * n
            loop.put(f"work[to + {base * LANES} + w]", _combination(ends, nodes))
    return loop.lines


def _speeds(basis: Basis, layout: Layout) -> list[str]:
    """Wave speed |u| + sqrt(g h) on the four faces, from the means of momentum and h."""
    n = layout.n
    lines = [f"    for w in range({LANES}):"]
    for target in (layout.traces, layout.traces + layout.face_slots):
        for side in range(2):
            base = target + side * layout.side_slots
            h, p = (
                _combination(
                    basis.weights, [f"work[{(base + t * n + j) * LANES} + w]" for j in range(n)]
                )
                for t in (5, 1)
            )
            speed = f"work[{(base + TRACES * n) * LANES} + w]"
            lines += [f"        h = {h}", f"        {speed} = abs(({p}) / h) + sqrt(g * h)"]
    return lines


def _corrector(basis: Basis, layout: Layout) -> list[str]:
    source = ["def correct(work, scale, g):"]
    for side in range(4):
        source += _face(basis, layout, side)
    return source


def _face(basis: Basis, layout: Layout, side: int) -> list[str]:
    """Flux differences on one face of each element, lifted onto its nodes."""
    n, nn = layout.n, layout.nodes
    direction, upper = side // 2, side % 2
    own = layout.own + direction * layout.face_slots + upper * layout.side_slots
    far = layout.far + side * layout.side_slots
    ends = basis.right if upper else basis.left
    sign = -1.0 if upper else 1.0

    def read(base: int, trace: int, j: int) -> str:
        return f"work[{(base + trace * n + j) * LANES} + w]"

    lines = [
        f"    for w in range({LANES}):",
        f"        s = max({read(own, TRACES, 0)}, {read(far, TRACES, 0)})",
        f"        shut = work[{(layout.gates + side) * LANES} + w] == 0.0",
    ]
    for j in range(n):
        low, high = (own, far) if upper else (far, own)
        difference = [f"({read(high, t, j)} - {read(low, t, j)})" for t in range(3)]
        push = f"0.25 * g * ({read(low, 5, j)} + {read(high, 5, j)}) * {difference[0]}"
        # F* - F(own) with F* = (F_L + F_R) / 2 - s / 2 [Q]: half the flux of the other side less
        # half of the own flux, less the dissipation.
        for name, flux, jump in (("mass", 1, 0), ("along", 3, 1), ("across", 4, 2)):
            central = f"({read(far, flux, j)} - {read(own, flux, j)})"
            lines.append(f"        {name} = 0.5 * ({central} - s * {difference[jump]})")
        lines.append(f"        along = along {'+' if upper else '-'} {push}")
        for name in ("mass", "along", "across"):
            lines.append(f"        {name} = 0.0 if shut else scale * {name}")
        along, across = (1, 2) if direction == 0 else (2, 1)
        for i in range(n):
            node = j * n + i if direction == 0 else i * n + j
            weight = sign * float(ends[i] / basis.weights[i])
            for field, name in ((0, "mass"), (along, "along"), (across, "across")):
                target = f"work[{(field * nn + node) * LANES} + w]"
                lines.append(f"        {target} = {target} + {weight!r} * {name}")
    return lines


def _fastest(layout: Layout) -> list[str]:
    """Largest |u| + |v| + 2 sqrt(g h) over the nodes of each element."""
    nn = layout.nodes
    loop = f"    for w in range({LANES}):"
    source = ["def fastest(work, g):", loop, "        top = 0.0"]
    for i in range(nn):
        e, p, q, b = (f"work[{(f * nn + i) * LANES} + w]" for f in range(4))
        source.append(f"        h = {e} - {b}")
        source.append(f"        top = max(top, (abs({p}) + abs({q})) / h + 2.0 * sqrt(g * h))")
    source.append(f"        work[{layout.star * LANES} + w] = top")
    return source
