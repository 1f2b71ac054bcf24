import numpy as np
import pytest

from exacouple.engine import limiter, stepping
from exacouple.engine.mesh import Mesh
from exacouple.engine.shares import Shares
from exacouple.engine.solver import SolutionError, Solver
from exacouple.errors import UsageError

G = 9.81


def simple_wave(x, t, *, depth=1.0, amplitude=0.05):
    """Exact right-going simple wave of the shallow-water equations over a flat seabed.

    The Riemann invariant u - 2 c is constant, and values travel along x = x0 + (u + c) t (Stoker
    1957, Water Waves, section 10.2). Returns h and hu.
    """
    c0 = np.sqrt(G * depth)
    start = x.copy()
    for _ in range(200):
        c = np.sqrt(G * (depth + amplitude * np.sin(2 * np.pi * start)))
        start = x - (3 * c - 2 * c0) * t
    h = c**2 / G
    return h, h * 2 * (c - c0)


def simple_wave_errors(order, cells, *, along_y=False):
    """Errors of eta and hu after t = 0.2 with ``cells`` elements per wavelength."""

    def initial(x, y):
        h, p = simple_wave(y if along_y else x, 0.0)
        zero = np.zeros_like(x)
        return (h, zero, p, zero) if along_y else (h, p, zero, zero)

    shape = (3, cells) if along_y else (cells, 3)
    mesh = Mesh(0.0, 0.0, 1.0 / cells, *shape)
    solver = Solver(mesh, initial, order=order, gravity=G, boundary="periodic", limiter_depth=0.1)
    while solver.time < 0.2:
        solver.step(until=0.2)
    assert len(solver.patches) == 0
    points = ((np.arange(cells)[:, None] + solver.basis.nodes) / cells).ravel()
    h, p = simple_wave(points, 0.2)
    weights = np.tile(solver.basis.weights, cells) / cells
    line = solver.nodal()[:, 1, :, :, 0] if along_y else solver.nodal()[1, :, :, 0, :]
    eta, along = (line[:, v].ravel() for v in (0, 2 if along_y else 1))
    return np.array([np.sqrt(weights @ (eta - h) ** 2), np.sqrt(weights @ (along - p) ** 2)])


@pytest.mark.parametrize(
    ("order", "coarse"),
    [
        pytest.param(1, 32, marks=pytest.mark.slow),
        (2, 16),
        (3, 8),
        pytest.param(4, 16, marks=pytest.mark.slow),
    ],
)
def test_smooth_wave_converges_with_order_n_plus_1(order, coarse):
    """Halving the elements divides the error of eta and of hu by about 2^(N+1)."""
    rates = np.log2(simple_wave_errors(order, coarse) / simple_wave_errors(order, 2 * coarse))
    assert (rates > order + 0.9).all()


def test_both_directions_are_alike():
    """A wave along y has the same errors as the same wave along x."""
    along_x = simple_wave_errors(2, 8)
    np.testing.assert_allclose(simple_wave_errors(2, 8, along_y=True), along_x, rtol=1e-10)


def rough_islands(x, y):
    """A seabed with an island, shoals and a cliff, in metres above the datum."""
    hill = 1.6 * np.exp(-((x - 0.4) ** 2 + (y - 0.5) ** 2) / 0.02)
    return -1.0 + hill + 0.4 * np.sin(9 * x) * np.cos(7 * y) + 0.3 * (x > 0.8)


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("boundary", ["outflow", "sponge", "wall"])
@pytest.mark.parametrize("level", [0.0, 0.3])
def test_lake_at_rest_around_islands(order, boundary, level):
    """Water at rest stays at rest to round-off over wet and dry ground."""

    def initial(x, y):
        b = rough_islands(x, y)
        zero = np.zeros_like(x)
        return np.maximum(level - b, 0.0), zero, zero, b

    solver = Solver(
        Mesh(0.0, 0.0, 0.05, 20, 20),
        initial,
        order=order,
        gravity=G,
        boundary=boundary,
        sea_level=level,
        limiter_depth=0.2,
        dry_tolerance=1e-3,
    )
    start = solver.mass()
    for _ in range(50):
        solver.step()
    w = solver.patches.w
    assert (w[:, 0] == 0.0).any()
    deep = solver.nodal()[~solver.limited]
    assert len(deep) > 100
    shore = (w[:, 0] + solver.patches.bed)[w[:, 0] > 0.0]
    assert abs(deep[:, 0] - level).max() < 1e-13
    assert abs(shore - level).max() < 1e-13
    assert max(abs(deep[:, 1:]).max(), abs(w[:, 1:]).max()) < 1e-13
    assert solver.mass() == pytest.approx(start, rel=1e-14)


def dam_break(order, cells, *, right=0.0, dmp=0, until=0.4):
    """Water of depth 1 on the left of x = 0, of depth ``right`` on the right."""

    def initial(x, y):
        zero = np.zeros_like(x)
        return np.where(x < 0, 1.0, right), zero, zero, zero

    solver = Solver(
        Mesh(-5.0, 0.0, 10.0 / cells, cells, 3),
        initial,
        order=order,
        gravity=G,
        boundary="wall",
        limiter_depth=0.05,
        dry_tolerance=1e-4,
        dmp_observables=dmp,
        dmp_relaxation_parameter=1e-3,
        dmp_difference_scaling=1e-2,
    )
    start = solver.mass()
    while solver.time < until:
        solver.step(until=until)
        assert (solver.patches.w[:, 0] >= 0.0).all()
    assert solver.mass() == pytest.approx(start, rel=1e-13)
    x = np.linspace(-4.995, 4.995, 1000)
    return x, np.array([solver.sample(at, 5.0 / cells)[0] for at in x])


def ritter(x, t):
    """Depth of the dam break on a dry bed (Ritter 1892)."""
    c = np.sqrt(G)
    fan = (2 * c - x / t) ** 2 / (9 * G)
    return np.where(x < -c * t, 1.0, np.where(x < 2 * c * t, fan, 0.0))


@pytest.mark.parametrize("order", [2, 3])
def test_dam_break_on_a_dry_bed(order):
    """Depth stays positive, mass is conserved and the profile converges to Ritter's."""
    errors = []
    for cells in (50, 100):
        x, h = dam_break(order, cells)
        assert (h >= 0.0).all()
        errors.append(abs(h - ritter(x, 0.4)).mean())
    assert errors[1] < 1.5e-3
    assert errors[1] < 0.65 * errors[0]


def stoker(x, t, right):
    """Depth of the dam break on a wet bed (Stoker 1957, Water Waves, section 10.8)."""
    from scipy.optimize import brentq

    c_left = np.sqrt(G)

    def mismatch(c_mid):
        h_mid = c_mid**2 / G
        behind = 2 * (c_left - c_mid)
        shock = (h_mid - right) * np.sqrt(G * (h_mid + right) / (2 * h_mid * right))
        return behind - shock

    c_mid = brentq(mismatch, np.sqrt(G * right), c_left)
    h_mid, u_mid = c_mid**2 / G, 2 * (c_left - c_mid)
    front = h_mid * u_mid / (h_mid - right)
    fan = (2 * c_left - x / t) ** 2 / (9 * G)
    h = np.where(x < front * t, h_mid, right)
    h = np.where(x < (u_mid - c_mid) * t, fan, h)
    return np.where(x < -c_left * t, 1.0, h)


def test_dam_break_on_a_wet_bed():
    """With the maximum principle the bore has Stoker's height and place, to 1 % of the step."""
    x, h = dam_break(2, 100, right=0.3, dmp=1)
    exact = stoker(x, 0.4, 0.3)
    assert abs(h - exact).mean() < 2e-3
    assert h.max() < 1.0 + 0.01 * 0.7
    assert h.min() > 0.3 - 0.01 * 0.7
    at_half = np.interp(0.45, h[::-1][:700], x[::-1][:700])
    exact_half = x[np.flatnonzero(exact > 0.45)[-1]]
    assert at_half == pytest.approx(exact_half, abs=0.05)


@pytest.mark.parametrize(
    ("boundary", "limiter_depth", "settings"),
    [
        ("outflow", 0.2, {}),
        ("periodic", 0.2, {"coriolis": (0.5, 0.1)}),
        ("outflow", 1e9, {"manning": 0.03}),
        ("wall", 0.2, {"manning": 0.03, "dmp_observables": 3}),
        ("sponge", 0.2, {}),
    ],
)
def test_threads_and_bands_do_not_change_the_result(monkeypatch, boundary, limiter_depth, settings):
    """Any number of threads gives the same bits, with the limited elements in one or many bands.

    The threads have other shares in every step, and sometimes nothing to do.
    """
    random = np.random.default_rng(1)

    def learn(shares, times, done):
        cuts = random.uniform(-0.3, 1.3, shares.cuts.size - 2).clip(0.0, 1.0)
        shares.cuts[1:-1] = np.sort(cuts)
        return True

    def initial(x, y):
        zero = np.zeros_like(x)
        b = rough_islands(x, y)
        return np.maximum(0.1 * np.exp(-50 * x**2) - b, 0.0), zero, zero, b

    monkeypatch.setattr(stepping, "_LEARN_EVERY", 1)
    monkeypatch.setattr(Shares, "learn", learn)
    states = []
    for threads, band in ((1, 10_000), (2, 10_000), (1, 1), (2, 1), (3, 1), (5, 1)):
        monkeypatch.setattr(limiter, "_BAND", band)
        solver = Solver(
            Mesh(0.0, 0.0, 0.05, 20, 20), initial, gravity=G, limiter_depth=limiter_depth,
            boundary=boundary, threads=threads, **settings,
        )  # fmt: skip
        for _ in range(20):
            solver.step()
        states.append((solver.nodal(), solver.patches.w.copy(), solver.time, solver.dt))
    assert len(solver.patches) > 30
    for state in states[1:]:
        assert all(map(np.array_equal, state, states[0]))


@pytest.mark.parametrize("limiter_depth", [0.1, 1e9])
def test_coriolis_force_turns_a_uniform_flow(limiter_depth):
    """Inertial oscillation: after a quarter of 2 pi / f a flow to the east goes south."""

    def initial(x, y):
        zero = np.zeros_like(x)
        return zero + 100.0, zero + 10.0, zero, zero - 100.0

    solver = Solver(
        Mesh(0.0, 0.0, 1e4, 8, 8),
        initial,
        boundary="periodic",
        limiter_depth=limiter_depth,
        coriolis=(1e-4, 0.0),
    )
    quarter = 0.5 * np.pi / 1e-4
    while solver.time < quarter:
        solver.step(until=quarter)
    _, hu, hv, _, _ = solver.sample(3.3e4, 4.4e4)
    assert hu == pytest.approx(0.0, abs=1e-9)
    assert hv == pytest.approx(-10.0, rel=1e-9)


@pytest.mark.parametrize("limiter_depth", [0.1, 1e9])
def test_manning_friction_slows_a_uniform_flow(limiter_depth):
    """u_t = -k u^2 with k = g n^2 / h^(4/3) gives u = u0 / (1 + k u0 t)."""

    def initial(x, y):
        zero = np.zeros_like(x)
        return zero + 2.0, zero + 4.0, zero, zero - 2.0

    solver = Solver(
        Mesh(0.0, 0.0, 100.0, 8, 8),
        initial,
        boundary="periodic",
        limiter_depth=limiter_depth,
        manning=0.03,
    )
    while solver.time < 100.0:
        solver.step(until=100.0)
    rate = 9.81 * 0.03**2 / 2.0 ** (4.0 / 3.0)
    assert solver.sample(330.0, 440.0)[1] == pytest.approx(4.0 / (1.0 + rate * 2.0 * 100.0))


def wave_energy(state, depth, weights):
    """Energy of a small wave per density and element area."""
    eta, p, q = (state[:, :, v] for v in range(3))
    return ((0.5 * G * eta**2 + 0.5 * (p**2 + q**2) / depth) * weights).sum()


def test_an_outgoing_wave_hardly_comes_back():
    """Less than 1 % of the energy of a tsunami returns from an open boundary.

    The same wave in a sea three times as wide, whose edges it does not reach, shows what belongs
    inside.
    """
    depth, half, cells = 4000.0, 900e3, 27

    def initial(x, y):
        zero = np.zeros_like(x)
        hump = np.exp(-((x - 300e3) ** 2 + y**2) / (2 * 90e3**2))
        return depth + hump, zero, zero, zero - depth

    def start(half, cells):
        mesh = Mesh(-half, -half, 2 * half / cells, cells, cells)
        return Solver(mesh, initial, gravity=G, limiter_depth=100.0, fixed_dt=True)

    narrow, wide = start(half, cells), start(3 * half, 3 * cells)
    assert narrow.dt == wide.dt
    rim = 4
    inside = slice(rim, cells - rim)
    same_place = slice(cells + rim, 2 * cells - rim)
    weights = np.outer(narrow.basis.weights, narrow.basis.weights)
    at_start = wave_energy(wide.nodal(), depth, weights)
    returned = 0.0
    while narrow.time < 2.2 * half / np.sqrt(G * depth):
        narrow.step()
        wide.step()
        back = narrow.nodal()[inside, inside] - wide.nodal()[same_place, same_place]
        returned = max(returned, wave_energy(back, depth, weights))
    assert 0.0 < returned < 0.01 * at_start


def flat(h=1.0):
    def initial(x, y):
        zero = np.zeros_like(x)
        return np.full_like(x, h), zero, zero, np.full_like(x, -1.0)

    return initial


def test_time_step_is_that_of_exahype():
    """dt = CFL PNPM dx / (2 sqrt(g h)) for water at rest: 24.9674 s in ExaHyPE's level-0 case."""
    mesh = Mesh(-499.0, -949.0, 1798.0 / 25, 25, 25)

    def initial(x, y):
        zero = np.zeros_like(x)
        return np.full_like(x, 4.95), zero, zero, np.full_like(x, -4.95)

    solver = Solver(mesh, initial, order=2, gravity=9.81e-3)
    assert solver.dt == pytest.approx(24.9674, abs=5e-5)


def test_sample_reads_polynomials_and_subcells():
    """A plane surface is sampled exactly from a DG element and to its subcell in a patch."""

    def initial(x, y):
        zero = np.zeros_like(x)
        return 2.0 + 0.1 * x + 0.2 * y, zero, zero, zero - 1.0

    solver = Solver(Mesh(0.0, 0.0, 1.0, 5, 5), initial, order=2)
    assert solver.sample(2.3, 2.7)[4] == pytest.approx(1.0 + 0.23 + 0.54, rel=1e-13)
    assert solver.sample(0.3, 0.7)[0] == pytest.approx(2.0 + 0.03 + 0.14, rel=1e-13)
    h, _, _, b, eta = solver.sample(0.3, 0.7)
    assert eta == h + b


def test_values_that_are_not_finite_stop_the_run():
    """The message names the place and the time."""
    with pytest.raises(SolutionError, match=r"around x = 2.5, y = 2.5 at t = 0"):
        Solver(
            Mesh(0.0, 0.0, 1.0, 5, 5),
            lambda x, y: (np.where((abs(x - 2.5) < 0.5) & (abs(y - 2.5) < 0.5), np.nan, 1.0),
                          0 * x, 0 * x, 0 * x - 1.0),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 7}, "order 7"),
        ({"boundary": "bath"}, "boundary 'bath'"),
        ({"scheme": "upwind"}, "scheme 'upwind'"),
    ],
)
def test_unknown_choices_are_named(options, message):
    """An order, boundary or scheme that does not exist is refused by name."""
    with pytest.raises(UsageError, match=message):
        Solver(Mesh(0.0, 0.0, 1.0, 5, 5), flat(), **options)


def test_dry_domain_is_refused():
    """Without water there is no time step."""
    with pytest.raises(UsageError, match="dry"):
        Solver(Mesh(0.0, 0.0, 1.0, 5, 5), flat(0.0))
