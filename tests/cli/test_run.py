"""Tests of the subcommand ``run``, in this process and as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exacouple.cli import main
from exacouple.hashing import sha256_file
from exacouple.launch import ENGINES, Engine, case_status, read_state
from exacouple.launch.state import is_alive

FAKE_ENGINE = Path(__file__).parents[1] / "launch" / "fake_engine.py"
MANIFEST = Path(__file__).parents[1] / "data" / "case-to-launch.json"

CASES = ("flat", "original", "smoothed")

LAUNCHER = """
import sys
from exacouple.cli import main
from exacouple.launch import ENGINES, Engine
command = tuple(sys.argv[1:4])
ENGINES["embedded"] = Engine("embedded", "fake", lambda specfile: (*command, specfile))
main(["run", *sys.argv[4:]], prog_name="exacouple")
"""


def make_case(path: Path, behaviour: str = "good") -> Path:
    """Write a case that the fake engine runs with a behaviour."""
    path.mkdir(parents=True)
    specfile = path / "tsunami.exahype2"
    specfile.write_text(
        json.dumps({"buoys": ["21418", "21419"], "end_time": 1000.0, "behaviour": behaviour})
    )
    manifest = json.loads(MANIFEST.read_text())
    manifest["files"] = {specfile.name: sha256_file(specfile)}
    (path / "case.json").write_text(json.dumps(manifest))
    return path


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with the fake engine as the embedded one."""
    monkeypatch.chdir(tmp_path)
    command = (sys.executable, str(FAKE_ENGINE), "as_told")
    engine = Engine("embedded", "fake", lambda specfile: (*command, specfile))
    monkeypatch.setitem(ENGINES, "embedded", engine)


def run(*arguments: str) -> Result:
    """Run ``exacouple run`` in this process."""
    return CliRunner().invoke(main, ["run", *arguments])


def rows_of(table: str) -> dict[str, str]:
    """Return status by case of the summary table."""
    lines = [line.split() for line in table.splitlines() if line.startswith("runs/")]
    return {words[0]: words[1] for words in lines if len(words) > 1 and ":" not in words[0]}


def test_every_unfinished_case_is_run() -> None:
    """Without directories the cases under runs/ are run, once."""
    for name in CASES:
        make_case(Path("runs") / name)
    first = run()
    assert first.exit_code == 0, first.output
    assert rows_of(first.stdout) == {f"runs/{name}": "finished" for name in CASES}
    second = run()
    assert second.exit_code == 0
    assert rows_of(second.stdout) == {f"runs/{name}": "skipped" for name in CASES}
    assert second.stderr.count("has finished before and is unchanged; --force runs it again") == 3
    third = run("--force")
    assert rows_of(third.stdout) == {f"runs/{name}": "finished" for name in CASES}


def test_failure_does_not_keep_the_others_from_running() -> None:
    """One failed case of three gives exit status 1, its reason, and two results."""
    make_case(Path("runs/flat"))
    make_case(Path("runs/original"), "no_probes")
    make_case(Path("runs/smoothed"))
    result = run()
    assert result.exit_code == 1
    assert rows_of(result.stdout) == {
        "runs/flat": "finished",
        "runs/original": "failed",
        "runs/smoothed": "finished",
    }
    assert "error: runs/original: no probe file of buoys 21418, 21419" in result.stderr
    assert "runs/original/logs" in result.stderr


def test_refused_case_does_not_keep_the_others_from_running() -> None:
    """A damaged case is a failed one among several."""
    make_case(Path("runs/flat"))
    (make_case(Path("runs/original")) / "tsunami.exahype2").write_text("{")
    result = run("runs/original", "runs/flat")
    assert result.exit_code == 1
    assert rows_of(result.stdout) == {"runs/original": "failed", "runs/flat": "finished"}


def test_damaged_case_alone_is_one_message() -> None:
    """A single case that cannot be run ends with its error only."""
    (make_case(Path("runs/original")) / "tsunami.exahype2").write_text("{")
    result = run("runs/original")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("error: runs/original")
    assert "done in" not in result.stderr


def test_json_is_all_of_standard_output() -> None:
    """With --json programs get every outcome."""
    make_case(Path("runs/flat"))
    make_case(Path("runs/original"), "not_a_number")
    result = run("--json")
    assert result.exit_code == 1
    flat, original = json.loads(result.stdout)
    assert (flat["case"], flat["status"], flat["time"]) == ("runs/flat", "finished", 1000.0)
    assert original["status"] == "failed"
    assert "not a number" in original["reasons"][0]


def test_quiet_says_only_what_went_wrong() -> None:
    """With -q good runs are silent and failures are not."""
    make_case(Path("runs/flat"))
    make_case(Path("runs/original"), "quits")
    result = CliRunner().invoke(main, ["-q", "run"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert all("runs/original" in line for line in result.stderr.splitlines())


def test_other_things_under_runs_are_left_out() -> None:
    """What compare has written, plain files and half-written cases are no cases."""
    make_case(Path("runs/flat"))
    make_case(Path("runs/.original.1234.partial"))
    Path("runs/compare").mkdir()
    Path("runs/notes.txt").write_text("notes")
    assert "original" not in run().output
    result = run("runs/compare", "runs/flat", "runs/notes.txt", "--force")
    assert result.exit_code == 0
    assert "runs/compare is not a case" in result.stderr
    assert case_status(Path("runs/flat")) == "finished"


def test_case_named_twice_is_run_once() -> None:
    """Two names of one directory are one case."""
    make_case(Path("runs/flat"))
    result = run("runs/flat", "runs/../runs/flat/", "--force", "--json")
    assert len(json.loads(result.stdout)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no cases under runs/: `exacouple prepare` makes some"),
        (("nowhere",), "nowhere does not exist"),
        ((".",), "no case among ."),
        (("--engine", "embeded"), "did you mean 'embedded'"),
        (("--engine", "exahype"), "site profile"),
        (("--threads", "0"), "0 is not in the range"),
        (("--cancel", "--force"), "leave out --no-wait and --force"),
    ],
)
def test_wrong_request(arguments: tuple[str, ...], message: str) -> None:
    """A wrong request is exit status 2 and says what is allowed."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def start(*arguments: str) -> "subprocess.Popen[str]":
    """Start ``exacouple run`` as a process."""
    command = [sys.executable, "-c", LAUNCHER, sys.executable, str(FAKE_ENGINE), "as_told"]
    root = Path(__file__).parents[2]
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [*command, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_engine(case: Path, process: "subprocess.Popen[str]") -> int:
    """Wait until the engine of a case has printed a step; return its process number."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        state, log = read_state(case), case / "logs" / "stdout.log"
        if state and state.engine_pid and log.exists() and b"dt_min" in log.read_bytes():
            return state.engine_pid
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"the engine has not started: {process.communicate()}")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_ends_engine_and_command(number: signal.Signals, status: int) -> None:
    """Ctrl-C and SIGTERM end the engine, leave "interrupted", and the other cases are not run."""
    case = make_case(Path("runs/flat"), "hang_until_sigint")
    make_case(Path("runs/original"))
    process = start()
    engine = wait_for_engine(case, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == status, err
    assert rows_of(out) == {"runs/flat": "interrupted", "runs/original": "not"}
    assert case_status(case) == "interrupted"
    assert case_status(Path("runs/original")) == "new"
    state = read_state(case)
    assert state is not None
    assert not is_alive(engine, state.engine_process)
    assert "Traceback" not in err
    assert "error: runs/flat: interrupted at t = " in err


def test_killed_command_is_recognised_and_run_again() -> None:
    """After SIGKILL of the command the engine ends too, and the next run says what happened."""
    case = make_case(Path("runs/flat"), "hang_until_sigint")
    process = start()
    engine = wait_for_engine(case, process)
    process.kill()
    process.communicate()
    assert case_status(case) == "died"
    state = read_state(case)
    assert state is not None
    deadline = time.monotonic() + 10
    while is_alive(engine, state.engine_process) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(engine, state.engine_process)
    specfile = case / "tsunami.exahype2"
    specfile.write_text(specfile.read_text().replace("hang_until_sigint", "good"))
    manifest = json.loads((case / "case.json").read_text())
    manifest["files"][specfile.name] = sha256_file(specfile)
    (case / "case.json").write_text(json.dumps(manifest))
    result = run()
    assert result.exit_code == 0, result.output
    assert "died without an end" in result.stderr
    assert case_status(case) == "finished"


def go_after(seconds: float, case: Path) -> None:
    """Let an engine of behaviour "waits" go on after a while."""
    threading.Timer(seconds, (case / "go").touch).start()


def test_case_that_another_process_runs_is_watched() -> None:
    """A second command runs what is left, then waits for the first one and tells its end."""
    case = make_case(Path("runs/flat"), "waits")
    make_case(Path("runs/original"))
    process = start("runs/flat")
    wait_for_engine(case, process)
    go_after(1.0, case)
    result = run()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert result.exit_code == 0, result.output
    assert f"runs/flat is being run by process {process.pid} since" in result.stderr
    assert rows_of(result.stdout) == {"runs/original": "finished", "runs/flat": "finished"}


def test_run_outlives_its_terminal() -> None:
    """SIGHUP, which comes when a terminal closes, ends nothing; a later command says what was."""
    case = make_case(Path("runs/flat"), "waits")
    process = start()
    wait_for_engine(case, process)
    process.send_signal(signal.SIGHUP)
    go_after(0.5, case)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert case_status(case) == "finished"
    assert "has finished before" in run().stderr


def test_run_of_another_process_is_cancelled() -> None:
    """--cancel ends the engine as Ctrl-C does, and says where it was."""
    case = make_case(Path("runs/flat"), "waits")
    process = start()
    engine = wait_for_engine(case, process)
    result = run("--cancel", "runs/flat")
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert result.exit_code == 0, result.output
    assert "error: runs/flat: interrupted at t = 25 s of 1000 s" in result.stderr
    state = read_state(case)
    assert state is not None
    assert not is_alive(engine, state.engine_process)
    assert run("--cancel", "runs/flat").stderr == "none of these cases is being run\n"


def test_run_is_left_to_itself() -> None:
    """--no-wait returns at once; the run goes on as a process of its own, told where it logs."""
    python = Path("fake python")
    python.write_text(f'#!/bin/bash\nexec "{sys.executable}" "{FAKE_ENGINE}" as_told "$@"\n')
    python.chmod(0o755)
    Path("here.toml").write_text(
        'schema = 1\nname = "here"\nengine = "embedded"\nexecutable = "./fake python"\n'
    )
    case = make_case(Path("runs/flat"), "waits")
    result = run("--site", "here.toml", "--no-wait")
    assert result.exit_code == 0, result.output
    (log,) = Path("runs/.jobs").iterdir()
    assert str(log.resolve()) in result.stderr
    deadline = time.monotonic() + 30
    while case_status(case) != "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    go_after(0.5, case)
    result = run("--site", "here.toml")
    assert result.exit_code == 0, result.output
    assert case_status(case) == "finished"
    assert "runs/flat: finished" in log.read_text()


def test_full_story_of_a_run_is_in_its_state() -> None:
    """state.json has the fields that other programs read."""
    make_case(Path("runs/flat"))
    run()
    state = json.loads(Path("runs/flat/state.json").read_text())
    assert state["schema"] == "exacouple-state/1"
    assert state["status"] == "finished"
    assert state["case_sha256"] == sha256_file(Path("runs/flat/case.json"))
    assert {"engine", "command", "pid", "host", "started", "ended", "exit_code"} <= state.keys()
    assert (state["step"], state["time"], state["end_time"]) == (40, 1000.0, 1000.0)
    assert state["message"] == ""
