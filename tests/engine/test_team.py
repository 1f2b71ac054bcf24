"""Threads that share work: they hand over, answer and end."""

import signal
import threading
import time

import pytest

from exacouple.engine.team import Team


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_each_part_is_done_once_by_its_thread(threads: int) -> None:
    """Results come in the order of the parts, run after run, also after a long break."""
    team = Team(threads)
    for pause in (0.0, 0.0, 0.05, 0.0):
        time.sleep(pause)
        found = team.over_rows(lambda first, last, thread: (first, last, thread), 3, 12)
        assert [thread for _, _, thread in found] == list(range(threads))
        assert [row for first, last, _ in found for row in range(first, last)] == list(range(3, 12))


@pytest.mark.parametrize("trouble", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_trouble_in_one_thread_is_raised_when_all_have_ended(
    place: int, trouble: type[BaseException]
) -> None:
    """Nothing works on the arrays any more then, and the team can go on."""
    team, ended = Team(3), []

    def work(first: int, last: int, thread: int) -> None:
        if thread == place:
            raise trouble
        time.sleep(0.05)
        ended.append(thread)

    with pytest.raises(trouble):
        team.over_rows(work, 0, 3)
    assert sorted(ended) == [thread for thread in range(3) if thread != place]
    assert team.over_rows(lambda first, last, thread: first, 0, 3) == [0, 1, 2]


def test_an_interrupt_waits_for_the_other_threads() -> None:
    """The calling thread has done its part, and only waits."""
    team, ended = Team(3), []

    def work(first: int, last: int, thread: int) -> None:
        if thread:
            time.sleep(0.4)
            ended.append(thread)

    me = threading.get_ident()
    interrupt = threading.Timer(0.1, signal.pthread_kill, (me, signal.SIGINT))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        team.over_rows(work, 0, 3)
    assert sorted(ended) == [1, 2]
    assert team.over_rows(lambda first, last, thread: first, 0, 3) == [0, 1, 2]


def test_threads_end_with_their_team_and_are_idle_without_work() -> None:
    """A run that writes its outputs has the cores for that."""
    before = threading.enumerate()
    team = Team(3)
    team.over_rows(lambda first, last, thread: None, 0, 3)
    helpers = [thread for thread in threading.enumerate() if thread not in before]
    assert len(helpers) == 2
    spent = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - spent < 0.1
    del team
    for helper in helpers:
        helper.join(20.0)
        assert not helper.is_alive()
