"""Displacement of a rectangular fault against published values, GeoClaw and conservation laws."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import trapezoid

from exacouple.earthquake.okada import (
    REFERENCES,
    RectangularFault,
    fault_frame_displacement,
    surface_displacement,
    uplift,
)
from exacouple.errors import UsageError

# Okada (1985), Table 2: x, y, depth, dip, kind of slip, displacement along x, y, z. The fault is 3
# by 2 with unit slip, and equal Lamé constants.
TABLE_2 = [
    (2, 3, 4, 70, "strike_slip", (-8.689e-3, -4.298e-3, -2.747e-3)),
    (2, 3, 4, 70, "dip_slip", (-4.682e-3, -3.527e-2, -3.564e-2)),
    (2, 3, 4, 70, "opening", (-2.660e-4, 1.056e-2, 3.214e-3)),
    (0, 0, 4, 90, "strike_slip", (0.0, 5.253e-3, 0.0)),
    (0, 0, 4, 90, "dip_slip", (0.0, 0.0, 0.0)),
    (0, 0, 4, 90, "opening", (1.223e-2, 0.0, -1.606e-2)),
    (0, 0, 4, -90, "strike_slip", (0.0, -1.303e-3, 0.0)),
    (0, 0, 4, -90, "dip_slip", (0.0, 0.0, 0.0)),
    (0, 0, 4, -90, "opening", (3.507e-3, 0.0, -7.740e-3)),
]

# Vertical displacement (m) at points east and north (m) of the reference point, computed with
# SubFault.okada of GeoClaw (Clawpack 5.14.0) for a fault on the equator, where its conversion from
# degrees to metres can be undone.
GEOCLAW = [
    (
        RectangularFault(9108.1, 198.0, 10.0, 90.0, 30.0, 25e3, 20e3),
        [
            (-166685.4238, -88907.0721, -1.1575064e-03),
            (-34451.4354, -13336.0608, -3.3762754e-01),
            (7779.3312, -13336.0608, 5.8364540e00),
            (7779.2056, 27783.4600, -4.7282114e-02),
            (100000.2975, 122247.2241, -5.3144645e-03),
        ],
    ),
    (
        RectangularFault(35e3, 16.0, 14.0, 104.0, 15.0, 450e3, 100e3, reference="top_center"),
        [
            (-166675.4192, -88907.0721, 1.2477326e-01),
            (-34451.2103, -13336.0608, 2.3554703e00),
            (7780.1826, 27783.4600, 5.0778635e00),
            (100020.3919, 27783.4600, -1.5702999e00),
            (100019.2122, 122247.2241, 5.4208008e-01),
        ],
    ),
    (
        RectangularFault(1e3, 300.0, 70.0, -35.0, 2.0, 60e3, 15e3, reference="top_center"),
        [
            (-166684.2608, -88907.0721, 1.9694389e-03),
            (7779.3574, -13336.0608, 1.6561033e-01),
            (7779.3192, 27783.4600, -1.8905361e-02),
            (100019.5284, 27783.4600, 6.7499246e-03),
            (7778.4079, 122247.2241, -4.5671269e-03),
        ],
    ),
]

THRUST = RectangularFault(15e3, 30.0, 20.0, 90.0, 2.0, 40e3, 20e3)


@pytest.mark.parametrize(("x", "y", "depth", "dip", "kind", "expected"), TABLE_2)
def test_published_values(x, y, depth, dip, kind, expected):
    """All components agree with the four digits that Okada's Table 2 gives."""
    got = fault_frame_displacement(x, y, depth=depth, dip=dip, length=3, width=2, **{kind: 1.0})
    np.testing.assert_allclose([float(value) for value in got], expected, rtol=5e-4, atol=1e-15)


@pytest.mark.parametrize(("fault", "points"), GEOCLAW)
def test_uplift_agrees_with_geoclaw(fault, points):
    """The vertical displacement is GeoClaw's, for both reference points that it shares."""
    east, north, expected = np.transpose(points)
    np.testing.assert_allclose(uplift(fault, east, north), expected, rtol=2e-6)


def test_uplift_is_the_third_component():
    """Both functions give the same vertical displacement, opening included."""
    fault = replace(THRUST, rake=50.0, opening=0.5)
    east, north = np.meshgrid(np.linspace(-60e3, 60e3, 7), np.linspace(-60e3, 60e3, 7))
    np.testing.assert_allclose(
        uplift(fault, east, north), surface_displacement(fault, east, north)[2], rtol=1e-12
    )


def test_strike_turns_the_whole_field_clockwise():
    """A fault that strikes 90 degrees is the one that strikes north, seen turned by 90 degrees."""
    fault = replace(THRUST, strike=0.0, rake=60.0)
    east, north = np.array([12e3, -30e3, 5e3]), np.array([7e3, 20e3, -44e3])
    e0, n0, u0 = surface_displacement(fault, east, north)
    e90, n90, u90 = surface_displacement(replace(fault, strike=90.0), north, -east)
    np.testing.assert_allclose([e90, n90, u90], [n0, -e0, u0], rtol=1e-12)


@pytest.mark.parametrize("dip", [0.0, 10.0, 55.0, 90.0])
def test_reference_points_describe_one_fault(dip):
    """Centroid, middle and corner of the upper edge of one rectangle give the same field."""
    strike = np.radians(250.0)
    along = np.array([np.sin(strike), np.cos(strike)])
    down = np.array([np.cos(strike), -np.sin(strike)]) * np.cos(np.radians(dip))
    fault = RectangularFault(20e3, 250.0, dip, 70.0, 3.0, 60e3, 30e3)
    top = fault.depth - 15e3 * np.sin(np.radians(dip))
    points = np.array([[10e3, -4e3], [-70e3, 33e3], [0.0, 0.0]])
    expected = uplift(fault, *points.T)
    for reference, origin in {
        "top_center": -15e3 * down,
        "top_corner": -15e3 * down - 30e3 * along,
    }.items():
        same = replace(fault, depth=top, reference=reference)
        np.testing.assert_allclose(uplift(same, *(points - origin).T), expected, atol=1e-9)


def test_unknown_reference_is_refused():
    """The message names the value and what is allowed."""
    with pytest.raises(UsageError, match=r"reference 'bottom'.*centroid, top_center, top_corner"):
        replace(THRUST, reference="bottom")
    assert REFERENCES == ("centroid", "top_center", "top_corner")


def test_left_lateral_fault_jumps_by_its_slip():
    """Across a long vertical fault that reaches the surface, both sides part by the slip."""
    fault = RectangularFault(0.0, 0.0, 90.0, 0.0, 1.0, 2000e3, 20e3, reference="top_center")
    _, (west, east), _ = surface_displacement(fault, [-1.0, 1.0], 0.0)
    assert east - west == pytest.approx(1.0, rel=2e-3)
    assert east == pytest.approx(-west)


@pytest.mark.parametrize(
    ("dip", "rake", "slip", "opening"),
    [(15, 90, 2, 0), (45, 90, 2, 0), (70, -90, 2, 0), (30, 0, 2, 0), (0, 0, 0, 1), (90, 0, 0, 1)],
)
def test_displaced_volume(dip, rake, slip, opening):
    """The volume lifted agrees with Betti's theorem for a load on a large disc.

    Under the middle of a large disc with pressure p the vertical stress is p and the horizontal
    one p (1 + 2 nu) / 2 (Boussinesq), so slip on the area A lifts A sin(2 dip) (1 - 2 nu) / 4 and
    opening A (cos2 dip + sin2 dip (1 + 2 nu) / 2) per metre.
    """
    nu = 0.25
    fault = RectangularFault(15e3, 30.0, dip, rake, slip, 40e3, 20e3, opening)
    s, step = np.linspace(0.0, 12.0, 601, retstep=True)
    radius, angle = 3e3 * np.sinh(s), np.radians(np.arange(0, 360, 2))
    east, north = np.outer(radius, np.sin(angle)), np.outer(radius, np.cos(angle))
    rings = uplift(fault, east, north).mean(axis=1) * 2 * np.pi * radius
    volume = trapezoid(rings * 3e3 * np.cosh(s), dx=step)

    tilt = np.radians(dip)
    thrust = slip * np.sin(np.radians(rake)) * np.sin(2 * tilt) * (1 - 2 * nu) / 4
    part = opening * (np.cos(tilt) ** 2 + np.sin(tilt) ** 2 * (1 + 2 * nu) / 2)
    area = 40e3 * 20e3
    assert volume == pytest.approx(area * (thrust + part), rel=5e-3, abs=1e-5 * area)


def test_far_field_falls_with_the_square_of_distance():
    """Far away, where the fault is a point, twice the distance leaves a quarter."""
    east, north = 2e7 * np.sin(np.radians(70)), 2e7 * np.cos(np.radians(70))
    near = surface_displacement(THRUST, east, north)
    far = surface_displacement(THRUST, 2 * east, 2 * north)
    np.testing.assert_allclose(np.array(near) / np.array(far), 4.0, rtol=0.02)


def test_vertical_fault_is_the_limit_of_steep_ones():
    """Nothing happens to the field where the formulas change for a vertical fault."""
    east, north = np.array([3e3, -20e3, 40e3]), np.array([-8e3, 15e3, 2e3])
    fault = replace(THRUST, rake=40.0, opening=0.3)
    vertical = surface_displacement(replace(fault, dip=90.0), east, north)
    for dip in (89.99, 89.999, 89.9999, 89.99999):
        steep = surface_displacement(replace(fault, dip=dip), east, north)
        np.testing.assert_allclose(steep, vertical, atol=5e-4)


@pytest.mark.parametrize("dip", [0.0, 30.0, 90.0])
@pytest.mark.parametrize("depth", [0.0, 5e3])
def test_field_is_finite_on_singular_lines(dip, depth):
    """On the trace of the fault, its extension and above its edges all values are finite."""
    fault = RectangularFault(
        depth, 0.0, dip, 45.0, 1.0, 40e3, 20e3, opening=1.0, reference="top_corner"
    )
    trace = -depth / np.tan(np.radians(dip)) if 0 < dip < 90 else 0.0
    edges = [trace, 0.0, 20e3 * np.cos(np.radians(dip)), 7e3]
    east, north = np.meshgrid(edges, [0.0, 40e3, -1e5, 1e5, 13e3])
    assert np.isfinite(surface_displacement(fault, east, north)).all()


def test_field_is_smooth_on_the_extension_of_a_buried_fault():
    """A point on the line where terms are singular has the mean of its neighbours."""
    fault = RectangularFault(5e3, 0.0, 30.0, 90.0, 1.0, 40e3, 20e3, reference="top_center")
    trace = -5e3 / np.tan(np.radians(30.0))
    at = uplift(fault, trace, [-60e3, 0.0, 60e3])
    beside = [uplift(fault, trace + shift, [-60e3, 0.0, 60e3]) for shift in (-1.0, 1.0)]
    np.testing.assert_allclose(at, np.mean(beside, axis=0), rtol=1e-6)
