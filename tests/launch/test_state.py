"""Tests of state.json, process identities and the lock."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exacouple.errors import ExacoupleError
from exacouple.hashing import sha256_file
from exacouple.launch.state import (
    RunState,
    case_status,
    is_alive,
    process_identity,
    read_state,
    try_lock,
    write_state,
)


def state(case: Path, **changes: object) -> RunState:
    """Return the state of a run of this very process."""
    values = {
        "status": "running",
        "engine": "fake",
        "command": ("engine", "tsunami.exahype2"),
        "pid": os.getpid(),
        "process": process_identity(os.getpid()),
        "host": os.uname().nodename,
        "started": "2011-03-11T05:46:24Z",
        "case_sha256": sha256_file(case / "case.json"),
    }
    return RunState(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def case(make_case) -> Path:
    return make_case()


def test_state_survives_the_file(case: Path) -> None:
    """What is written is read again, under the schema's name."""
    written = state(case, status="failed", step=3, time=74.9, message="why", exit_code=-9)
    write_state(case, written)
    assert read_state(case) == written
    assert json.loads((case / "state.json").read_text())["schema"] == "exacouple-state/1"


def test_case_without_state_is_new(case: Path) -> None:
    """A case that was never run says so."""
    assert case_status(case) == "new"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "other/1"}'])
def test_unreadable_state_counts_as_not_run(case: Path, text: str) -> None:
    """A damaged state is never taken for a success."""
    (case / "state.json").write_text(text)
    assert case_status(case) == "new"


def test_incomplete_state_counts_as_not_run(case: Path) -> None:
    """A state without its fields is never taken for a success."""
    (case / "state.json").write_text('{"schema": "exacouple-state/1", "status": "finished"}')
    assert case_status(case) == "new"


def test_running_while_the_process_lives(case: Path) -> None:
    """The state of a living process is running."""
    write_state(case, state(case))
    assert case_status(case) == "running"


def test_reused_process_number_is_not_the_run(case: Path) -> None:
    """A process with the same number but another start is not the run: it died."""
    write_state(case, state(case, process="another boot:12345"))
    assert case_status(case) == "died"


def test_run_on_another_machine_may_live(case: Path) -> None:
    """Processes of another machine cannot be looked at, so the run is not called dead."""
    write_state(case, state(case, host="elsewhere", process="x:1"))
    assert case_status(case) == "running"


def test_finished_case_that_was_prepared_anew_is_changed(case: Path) -> None:
    """Another case.json makes the result that of another case."""
    write_state(case, state(case, status="finished"))
    assert case_status(case) == "finished"
    with open(case / "case.json", "a") as stream:
        stream.write("\n")
    assert case_status(case) == "changed"


def test_ended_process_is_not_alive() -> None:
    """A process is alive until it ends; as a zombie it is not."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = process_identity(process.pid)
    assert is_alive(process.pid, identity)
    assert process.stdin is not None
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(process.pid, identity)
    process.wait()
    assert not is_alive(process.pid, identity)


def test_unknown_process_is_not_alive() -> None:
    """Without number or identity nothing is alive."""
    assert not is_alive(None, None)
    assert not is_alive(os.getpid(), None)


def test_lock_is_held_once(case: Path) -> None:
    """A second holder is turned away until the first lets go."""
    with try_lock(case) as first:
        assert first is not None
        with try_lock(case) as second:
            assert second is None
    with try_lock(case) as third:
        assert third is not None


def test_lock_stays_with_a_child(case: Path) -> None:
    """An engine that outlives its launcher keeps the case locked."""
    with try_lock(case) as lock:
        assert lock is not None
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(lock,)
        )
    with try_lock(case) as second:
        assert second is None
    child.communicate()
    with try_lock(case) as third:
        assert third is not None


def test_missing_directory_cannot_be_locked(tmp_path: Path) -> None:
    """The message names the file that cannot be made."""
    with pytest.raises(ExacoupleError, match=r"nowhere/run\.lock"), try_lock(tmp_path / "nowhere"):
        pass
