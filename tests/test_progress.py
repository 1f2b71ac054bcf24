"""Progress goes to bars, lines or nowhere."""

import logging
import sys

import pytest

from exacouple import progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def lines(caplog, monkeypatch):
    """The log lines, as away from a terminal."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    caplog.set_level(logging.INFO, logger="exacouple")
    return caplog


def test_lines_at_every_tenth(lines, clock):
    """A thousand updates in 100 s make a dozen lines."""
    with progress.task("simulating", total=7500, unit="s") as task:
        for step in range(1001):
            clock[0] = 0.1 * step
            task.update(completed=7.5 * step)
    assert 10 <= len(lines.messages) <= 12
    assert lines.messages[0] == "simulating: started"
    assert lines.messages[1] == "simulating: 750 of 7500 s"
    assert lines.messages[-1] == "simulating: done in 100.0 s"


def test_quick_tasks_say_little(lines, clock):
    """A thousand updates in 1 s make no line between the first and the last."""
    with progress.task("simulating", total=7500, unit="s") as task:
        for step in range(1001):
            clock[0] = 0.001 * step
            task.update(completed=7.5 * step)
    assert lines.messages == ["simulating: started", "simulating: done in 1.0 s"]


def test_slow_tasks_show_life(lines, clock):
    """Without a total, a line comes every half minute, with the description of the moment."""
    with progress.task("reading", unit="rows") as task:
        task.update(completed=1)
        clock[0] = 31.0
        task.update(description="still reading")
        task.update(completed=2)
    assert lines.messages == [
        "reading: started",
        "still reading: 2 rows",
        "still reading: done in 31.0 s",
    ]


def test_failed_task_is_not_called_done(lines):
    """The line 'done' is for success."""
    with pytest.raises(ZeroDivisionError), progress.task("reading"):
        raise ZeroDivisionError
    assert lines.messages == ["reading: started"]


def test_quiet_shows_nothing(caplog, capsys):
    """With logging at ERROR there is neither line nor bar."""
    caplog.set_level(logging.ERROR, logger="exacouple")
    with progress.task("reading", total=1) as task:
        task.update(completed=1)
    assert caplog.messages == []
    assert capsys.readouterr() == ("", "")


def test_terminal_shares_one_display(caplog, capsys, monkeypatch):
    """Two tasks at the same time show in one display, which goes when the last one ends."""
    caplog.set_level(logging.INFO, logger="exacouple")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress.task("first", total=10, unit="s") as first:
        with progress.task("second", unit="files") as second:
            first.update(completed=10)
            second.update(completed=3, description="renamed")
        assert progress._DISPLAY._progress is not None
    assert progress._DISPLAY._progress is None
    shown = capsys.readouterr().err
    assert "10/10 s" in shown
    assert "renamed" in shown
    assert "3 files" in shown


def test_description_on_a_terminal_is_text(caplog, capsys, monkeypatch):
    """A path with brackets is shown as it is: it is no markup."""
    caplog.set_level(logging.INFO, logger="exacouple")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress.task("runs/[b]o [/x]", total=10, unit="[s]") as task:
        task.update(completed=10)
    shown = capsys.readouterr().err
    assert "runs/[b]o [/x]" in shown
    assert "10/10 [s]" in shown
