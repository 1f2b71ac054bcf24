"""The displacement of the sea floor in time."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from exacouple.earthquake import displacement_from_faults, read_fault_table
from exacouple.earthquake.motion import motion_from_faults, motion_on, rupture_end, slip_share
from exacouple.errors import UsageError
from exacouple.resources import simulations_dir

TOHOKU = simulations_dir() / "tohoku"
CRS = "+proj=aeqd +lat_0=38.3012 +lon_0=142.4018 +ellps=WGS84 +units=m"
X, Y = np.arange(-100e3, 101e3, 50e3), np.arange(-100e3, 101e3, 50e3)


@dataclass
class Spec:
    """The table of a region file."""

    kind: str
    file: str
    interval_s: float = 10.0


@pytest.fixture(scope="module")
def tohoku():
    """The shipped source with its rupture and rise times."""
    return read_fault_table(TOHOKU / "fault.csv")


def test_slip_rate_is_the_asymmetric_cosine_of_ji(tohoku):
    """The derivative of the share is the published slip rate, in both parts."""
    one = 12
    start = tohoku.rupture_time_s[one]
    a, b = tohoku.rise_time_start_s[one], tohoku.rise_time_end_s[one]
    for t, rate in (
        (0.3 * a, (1 - np.cos(0.3 * np.pi)) / (a + b)),
        (a + 0.6 * b, (1 + np.cos(0.6 * np.pi)) / (a + b)),
    ):
        around = [slip_share(tohoku, start + t + dt)[one] for dt in (-1e-4, 1e-4)]
        assert_allclose((around[1] - around[0]) / 2e-4, rate, rtol=1e-6)


def test_share_grows_from_none_to_all(tohoku):
    """Nothing slips before the rupture arrives; all has slipped when the last rise time ends."""
    end = rupture_end(tohoku)
    shares = np.stack([slip_share(tohoku, t) for t in np.linspace(0.0, end, 200)])
    assert (np.diff(shares, axis=0) >= 0.0).all()
    assert_array_equal(shares[-1], 1.0)
    assert_array_equal(slip_share(tohoku, float(tohoku.rupture_time_s.min()) - 1e-9), 0.0)


def test_one_rise_time_is_the_whole_duration(tohoku):
    """Half of the slip is made after half of the only rise time that a table gives."""
    table = replace(tohoku, rise_time_end_s=np.zeros(len(tohoku)))
    one = int(np.argmax(table.slip_m))
    middle = table.rupture_time_s[one] + 0.5 * table.rise_time_start_s[one]
    assert_allclose(slip_share(table, middle)[one], 0.5, rtol=1e-12)


def test_motion_ends_at_the_static_displacement(tohoku):
    """The sea floor starts at rest and comes to rest at the displacement of all slip."""
    motion = motion_from_faults(tohoku, CRS, X, Y, interval_s=25.0)
    assert motion.dims == ("time", "y", "x")
    assert_array_equal(motion["time"], 25.0 * np.arange(motion.sizes["time"]))
    assert float(motion["time"][-1]) >= rupture_end(tohoku) > float(motion["time"][-2])
    assert_array_equal(motion[0], 0.0)
    assert_array_equal(motion[-1], displacement_from_faults(tohoku, CRS, X, Y))


def test_motion_is_the_sum_of_what_has_slipped(tohoku):
    """In between the displacement is that of a fault with the slip made so far."""
    motion = motion_from_faults(tohoku, CRS, X, Y, interval_s=60.0)
    partial = replace(tohoku, slip_m=tohoku.slip_m * slip_share(tohoku, 60.0))
    assert_allclose(motion[1], displacement_from_faults(partial, CRS, X, Y), atol=1e-12)


def test_dtopo_motion_keeps_all_times(tmp_path):
    """A dtopo file gives its own times and values."""
    lines = [
        f"{t} {lon} {lat} {t * 0.1}" for t in (0, 5, 9) for lat in (39, 38) for lon in (142, 143)
    ]
    (tmp_path / "d.tt1").write_text("\n".join(lines))
    crs = "+proj=aeqd +lat_0=38.5 +lon_0=142.5"
    motion = motion_on(
        Spec("dtopo", "d.tt1"), crs, np.array([0.0, 1e3]), np.array([0.0, 1e3]), tmp_path
    )
    assert_array_equal(motion["time"], [0, 5, 9])
    assert_allclose(motion[:, 0, 0], [0.0, 0.5, 0.9])


def test_warnings_of_a_moving_file_come_once_and_are_of_its_end(tmp_path, caplog):
    """Nothing has moved at time 0, which is no reason to doubt the file."""
    lines = [
        f"{t} {lon} {lat} {t * 0.1}" for t in (0, 5, 9) for lat in (39, 38) for lon in (142, 143)
    ]
    (tmp_path / "d.tt1").write_text("\n".join(lines))
    crs = "+proj=aeqd +lat_0=38.5 +lon_0=142.5"
    motion_on(Spec("dtopo", "d.tt1"), crs, np.array([0.0, 1e6]), np.array([0.0, 1e3]), tmp_path)
    (warning,) = caplog.messages
    assert "0.90 m at the rim" in warning


@pytest.mark.parametrize("kind", ["faults", "dtopo"])
def test_a_motion_that_no_memory_holds_is_refused(tmp_path, kind):
    """The message says how many times of how many points it would be, and what to give."""
    lines = [f"{t} {lon} {lat} 1" for t in (0, 5) for lat in (39, 38) for lon in (142, 143)]
    (tmp_path / "d.tt1").write_text("\n".join(lines))
    folder, name = (tmp_path, "d.tt1") if kind == "dtopo" else (TOHOKU, "fault.csv")
    wide = np.arange(20_000) * 50.0
    with pytest.raises(UsageError, match=rf"{name}: .* times of 20000 x 20000 .* spacing_m"):
        motion_on(Spec(kind, name), CRS, wide, wide, folder)


def test_sources_without_times_are_refused(tmp_path):
    """What tells nothing of time cannot move in time; the message says what to do."""
    table = simulations_dir() / "maule"
    with pytest.raises(
        UsageError, match=r"fault\.csv: no subfault has a rupture time.*instantaneous"
    ):
        motion_on(Spec("faults", "fault.csv"), CRS, X, Y, table)
    with pytest.raises(UsageError, match="kind 'netcdf' tells nothing of time"):
        motion_on(Spec("netcdf", "d.nc"), CRS, X, Y, tmp_path)
    (tmp_path / "one.tt1").write_text("0 142 38 1\n0 143 38 1\n0 142 39 1\n0 143 39 1\n")
    with pytest.raises(UsageError, match=r"one\.tt1: holds one time only"):
        motion_on(Spec("dtopo", "one.tt1"), CRS, X, Y, tmp_path)
