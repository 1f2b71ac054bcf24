"""The exact solutions satisfy the shallow-water equations."""

import numpy as np
import pytest

from exacouple.errors import UsageError
from exacouple.verification.solutions import beach, bowls, dam_breaks, macdonald, steady, waves
from exacouple.verification.solutions.solitary import SolitaryRunUp

G = 9.81


def residuals(state, bed, x, t, *, dx, dt, drag=None, gravity=G):
    """Residuals of mass and momentum along x by central differences of fourth order.

    h_t + (h u)_x and u_t + u u_x + g (h + b)_x + drag, from `state(x, t)` = h, u.
    """

    def along(f):
        return (8 * (f(x + dx) - f(x - dx)) - (f(x + 2 * dx) - f(x - 2 * dx))) / (12 * dx)

    def in_time(f):
        return (8 * (f(t + dt) - f(t - dt)) - (f(t + 2 * dt) - f(t - 2 * dt))) / (12 * dt)

    h, u = state(x, t)
    mass = in_time(lambda s: state(x, s)[0]) + along(lambda p: np.prod(state(p, t), axis=0))
    push = in_time(lambda s: state(x, s)[1]) + u * along(lambda p: state(p, t)[1])
    push += gravity * along(lambda p: state(p, t)[0] + bed(p))
    if drag is not None:
        push += drag(h, u)
    return np.abs(mass).max(), np.abs(push).max()


def test_simple_wave_solves_the_equations():
    """Mass and momentum are kept where the wave is steepest, too."""
    x = np.linspace(0.0, 1.0, 41)

    def state(x, t):
        return waves.simple_wave(x, t, lambda s: 0.05 * np.sin(2 * np.pi * s), depth=1.0, gravity=G)

    assert max(residuals(state, np.zeros_like, x, 0.2, dx=1e-3, dt=3e-4)) < 1e-6


def test_broken_wave_is_refused():
    """A wave of sin form breaks where 3 c' t = -1."""
    with pytest.raises(UsageError, match="broke"):
        waves.simple_wave(
            np.linspace(0.0, 1.0, 101), 2.0, lambda s: 0.2 * np.sin(2 * np.pi * s),
            depth=1.0, gravity=G,
        )  # fmt: skip


@pytest.mark.parametrize("right", [0.0, 0.1])
def test_dam_breaks_solve_the_equations_in_the_fan(right):
    """Inside the rarefaction both equations hold."""
    x = np.linspace(-2.0, -0.5, 31)

    def state(x, t):
        if right == 0.0:
            return dam_breaks.ritter(x, t, depth=1.0, gravity=G)
        return dam_breaks.stoker(x, t, left=1.0, right=right, gravity=G)

    assert max(residuals(state, np.zeros_like, x, 1.0, dx=1e-3, dt=3e-4)) < 1e-8


def test_dam_break_uphill_solves_the_equations():
    """In the fan, over ground that rises at 1 in 4, on the way up and back."""
    x = np.linspace(-0.5, 0.2, 31)

    def state(x, t):
        return dam_breaks.ritter_uphill(x, t, depth=0.4, slope=0.25, gravity=G)

    for t in (0.5, 1.2):
        assert max(residuals(state, lambda x: 0.25 * x, x, t, dx=1e-3, dt=3e-4)) < 1e-8


@pytest.mark.parametrize(
    ("behind", "ahead", "speed", "ahead_velocity"),
    [
        (dam_breaks.bore(1.0, 0.1, gravity=G), 0.1, 1.0, 0.0),
        (dam_breaks.bore_off_wall(0.4, 3.8, gravity=G), 0.4, -1.0, 3.8),
    ],
)
def test_bores_keep_mass_and_momentum(behind, ahead, speed, ahead_velocity):
    """Rankine-Hugoniot: the jumps of h u and h u^2 + g h^2 / 2 are D times those of h and h u."""
    speed *= behind.speed
    jump = behind.depth - ahead
    flux = behind.depth * behind.velocity - ahead * ahead_velocity
    assert flux == pytest.approx(speed * jump, rel=1e-12)
    push = behind.depth * behind.velocity**2 - ahead * ahead_velocity**2
    push += 0.5 * G * (behind.depth**2 - ahead**2)
    assert push == pytest.approx(speed * flux, rel=1e-12)


def test_volume_of_dam_breaks_is_that_of_the_dam():
    """The water that has left the dam is beyond it."""
    x = (np.arange(40_000) + 0.5) / 2000.0 - 10.0
    for right in (0.0, 0.1):
        if right == 0.0:
            h, _ = dam_breaks.ritter(x, 1.0, depth=1.0, gravity=G)
        else:
            h, _ = dam_breaks.stoker(x, 1.0, left=1.0, right=right, gravity=G)
        assert h.sum() / 2000.0 == pytest.approx(10.0 * (1.0 + right), rel=1e-4)


BOWL = bowls.Bowl(depth=0.1, radius=1.0, gravity=G)


@pytest.mark.parametrize(
    "wave", [bowls.PlanarSurface(BOWL, shift=0.5), bowls.RadialSurface(BOWL, start_radius=0.8)]
)
@pytest.mark.parametrize("t", [0.3, 1.1])
def test_bowls_solve_the_equations(wave, t):
    """h_t + div(h v), and v_t + v grad v + g grad(h + b) for both velocities."""
    x, y = np.meshgrid(np.linspace(-0.2, 0.3, 6), np.linspace(-0.3, 0.1, 6))
    d = 1e-3

    def slope(f):
        return (f(d) - f(-d)) / (2 * d)

    def field(i, dx=0.0, dy=0.0, dt=0.0):
        return wave(x + dx, y + dy, t + dt)[i]

    h, u, v = wave(x, y, t)
    mass = slope(lambda e: field(0, dt=e))
    mass += slope(lambda e: field(0, dx=e) * field(1, dx=e))
    mass += slope(lambda e: field(0, dy=e) * field(2, dy=e))
    assert h.min() > 0.01
    assert np.abs(mass).max() < 1e-6
    for i, along in ((1, {"dx": 1.0}), (2, {"dy": 1.0})):
        force = slope(lambda e, i=i: field(i, dt=e))
        force += u * slope(lambda e, i=i: field(i, dx=e)) + v * slope(lambda e, i=i: field(i, dy=e))
        shift = {key: d * value for key, value in along.items()}
        back = {key: -d * value for key, value in along.items()}
        up = field(0, **shift) + BOWL.seabed(x + shift.get("dx", 0), y + shift.get("dy", 0))
        down = field(0, **back) + BOWL.seabed(x + back.get("dx", 0), y + back.get("dy", 0))
        assert np.abs(force + G * (up - down) / (2 * d)).max() < 1e-5


@pytest.mark.parametrize(
    "wave", [bowls.PlanarSurface(BOWL, shift=0.5), bowls.RadialSurface(BOWL, start_radius=0.8)]
)
def test_bowls_keep_their_water(wave):
    """The volume is the same at all times, and the state repeats after a period."""
    s = (np.arange(400) + 0.5) / 100.0 - 2.0
    x, y = np.meshgrid(s, s)
    volumes = [wave(x, y, t)[0].sum() for t in np.linspace(0.0, wave.period, 5)]
    assert volumes == pytest.approx([volumes[0]] * 5, rel=1e-3)
    np.testing.assert_allclose(wave(x, y, wave.period), wave(x, y, 0.0), atol=1e-9)


def bump(x):
    return np.maximum(0.0, 0.2 - 0.05 * (x - 10.0) ** 2)


FLOWS = {
    "subcritical": lambda x: steady.subcritical(x, bump, discharge=4.42, depth=2.0, gravity=G),
    "transcritical": lambda x: steady.transcritical(x, bump, discharge=1.53, crest=10.0, gravity=G),
}


@pytest.mark.parametrize(("name", "discharge"), [("subcritical", 4.42), ("transcritical", 1.53)])
def test_flows_over_a_bump_keep_their_head(name, discharge):
    """Bernoulli: u^2 / (2 g) + h + b is the same at both sides of the bump and on it."""
    x = np.array([2.0, 8.5, 9.9, 10.0, 10.3, 11.5, 20.0])
    h = FLOWS[name](x)
    head = (discharge / h) ** 2 / (2.0 * G) + h + bump(x)
    np.testing.assert_allclose(head, head[0], rtol=1e-9)


def test_transcritical_flow_is_critical_at_the_crest():
    """The Froude number is below 1 upstream, 1 at the crest and above 1 downstream."""
    h = FLOWS["transcritical"](np.array([9.0, 10.0, 11.0, 25.0]))
    froude = 1.53 / np.sqrt(G * h**3)
    assert froude[0] < 1.0
    assert froude[1] == pytest.approx(1.0, abs=1e-6)
    assert (froude[2:] > 1.0).all()


def test_hydraulic_jump_keeps_momentum():
    """Goutal and Maurel's jump lies at 11.67 m; q^2 / h + g h^2 / 2 is the same on both sides."""
    options = {"discharge": 0.18, "depth": 0.33, "crest": 10.0, "end": 12.0, "gravity": G}
    place = steady.jump_place(bump, **options)
    assert place == pytest.approx(11.67, abs=0.01)
    low, high = steady.transcritical_with_jump(
        np.array([place - 1e-9, place + 1e-9]), bump, **options
    )
    assert high > 1.5 * low
    push = 0.18**2 / np.array([low, high]) + 0.5 * G * np.array([low, high]) ** 2
    assert push[0] == pytest.approx(push[1], rel=1e-6)


@pytest.mark.parametrize("reach", [macdonald.SUBCRITICAL, macdonald.SUPERCRITICAL])
def test_macdonald_flows_solve_the_equations(reach):
    """Slope of the bed, pressure, inertia and Manning's friction are in balance."""
    x = np.linspace(200.0, 800.0, 61)
    seabed = reach.seabed(0.0, 1000.0)

    def state(x, t):
        h = reach.depth(x)
        return h, reach.discharge / h

    def drag(h, u):
        return G * reach.manning**2 * u * np.abs(u) / h ** (4.0 / 3.0)

    assert max(residuals(state, seabed, x, 0.0, dx=1.0, dt=1.0, drag=drag)) < 1e-7


def test_macdonald_flows_have_their_names():
    """One is below the critical depth, the other above."""
    x = np.linspace(0.0, 1000.0, 101)
    for reach, sign in ((macdonald.SUBCRITICAL, 1.0), (macdonald.SUPERCRITICAL, -1.0)):
        critical = steady.critical_depth(reach.discharge, G)
        assert (sign * (reach.depth(x) - critical) > 0.0).all()


@pytest.mark.parametrize("t", [0.5, 3.0, 7.6])
def test_standing_wave_solves_the_equations(t):
    """On the beach and beyond, at times of run-up and run-down."""
    wave = beach.StandingWave(slope=0.1, period=10.0, amplitude=0.8, gravity=G)
    x = np.linspace(-3.0, -0.6, 25) * wave.length

    def state(x, t):
        return wave(x, t)

    scale = G * 0.1
    mass, push = residuals(state, lambda x: 0.1 * x, x, t, dx=0.02, dt=0.01)
    assert mass < 1e-4 * scale
    assert push < 1e-4 * scale


def test_standing_wave_climbs_to_its_run_up():
    """The highest shoreline is A / 4 in scaled units, and the water ends there."""
    wave = beach.StandingWave(slope=0.1, period=10.0, amplitude=0.8, gravity=G)
    heights = [0.1 * wave.shoreline(t)[0] for t in np.linspace(0.0, 10.0, 1001)]
    assert max(heights) == pytest.approx(wave.run_up, rel=1e-6)
    x, _ = wave.shoreline(2.2)
    h, _ = wave(np.array([x - 0.01, x + 0.01]), 2.2)
    assert h[0] > 0.0
    assert h[1] == 0.0


def test_standing_wave_that_breaks_is_refused():
    """Beyond A = 1 the transformation folds."""
    with pytest.raises(UsageError, match="amplitude 1"):
        beach.StandingWave(slope=0.1, period=10.0, amplitude=1.0, gravity=G)


SOLITARY = SolitaryRunUp(height=0.019, cotangent=19.85)


def test_solitary_wave_arrives_as_it_was_sent():
    """At the toe the incident wave has passed at speed 1; Synolakis' wave has H = 0.019 there."""
    early = SOLITARY.profile(np.array([15.0, 19.0]), 0.0)
    np.testing.assert_allclose(early, SOLITARY.initial(np.array([15.0, 19.0])), atol=5e-4)


def test_solitary_wave_runs_up_as_high_as_the_law_says():
    """R = 2.831 sqrt(cot beta) H^(5/4) holds the better the larger sqrt(H) cot beta is."""
    excess = []
    for height in (0.005, 0.019, 0.04):
        wave = SolitaryRunUp(height=height, cotangent=19.85)
        top = wave.start + 19.85
        run_up = wave.shoreline(np.linspace(top - 8.0, top + 8.0, 161)).max()
        excess.append(run_up / wave.run_up_law - 1.0)
    assert excess == sorted(excess, reverse=True)
    assert excess[0] < 0.06
    assert 0.0 < excess[2] < 0.02


def test_solitary_wave_highest_and_lowest_at_published_times():
    """Run-up and run-down are extreme near t = 55 and t = 70 (NTHMP benchmark 1)."""
    times = np.arange(40.0, 90.0, 0.25)
    shore = SOLITARY.shoreline(times)
    assert times[shore.argmax()] == pytest.approx(55.0, abs=1.0)
    assert times[shore.argmin()] == pytest.approx(70.0, abs=1.5)


def test_gauge_near_the_shore_falls_dry():
    """x / d = 0.25 is dry from t = 67 to 82 and wet at other times (NTHMP benchmark 1)."""
    dry = np.isnan(SOLITARY.at(0.25, np.array([60.0, 66.0, 68.0, 75.0, 81.0, 83.0, 90.0])))
    assert dry.tolist() == [False, False, True, True, True, False, False]


def test_gauge_of_depth_half_reads_the_published_numbers():
    """Elevation at x / d = 9.95 by NTHMP benchmark 1, to the printed digits."""
    found = SOLITARY.at(9.95, np.array([20.25, 30.25, 60.25, 80.25, 90.25]))
    expected = [0.00845, 0.02309, 0.00628, 0.01392, -0.00861]
    np.testing.assert_allclose(found, expected, atol=6e-6)
