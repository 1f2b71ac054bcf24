"""What `run` says of a run on a build of ExaHyPE that did not come to its end, then and later."""

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exacouple.launch import read_state
from exacouple.launch.state import is_alive


@pytest.fixture
def profile(site, monkeypatch):
    """The site profile; the fake executable hangs, unless FAKE_EXAHYPE is set again."""
    monkeypatch.setenv("FAKE_EXAHYPE", "hang")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return site()


@pytest.fixture
def case(exacouple, bay, profile):
    """A case that was prepared for the site."""
    words = ("--source", "original", "--region", bay, "--only", "--site", profile)
    assert exacouple("prepare", *words).exit_code == 0
    return Path("runs/bay-original-mine")


def command(profile):
    """Words of `exacouple run` as a process of its own."""
    return [sys.executable, "-m", "exacouple", "run", "--site", str(profile)]


def wait_for_steps(case):
    """Return once the engine has said how it stands."""
    log = case / "logs" / "stdout.log"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if log.exists() and b"dt_min" in log.read_bytes():
            return
        time.sleep(0.05)
    raise AssertionError("the engine has not started")


def started_by(profile, case):
    """Return the words that start a case again, as messages give them."""
    return f"`exacouple run --site {shlex.quote(str(profile.resolve()))} {case}` starts it again"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_says_with_which_profile_it_goes_on(exacouple, profile, case, number):
    """Then, and when somebody asks later without the profile."""
    with subprocess.Popen(command(profile), stderr=subprocess.PIPE, text=True) as process:
        wait_for_steps(case)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    again = f"`exacouple run --site {shlex.quote(str(profile.resolve()))}` starts it again"
    assert again in errors
    result = exacouple("run", case)
    assert result.exit_code == 2
    assert ", was interrupted at t = " in result.stderr
    assert started_by(profile, case) in result.stderr


def test_run_that_was_killed_is_told_and_its_engine_ended(exacouple, profile, case, monkeypatch):
    """SIGKILL leaves no last word, and an engine that is silent does not notice."""
    with subprocess.Popen(command(profile), stderr=subprocess.DEVNULL) as process:
        wait_for_steps(case)
        process.kill()
    result = exacouple("run", case)
    assert result.exit_code == 2
    assert "died without an end" in result.stderr
    assert started_by(profile, case) in result.stderr
    before = read_state(case)
    assert before is not None
    monkeypatch.setenv("FAKE_EXAHYPE", "")
    result = exacouple("run", "--site", profile, case)
    assert result.exit_code == 0, result.stderr
    assert "its engine" in result.stderr
    assert "was still running and is ended now" in result.stderr
    assert not is_alive(before.engine_pid, before.engine_process)


def test_failed_run_is_told_with_its_reason(exacouple, profile, case, monkeypatch):
    """Who comes back later learns why, and how it is started again."""
    monkeypatch.setenv("FAKE_EXAHYPE", "unfilled")
    assert exacouple("run", "--site", profile, case).exit_code == 1
    result = exacouple("run", case)
    assert result.exit_code == 2
    assert "failed: probe file with uninitialised numbers" in result.stderr
    assert started_by(profile, case) in result.stderr


def test_executable_that_cannot_be_started_is_told(exacouple, site, profile, case, program):
    """A text without a right to run, one without a first line, and one whose program is missing."""
    path = program("a text")
    for text, mode, said in (
        ("text", 0o644, "is not executable: chmod +x it"),
        ("text", 0o755, "nor a script with #! in its first line"),
        ("#!/nowhere/sh\n", 0o755, "the interpreter that its first line names"),
    ):
        path.write_text(text)
        path.chmod(mode)
        result = exacouple("run", "--site", site(executable=path, name="text.toml"), case)
        assert result.exit_code in (1, 2)
        assert said in result.stderr
