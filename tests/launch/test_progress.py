"""Tests of the progress lines."""

import math
from pathlib import Path

import pytest

from exacouple.launch.progress import CollapseWatch, LineSplitter, Progress, ProgressReader

LOGS = Path(__file__).parents[1] / "data" / "exahype1" / "logs"


def test_last_step_of_a_real_log() -> None:
    """The 225 steps of 24.9674 s of ExaHyPE's own run end at 5617.67 s."""
    reader = ProgressReader()
    for line in (LOGS / "l0_up_v5.stdout.txt").read_bytes().split(b"\n"):
        reader.feed(line)
    assert reader.latest == Progress(225, 5617.67, 24.9674)


@pytest.mark.parametrize(
    "prefix",
    [
        b" 0.89     [vm],rank:0  info  exahype::runners::Runner::printTimeStepInfo(...)        ",
        b" 0.697309     info         ",
        b"",
    ],
)
def test_lines_of_every_build_are_read(prefix: bytes) -> None:
    """MPI builds, serial builds and bare lines say the same."""
    reader = ProgressReader()
    assert reader.feed(prefix + b"step 3\tt_min          =74.9023") == Progress(3, 74.9023)
    assert reader.feed(prefix + b"\tdt_min         =24.9674") == Progress(3, 74.9023, 24.9674)


@pytest.mark.parametrize(
    "line", [b"step 3", b"time step 3 of 7", b"memoryUsage    =252 MB", b"step 1\tt_min =what", b""]
)
def test_other_lines_are_no_progress(line: bytes) -> None:
    """A line that only looks like progress changes nothing."""
    assert ProgressReader().feed(line) is None


def test_diverged_time_is_read() -> None:
    """A time that is not a number is passed on as such."""
    progress = ProgressReader().feed(b"step 9\tt_min          =-nan")
    assert progress is not None
    assert math.isnan(progress.time)


def collapse_at(dts: list[float], end_time: float = 7500.0) -> int | None:
    """Return the step at which the watch gives up."""
    watch = CollapseWatch(end_time)
    time = 0.0
    for step, dt in enumerate(dts):
        if watch.observe(Progress(step, time, dt)):
            return step
        time += dt
    return None


def test_collapsed_time_step_is_noticed() -> None:
    """Steps of 10 ns after steps of 25 s would need thousands of years."""
    assert collapse_at([25.0] * 10 + [1e-8] * 30) == 29


@pytest.mark.parametrize(
    "dts",
    [
        [25.0] * 10 + [1e-8] * 5 + [25.0] * 10 + [1e-8] * 5,
        [1e-8] * 100,
        [55000.0] + [25.0] * 100,
        [25.0] * 299 + [1e-9] * 1 + [25.0],
    ],
    ids=["recovers", "small from the start", "still water first", "last step shortened"],
)
def test_small_steps_alone_are_no_collapse(dts: list[float]) -> None:
    """A run that will come to its end is left alone."""
    assert collapse_at(dts) is None


def test_lines_are_joined_across_blocks() -> None:
    """Where the pipe cuts the stream does not matter."""
    splitter = LineSplitter()
    blocks = [b"step 1\tt_m", b"in =25\n\nstep", b" 2"]
    lines = [line for block in blocks for line in splitter.feed(block)]
    assert [*lines, *splitter.finish()] == [b"step 1\tt_min =25", b"", b"step 2"]


def test_endless_line_is_not_collected() -> None:
    """A stream without line ends keeps no more than the limit."""
    splitter = LineSplitter(limit=10)
    for _ in range(1000):
        assert list(splitter.feed(b"0123456789abcdef")) == []
    assert list(splitter.finish()) == [b"0123456789"]
