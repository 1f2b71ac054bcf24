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

What happens at the faces between elements, `exacouple.engine.faces` writes.
"""

from collections.abc import Sequence

from exacouple.engine.basis import Basis
from exacouple.engine.faces import correction_source, meeting_source
from exacouple.engine.lanes import LANES, TRACES, Layout, Loop, combination, lane, named_once


def kernel_source(basis: Basis, least: float = 0.0, line: int = 8) -> str:
    """Source of ``predict``, ``meet``, ``correct``, ``bound`` and ``fastest`` for one order.

    Values that are smaller than ``least`` at the end of a step become zero. A cache line holds
    ``line`` numbers.
    """
    layout = Layout(basis.order + 1)
    return "\n".join(
        [
            *named_once(_predictor(basis, layout, line)),
            "",
            *named_once(meeting_source(basis, layout, least)),
            "",
            *named_once(correction_source(basis, layout)),
            "",
            *named_once(_bound(layout)),
            "",
            *named_once(_fastest(layout)),
            "",
        ]
    )


def _predictor(basis: Basis, layout: Layout, line: int) -> list[str]:
    n, nn = layout.n, layout.nodes
    names = [f"{f}{k}" for k in range(n + 1) for f in "epq"]
    names += [f"{f}{k}" for k in range(n - 1) for f in "uvxy"]
    names += ["qu", "qv", "h", "inverse"]
    names += [f"mean_{f}" for f in ("e", "p", "q", "pu", "qu", "qv", "h")]
    slot = {name: nn * number for number, name in enumerate(names)}
    fields = "u, bed, out, row, block, records, place, waiting, level, work, scale, g, spin"
    source = [f"def predict({fields}):"]
    loops = [part(basis, layout, slot, k) for k in range(n) for part in (_along_x, _along_y)]
    requests = _requests(layout, line)
    share = -(-len(requests) // len(loops))
    for number, loop in enumerate(loops):
        source += _ask(requests[number * share : (number + 1) * share], line) + loop
    source += _end_of_step(layout, slot)
    source += _extrapolation(basis, layout, slot, ("e", "p", "q", "pu", "qu", "h"), 0)
    source += _extrapolation(basis, layout, slot, ("e", "q", "p", "qv", "qu", "h"), 2)
    return source + _speeds(basis, layout)


def _requests(layout: Layout, line: int) -> list[tuple[str, int]]:
    """What the next block reads and writes, line by line.

    They belong between the loops: only few requests can wait for the memory at a time, and what
    else is not in the first-level cache waits behind them.
    """
    sizes = {"u": 3 * layout.nodes, "bed": layout.nodes, "out": 3 * layout.nodes}
    return [(name, at) for name, slots in sizes.items() for at in range(0, slots * LANES, line)]


def _ask(requests: Sequence[tuple[str, int]], line: int) -> list[str]:
    """A call for each array that something is asked of."""
    return [
        f"    prefetch({name}, row, block + 1, {places[0]}, {len(places)}, {line})"
        for name in dict(requests)
        if (places := [at for other, at in requests if other == name])
    ]


def _cauchy(k: int, first: str, second: str, value: "_Value") -> str:
    return " + ".join(f"{value(first, j)} * {value(second, k - j)}" for j in range(k + 1))


class _Value:
    """Names the coefficient j of a field: a local name for the newest, else its slot."""

    def __init__(self, loop: Loop, slot: dict[str, int], k: int, step: int, i: int) -> None:
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
    loop = Loop(n, n)
    loop.lines.insert(2, "        turn = spin[row, line]")
    share = 1.0 / (k + 1)
    for i in range(n):
        value = _Value(loop, slot, k, 1, i)
        for v, f in enumerate("epq"):
            here = loop.at(slot[f"{f}{k}"] + i)
            if k == 0:
                nodal = f"u[row, block, {lane(v * layout.nodes + i)}]"
                loop.put(f"{f}_{i}", nodal)
                loop.put(here, f"{f}_{i}")
            else:
                loop.put(f"{f}_{i}", here)
        if k == 0:
            loop.put(f"h_{i}", f"e_{i} - bed[row, block, {lane(i)}]")
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
        loop.put(f"x_{i}", combination(d[i], [f"e_{m}" for m in range(n)]))
        if k < n - 1:
            loop.put(loop.at(slot[f"x{k}"] + i), f"x_{i}")
        loop.put(loop.at(slot[f"e{k + 1}"] + i), combination(d[i], [f"p_{m}" for m in range(n)]))
        advection = combination(d[i], [f"pu_{m}" for m in range(n)])
        push = _cauchy(k, "h", "x", value)
        shear = combination(d[i], [f"qu_{m}" for m in range(n)])
        loop.put(loop.at(slot[f"p{k + 1}"] + i), f"{advection} + g * ({push}) - turn * q_{i}")
        loop.put(loop.at(slot[f"q{k + 1}"] + i), f"{shear} + turn * p_{i}")
    return loop.lines


def _along_y(basis: Basis, layout: Layout, slot: dict[str, int], k: int) -> list[str]:
    """y derivatives of coefficient k, and with them the coefficients k + 1."""
    n, d = layout.n, basis.derivative
    loop = Loop(n, 1)
    factor = f"scale * {-1.0 / (k + 1)!r}"
    for j in range(n):
        for f in "eq":
            loop.put(f"{f}_{j}", loop.at(slot[f"{f}{k}"] + j * n))
        for f in ("qu", "qv"):
            loop.put(f"{f}_{j}", loop.at(slot[f] + j * n))
        loop.put(f"h_{j}", loop.at(slot["h"] + j * n) if k == 0 else f"e_{j}")
    for j in range(n):
        value = _Value(loop, slot, k, n, j)
        loop.put(f"y_{j}", combination(d[j], [f"e_{m}" for m in range(n)]))
        if k < n - 1:
            loop.put(loop.at(slot[f"y{k}"] + j * n), f"y_{j}")
        div = combination(d[j], [f"q_{m}" for m in range(n)])
        shear = combination(d[j], [f"qu_{m}" for m in range(n)])
        advection = combination(d[j], [f"qv_{m}" for m in range(n)])
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
            f"        records[place, {layout.star * LANES + v * size} + k] = {end}",
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
    loop = Loop(n, line_step, there=3 if first_side == 0 else 1)
    for t, f in enumerate(fields):
        nodes = [loop.at(slot[f"mean_{f}"] + i * node_step) for i in range(n)]
        for i, node in enumerate(nodes):
            loop.put(f"n_{i}", node)
        for side, ends in enumerate((basis.left, basis.right)):
            target = _trace(layout, first_side + side, t * n, "there")
            loop.put(target, combination(ends, [f"n_{i}" for i in range(n)]))
    return loop.lines


def _trace(layout: Layout, side: int, number: int, place: str = "w") -> str:
    """Where the kernels keep a trace of the left, right, lower or upper side."""
    if side == 3:
        return f"waiting[level, block, {lane(number, place)}]"
    slot = layout.across_y + number if side == 2 else 3 * number + 2 * side
    return f"records[place, {lane(slot, place)}]"


def _speeds(basis: Basis, layout: Layout) -> list[str]:
    """Wave speed |u| + sqrt(g h) on the four faces, from the means of momentum and h."""
    n = layout.n
    lines = [f"    for w in range({LANES}):"]
    for side in range(4):
        h, p = (
            combination(basis.weights, [_trace(layout, side, t * n + j) for j in range(n)])
            for t in (5, 1)
        )
        speed = f"abs(({p}) / h) + sqrt(g * h)"
        lines += [f"        h = {h}", f"        {_trace(layout, side, TRACES * n)} = {speed}"]
    return lines


def _bound(layout: Layout) -> list[str]:
    """What `fastest` cannot exceed, not even by rounding, with one root for each element."""
    nn = layout.nodes
    source = ["def bound(u, bed, row, block, tops, g):", f"    for w in range({LANES}):"]
    for i in range(nn):
        e, p, q = (f"u[row, block, {lane(f * nn + i, 'w')}]" for f in range(3))
        source += [
            f"        h = {e} - bed[row, block, {lane(i, 'w')}]",
            f"        flow = abs({p}) + abs({q})",
        ]
        for name, sign, value in (("low", "<", "h"), ("high", ">", "h"), ("most", ">", "flow")):
            chosen = value if i == 0 else f"{value} if {value} {sign} {name} else {name}"
            source.append(f"        {name} = {chosen}")
    source.append("        tops[w] = most / low + 2.0 * sqrt(g * high)")
    return source


def _fastest(layout: Layout) -> list[str]:
    """Largest |u| + |v| + 2 sqrt(g h) over the nodes of each element."""
    nn = layout.nodes
    loop = f"    for w in range({LANES}):"
    source = ["def fastest(u, bed, row, block, tops, g):", loop, "        top = 0.0"]
    for i in range(nn):
        e, p, q = (f"u[row, block, {lane(f * nn + i, 'w')}]" for f in range(3))
        source.append(f"        h = {e} - bed[row, block, {lane(i, 'w')}]")
        source.append(f"        top = max(top, (abs({p}) + abs({q})) / h + 2.0 * sqrt(g * h))")
    source.append("        tops[w] = top")
    return source
