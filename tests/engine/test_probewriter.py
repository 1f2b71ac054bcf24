"""Probe files, against what ExaHyPE writes."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from exacouple.engine.plotters import Probe
from exacouple.engine.probewriter import ProbeSet, ProbeWriter, probe_path
from exacouple.errors import ExacoupleError

DT = 24.9674


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    """A probe every 10 s with five columns."""
    output = str(tmp_path / "Probes" / "buoy18")
    return Probe("ProbeWriter18", output, x=1.0, y=2.0, variables=5, start=0.0, repeat=10.0)


def still_water(x: float, y: float) -> tuple[float, float, float, float, float]:
    """Water at rest, 4.95 km deep."""
    return 4.95, 0.0, 0.0, -4.95, 0.0


def run(probe: Probe, times: list[float]) -> list[str]:
    """Record at solver times and give the lines of the file."""
    with ProbeSet([probe]) as probes:
        for time in times:
            probes.record(time, still_water)
    return probe_path(probe.output).read_text().splitlines()


def test_header_and_rows_are_those_of_exahype(probe: Probe) -> None:
    """The header separates Q columns without, the rows with a blank."""
    assert run(probe, [0.0, DT]) == [
        "# plot-time, real-time,Q0,Q1,Q2,Q3,Q4",
        "0, 0, 4.95, 0, 0, -4.95, 0",
        "24.9674, 24.9674, 4.95, 0, 0, -4.95, 0",
    ]


def test_four_variables_leave_out_the_surface(probe: Probe) -> None:
    """h, hu, hv and b."""
    lines = run(replace(probe, variables=4), [0.0])
    assert lines == ["# plot-time, real-time,Q0,Q1,Q2,Q3", "0, 0, 4.95, 0, 0, -4.95"]


def test_no_variables_leave_the_times_only(probe: Probe) -> None:
    """This is what upstream's specfiles ask for."""
    lines = run(replace(probe, variables=0), [0.0, DT])
    assert lines == ["# plot-time, real-time", "0, 0", "24.9674, 24.9674"]


def times_of(lines: list[str]) -> list[float]:
    """Give the first column."""
    return [float(line.split(",")[0]) for line in lines[1:]]


def test_a_step_longer_than_the_interval_gives_one_row_each(probe: Probe) -> None:
    """Rows are not made up between solver steps."""
    steps = [index * DT for index in range(6)]
    assert times_of(run(probe, steps)) == pytest.approx(steps, rel=1e-5)


def test_rows_come_at_the_first_step_at_or_after_each_due_time(probe: Probe) -> None:
    """With steps of 4 s and 10 s between rows: 0, 12, 20, 32, 40."""
    assert times_of(run(probe, [4.0 * index for index in range(12)])) == [0, 12, 20, 32, 40]


def test_the_first_row_waits_for_the_start_time(probe: Probe) -> None:
    """A plotter from 100 s on writes first at the first step after it."""
    late = replace(probe, start=100.0)
    assert times_of(run(late, [index * DT for index in range(7)])) == [124.837, 149.804]


def test_numbers_have_six_significant_digits(probe: Probe) -> None:
    """As a C++ stream prints them by default."""
    with ProbeSet([probe]) as probes:
        probes.record(
            1847.5904, lambda x, y: (1 / 3, 1.25544e-20, -2.694421e-05, 1234567.0, 0.00124346)
        )
    assert probe_path(probe.output).read_text().splitlines()[1] == (
        "1847.59, 1847.59, 0.333333, 1.25544e-20, -2.69442e-05, 1.23457e+06, 0.00124346"
    )


def test_the_solution_is_taken_at_the_probe(probe: Probe) -> None:
    """The position is that of the specfile."""
    with ProbeSet([probe]) as probes:
        probes.record(0.0, lambda x, y: (x, y, 0.0, 0.0, 0.0))
    assert probe_path(probe.output).read_text().endswith("0, 0, 1, 2, 0, 0, 0\n")


def test_a_value_that_is_not_finite_is_written_and_ends_the_run(probe: Probe) -> None:
    """The row shows nan as ExaHyPE's, but unlike ExaHyPE the run does not go on."""
    with ProbeSet([probe]) as probes, pytest.raises(ExacoupleError, match=r"not finite at t 5"):
        probes.record(5.0, lambda x, y: (math.nan, 0.0, 0.0, -1.0, math.nan))
    assert probe_path(probe.output).read_text().splitlines()[1] == "5, 5, nan, 0, 0, -1, nan"


def test_rows_are_in_the_file_at_once(probe: Probe) -> None:
    """Whoever watches or kills the run finds every row."""
    writer = ProbeWriter(probe)
    writer.record(0.0, still_water)
    assert len(writer.path.read_text().splitlines()) == 2
    writer.close()


def test_rows_of_an_earlier_run_are_gone_from_the_start(probe: Probe) -> None:
    """An old file must not be taken for the result of a run that fails early."""
    run(probe, [0.0, DT])
    assert len(run(probe, [])) == 1


def test_a_full_disk_is_named(probe: Probe) -> None:
    """Neither the header nor a row is lost silently."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    path = probe_path(probe.output)
    path.parent.mkdir()
    path.symlink_to("/dev/full")
    with pytest.raises(ExacoupleError, match=r"buoy18-rank-0\.probe: No space left"):
        ProbeSet([probe])


def test_a_folder_that_cannot_be_made_is_named(probe: Probe, tmp_path: Path) -> None:
    """A file is in the way of the folder."""
    (tmp_path / "Probes").write_text("")
    with pytest.raises(ExacoupleError, match=r"cannot write .*buoy18"):
        ProbeSet([probe])


def tide(time: float) -> tuple[float, float, float, float, float]:
    """The exact tide of 1 m and 600 s over 4 km of water."""
    eta = 1e-3 * math.sin(2 * math.pi * time / 600.0)
    return 4.0 + eta, 0.0, 0.0, -4.0, eta


def follow(probe: Probe, dt: float, end: float) -> list[list[float]]:
    """Record the tide at steps of dt until `end` is reached, and give the rows."""
    with ProbeSet([probe]) as probes:
        time = 0.0
        while True:
            probes.record(time, lambda x, y, at=time: tide(at))
            if time >= end:
                break
            time += dt
        probes.finish(end)
    lines = probe_path(probe.output).read_text().splitlines()[1:]
    return [[float(cell) for cell in line.split(",")] for line in lines]


def test_exact_times_are_those_asked_for(probe: Probe) -> None:
    """Rows at 0, 10, ..., 100 s though the solver takes 12 steps of 8.7 s; the tide to 0.1 mm."""
    rows = follow(replace(probe, exact_times=True, precision=17), 8.7, 100.0)
    assert [row[0] for row in rows] == [10.0 * k for k in range(11)]
    assert [row[1] for row in rows] == [row[0] for row in rows]
    assert [row[-1] for row in rows] == pytest.approx([tide(row[0])[-1] for row in rows], abs=1e-7)


def test_many_rows_may_lie_in_one_step(probe: Probe) -> None:
    """Rows every second from steps of 8.7 s."""
    rows = follow(replace(probe, repeat=1.0, exact_times=True), 8.7, 100.0)
    assert [row[0] for row in rows] == list(range(101))


def test_the_error_at_exact_times_falls_with_the_fourth_power(probe: Probe) -> None:
    """Half the time step makes it about 16 times smaller."""
    exact = replace(probe, repeat=7.0, exact_times=True, precision=17)
    errors = []
    for dt in (20.0, 10.0):
        rows = follow(exact, dt, 590.0)
        inner = [row for row in rows if 40.0 < row[0] < 540.0]
        errors.append(max(abs(row[-1] - tide(row[0])[-1]) for row in inner))
    assert 12.0 < errors[0] / errors[1] < 20.0


def test_very_few_steps_give_what_can_be_had(probe: Probe) -> None:
    """One step: the straight line between its ends."""
    rows = follow(replace(probe, exact_times=True, precision=17), 20.0, 20.0)
    assert [row[0] for row in rows] == [0.0, 10.0, 20.0]
    assert rows[1][-1] == pytest.approx((rows[0][-1] + rows[2][-1]) / 2)


def test_seventeen_digits_lose_nothing(probe: Probe) -> None:
    """What is read is the number that the solver gave, bit by bit."""
    rows = follow(replace(probe, precision=17), 8.7, 40.0)
    times = [0.0]
    while len(times) < 6:
        times.append(times[-1] + 8.7)
    by_time = {time: tide(time) for time in times}
    assert len(rows) == 5
    assert all(tuple(row[2:]) == by_time[row[0]] for row in rows)


@pytest.mark.parametrize("exact", [False, True])
def test_a_file_goes_on_where_its_state_was_taken(probe: Probe, exact: bool) -> None:
    """Rows written after that are replaced; the file becomes that of a run without a break."""
    probe = replace(probe, exact_times=exact)
    times = [8.7 * k for k in range(12)]
    whole = follow(probe, 8.7, times[-1])
    with ProbeSet([probe]) as probes:
        for time in times[:9]:
            if time == times[5]:
                state = probes.state()
            probes.record(time, lambda x, y, at=time: tide(at))
    with ProbeSet([probe], state) as probes:
        for time in times[5:]:
            probes.record(time, lambda x, y, at=time: tide(at))
        probes.finish(times[-1])
    lines = probe_path(probe.output).read_text().splitlines()[1:]
    assert [[float(cell) for cell in line.split(",")] for line in lines] == whole


def test_a_file_that_has_lost_rows_is_not_gone_on_with(probe: Probe) -> None:
    """Somebody has emptied it since the state was taken."""
    with ProbeSet([probe]) as probes:
        probes.record(0.0, still_water)
        state = probes.state()
    probe_path(probe.output).write_text("")
    with pytest.raises(ExacoupleError, match="has lost rows"):
        ProbeSet([probe], state)
