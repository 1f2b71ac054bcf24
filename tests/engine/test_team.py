"""Threads that share work: they take it, wait for each other and end."""

import ctypes
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from numba import njit

from exacouple.engine.compiling import JIT
from exacouple.engine.packets import Work
from exacouple.engine.team import Rounds, Team, joined, numbered
from exacouple.errors import ExacoupleError

UNCACHED = {**JIT, "cache": False}


@njit(**UNCACHED)
def mark(times, by, first, last, thread):
    """Count how often each item was done, and by whom at last."""
    for item in range(first, last):
        times[item] += 1
        by[item] = thread


@njit(**UNCACHED)
def smooth(u, out, first, last, thread):
    """Mean of an item and of those beside it."""
    for item in range(first, last):
        out[item] = (u[item - 1] + u[item] + u[item + 1]) / 3.0


@njit(**UNCACHED)
def add(pair, number, single, values, first, last, thread):
    """Arguments of all kinds that kernels have."""
    for item in range(first, last):
        values[item, 1] = pair[0] + 10 * pair[1] + number + single


@njit(**UNCACHED)
def fill(size, first, last, thread):
    """Need much memory."""
    np.empty(size[thread])


pthread_self = ctypes.CDLL(None).pthread_self
pthread_self.argtypes, pthread_self.restype = [], ctypes.c_ulong


@njit(**UNCACHED)
def sign(by, first, last, thread):
    """Say which thread of the system does an item."""
    for item in range(first, last):
        by[item] = pthread_self()


@njit(**UNCACHED)
def dawdle(waits, first, last, thread):
    """Take long."""
    for item in range(first, last):
        waits[0] = 0.5 * waits[0] + item


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_each_item_is_done_once(threads: int) -> None:
    """Also after a break in which the threads fall asleep, and if there are fewer items."""
    team = Team(threads)
    for run, pause in enumerate([0.0, 0.0, 0.05, 0.0] * 50):
        time.sleep(pause)
        times, by = np.zeros((2, 12), dtype=np.int64)
        first = run % 10
        team.over_rows(Work((mark, (times, by))), first, 11)
        assert times.tolist() == [0] * first + [1] * (11 - first) + [0]
        assert set(by[first:11].tolist()) <= set(range(threads))
        assert (np.diff(by[first:11]) >= 0).all()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_round_begins_when_all_have_ended_the_one_before(threads: int) -> None:
    """Two hundred rounds over an array, each of which needs what the other threads did before."""
    u = np.random.default_rng(1).random(1000)
    expected = u.copy()
    for _ in range(200):
        expected[1:-1] = (expected[:-2] + expected[1:-1] + expected[2:]) / 3.0
    team, out = Team(threads), u.copy()
    parts = team.parts(1, 999)
    work = Work((smooth, (u, out)), (smooth, (out, u)))
    team.run(work, Rounds(*[numbered(0, parts), numbered(1, parts)] * 100))
    np.testing.assert_array_equal(u, expected)


def test_threads_stay_awake_while_one_takes_long() -> None:
    """Who has little to do waits for the next round, however long the others need."""
    team, by, waits = Team(2), np.zeros((9, 2), dtype=np.uint64), np.zeros(1)
    pieces = team.parts(0, 2)
    long = team.whole(3_000_000)
    work = Work((dawdle, (waits,)), *((sign, (by[k],)) for k in range(9)))
    team.run(work, Rounds(numbered(1, pieces)))
    rounds = [joined(numbered(0, long), numbered(1 + k, pieces)) for k in range(9)]
    team.run(work, Rounds(*rounds))
    assert by.all()
    assert [len(set(each)) for each in by.tolist()] == [2] * 9


def test_arguments_of_all_kinds_arrive() -> None:
    """Tuples, numbers of either precision, and arrays that are parts of others."""
    values = np.zeros((6, 5))
    part = values[::2, 1:3]
    Team(2).over_rows(Work((add, ((3, 4), 0.5, np.float32(0.1), part))), 0, 3)
    assert values[::2, 2] == pytest.approx(np.full(3, 43.5 + float(np.float32(0.1))), rel=1e-15)
    assert np.count_nonzero(values) == 3


@pytest.mark.parametrize("place", [0, 1])
def test_a_failure_in_any_thread_is_told(place: int) -> None:
    """No machine has so much memory; the team can go on."""
    team, size = Team(2), np.ones(2, dtype=np.int64)
    size[place] = 2**60
    work, rounds = Work((fill, (size,))), Rounds(numbered(0, team.parts(0, 2)))
    with pytest.raises(ExacoupleError, match="no memory is left"):
        team.run(work, rounds)
    size[place] = 1
    team.run(work, rounds)


def test_threads_end_with_their_team_and_are_idle_without_work() -> None:
    """A run that writes its outputs has the cores for that."""
    before = threading.enumerate()
    team, times = Team(3), np.zeros((2, 3), dtype=np.int64)
    team.over_rows(Work((mark, tuple(times))), 0, 3)
    helpers = [thread for thread in threading.enumerate() if thread not in before]
    assert len(helpers) == 2
    spent = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - spent < 0.1
    del team
    for helper in helpers:
        helper.join(20.0)
        assert not helper.is_alive()


FORKED = """
import ctypes
import os
import numpy as np
from exacouple.engine.coupling import fastest_wave
from exacouple.engine.packets import Work
from exacouple.engine.team import Team
team, w, found = Team(2), np.ones((64, 3, 3, 3)), np.zeros(2)
team.over_rows(Work((fastest_wave, (w, 1.0, found))), 0, 64)
if os.fork() == 0:
    found[:] = 0.0
    team.over_rows(Work((fastest_wave, (w, 1.0, found))), 0, 64)
    os._exit(0 if found.tolist() == [4.0, 4.0] else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_work_is_done_though_the_other_threads_are_gone() -> None:
    """A process that was forked has only the thread that did so."""
    done = subprocess.run([sys.executable, "-P", "-c", FORKED], timeout=60.0, check=False)
    assert done.returncode == 0
