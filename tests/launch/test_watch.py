"""Watching jobs and reading what SLURM says, with small stand-ins for its programs."""

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exacouple.engine.codefolder import writing_to
from exacouple.engine.log import engine_log
from exacouple.launch import Outcome, StopRequest, open_job, read_state, run_case, watch, watch_jobs
from exacouple.launch.follow import LogFollower
from exacouple.launch.slurm import SlurmError, advice, ask_states, cancel, greatest_array, submit
from exacouple.launch.state import write_state

PutProgram = Callable[[str, str], None]


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PutProgram:
    """Return a function that puts a small bash program first on the search path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(name: str, text: str) -> None:
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)

    return put


@pytest.fixture
def case(make_case, fake_engine) -> Path:
    """Return a case whose good run counts as job 7 that goes on."""
    path = make_case()
    run_case(path, engine=fake_engine("good"))
    state = read_state(path)
    assert state is not None
    write_state(path, replace(state, status="running", job="7", ended=None))
    return path


def leave_record(case: Path, code: int = 0) -> None:
    """Write what the script of job 7 writes."""
    common = "job=7\nrestarts=0\nnode=deep1\n"
    (case / "logs" / "job.start").write_text(common)
    (case / "logs" / "job.end").write_text(f"{common}exit_code={code}\nsignal=\nseconds=12\n")


def watched(case: Path, stop: StopRequest | None = None) -> list[Outcome]:
    """Watch the job of a case to its end."""
    outcomes: list[Outcome] = []
    job = open_job(case)
    assert job is not None
    watch_jobs([job], stop=stop or StopRequest(), on_outcome=outcomes.append)
    return outcomes


def test_finished_job_is_judged_once(case, on_path) -> None:
    """What it left is judged; afterwards the case is in no job."""
    on_path("squeue", "echo '7|COMPLETED|0:12|10:00|deep1|None'")
    leave_record(case)
    (outcome,) = watched(case)
    assert (outcome.status, outcome.job, outcome.wall_time) == ("finished", "7", 12.0)
    assert open_job(case) is None


def test_controller_that_is_away_is_waited_for(case, on_path, tmp_path, caplog) -> None:
    """It is told once, and again when it is back; nothing is concluded from silence."""
    leave_record(case)
    on_path(
        "squeue",
        f'echo x >>"{tmp_path}/calls"; [ "$(wc -l <"{tmp_path}/calls")" -gt 2 ] && '
        "{ echo '7|COMPLETED|0:12|10:00|deep1|None'; exit 0; }\n"
        "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1",
    )
    with caplog.at_level(logging.INFO, logger="exacouple"):
        (outcome,) = watched(case)
    assert outcome.status == "finished"
    assert caplog.text.count("Unable to contact slurm controller: trying on") == 1
    assert "SLURM answers again" in caplog.text


def test_job_that_waits_for_ever_is_a_warning(case, on_path, caplog) -> None:
    """The reason is SLURM's, what to change is ours."""
    on_path("squeue", "echo '7|PENDING|0:00|10:00||PartitionTimeLimit'")
    stop = StopRequest()
    threading.Timer(1.5, stop.signals.append, [2]).start()
    with caplog.at_level(logging.INFO, logger="exacouple"):
        assert watched(case, stop) == []
    (record,) = [item for item in caplog.records if "waits" in item.message]
    assert record.levelno == logging.WARNING
    assert "(PartitionTimeLimit): ask for less slurm.time in the site profile" in record.message
    assert open_job(case) is not None


def test_collapsed_job_is_cancelled(case, on_path, tmp_path) -> None:
    """A time step that falls to nothing ends the job, and its checkpoint with it."""
    leave_record(case)
    (case / "logs" / "job.end").unlink()
    lines = []
    dt, time = 25.0, 0.0
    for step in range(60):
        lines += [f"step {step}\tt_min          ={time:g}", f"\tdt_min         ={dt:g}"]
        time, dt = time + dt, max(0.3 * dt, 1e-8)
    (case / "logs" / "stdout.log").write_text("\n".join(lines) + "\n")
    on_path("scancel", f'echo "$@" >"{tmp_path}/cancelled"')
    on_path(
        "squeue",
        f'[ -e "{tmp_path}/cancelled" ] && echo "7|CANCELLED|0:12|10:00|deep1|None" || '
        "echo '7|RUNNING|0:12|10:00|deep1|None'",
    )
    original, watch.SETTLE = watch.SETTLE, 0.1
    try:
        (outcome,) = watched(case)
    finally:
        watch.SETTLE = original
    assert (tmp_path / "cancelled").read_text() == "7\n"
    assert outcome.status == "failed"
    assert outcome.reasons[0].startswith("the time step fell from 25 s to ")


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        ("NODE_FAIL", "failed", "job 7 lost its node deep1 at t = 1000 s of 1000 s; `exacouple"),
        ("OUT_OF_MEMORY", "failed", "give more as slurm.mem in the site profile"),
        ("PREEMPTED", "interrupted", "was preempted and SLURM has not started it again"),
        ("DEADLINE", "failed", "job 7 reached its deadline"),
        ("BOOT_FAIL", "failed", "did not boot"),
    ],
)
def test_end_by_slurm_is_told(case, on_path, state, status, reason) -> None:
    """Each of its states has a message of its own; the case can be run again."""
    leave_record(case, 143)
    on_path("squeue", f"echo '7|{state}|0:12|10:00|deep1|None'")
    for probe in (case / "probes").iterdir():
        probe.unlink()
    (outcome,) = watched(case)
    assert outcome.status == status
    assert reason in outcome.reasons[0]


def test_run_that_reached_its_end_is_good_whatever_slurm_says(case, on_path) -> None:
    """A job that was cancelled in its very last moment has finished."""
    leave_record(case)
    on_path("squeue", "echo '7|CANCELLED|0:12|10:00|deep1|None'")
    assert watched(case)[0].status == "finished"


def test_accounting_is_asked_where_there_is_some(case, on_path, monkeypatch) -> None:
    """Only for a job that squeue has forgotten and that left no record."""
    monkeypatch.setattr(watch, "SETTLE", 0.1)
    leave_record(case)
    (case / "logs" / "job.end").unlink()
    (case / "probes" / "21418-rank-0.probe").unlink()
    on_path("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    on_path("sacct", "echo 'CANCELLED by 1000'")
    (outcome,) = watched(case)
    assert outcome.status == "interrupted"
    assert outcome.reasons[0].startswith("job 7 was cancelled at t = 1000 s")


def test_states_are_read_one_job_at_a_line(on_path) -> None:
    """Tasks of an array, reasons with blanks; jobs of others and rubbish are left out."""
    on_path(
        "squeue",
        "echo '5_1|PENDING|0:00|10:00||ReqNodeNotAvail, UnavailableNodes:deep[1-3]'\n"
        "echo '5_0|RUNNING|0:02|1-00:00:00|deep1|None'\necho '6|RUNNING|x'\necho\n"
        "echo '9|RUNNING|0:02|10:00|deep1|None'",
    )
    states = ask_states(["5_0", "5_1", "6"])
    assert set(states) == {"5_0", "5_1"}
    assert states["5_1"].reason == "ReqNodeNotAvail, UnavailableNodes:deep[1-3]"
    assert (states["5_0"].reason, states["5_0"].node, states["5_0"].ended) == ("", "deep1", False)


def test_strange_answers_of_slurm_are_errors(on_path, tmp_path) -> None:
    """No number, no program: each is told in one line."""
    script = tmp_path / "job.slurm"
    script.write_text("#!/bin/bash\n")
    on_path("sbatch", "echo hello")
    with pytest.raises(SlurmError, match="gave no job number"):
        submit(script)
    on_path("sbatch", "echo '12;cluster'")
    assert submit(script) == "12"
    on_path("scancel", "echo 'scancel: error: Access denied' >&2; exit 1")
    with pytest.raises(SlurmError, match="Access denied"):
        cancel(["7"])
    on_path("scontrol", "echo 'MaxArraySize            = 11'")
    assert greatest_array() == 11
    on_path("scontrol", "exit 1")
    assert greatest_array() == 1001


def test_missing_slurm_is_told(monkeypatch, tmp_path) -> None:
    """Where there is no SLURM, the message says where to work."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlurmError, match=r"cannot start squeue: .* such as a login node"):
        ask_states(["7"])


@pytest.mark.parametrize(
    ("complaint", "key"),
    [
        ("Invalid partition name specified", "slurm.partition"),
        ("Invalid account or account/partition combination specified", "slurm.account"),
        ("Job violates accounting/QOS policy (job submit limit)", "fewer cases"),
        ("Requested time limit is invalid (missing or exceeds some limit)", "slurm.time"),
        ("Requested node configuration is not available", "[slurm]"),
        ("Invalid qos specification", "slurm.extra"),
        ("sbatch: unrecognized option '--foo'", "slurm.extra"),
        ("the moon is full", ""),
    ],
)
def test_complaints_of_sbatch_lead_to_a_key(complaint: str, key: str) -> None:
    """Which one to change is said."""
    assert key in advice(complaint)
    assert bool(advice(complaint)) == bool(key)


def test_log_that_starts_anew_is_read_anew(tmp_path) -> None:
    """A requeued job truncates its log."""
    log = tmp_path / "case" / "logs" / "stdout.log"
    log.parent.mkdir(parents=True)
    follower = LogFollower(log, 1000.0)
    assert follower.look() is None
    log.write_text("step 1\tt_min          =25\nstep 2\tt_min          =5")
    follower.look()
    assert follower.latest is not None
    assert follower.latest.step == 1
    with open(log, "a") as stream:
        stream.write("0\n")
    follower.look()
    assert follower.latest.time == 50.0
    log.write_text("step 0\tt_min          =0\n")
    follower.look()
    assert follower.latest.step == 0


def test_who_waits_for_another_process_that_compiles_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing else is said for as long as the other one compiles, which is the first long wait."""
    case = tmp_path / "case"
    (case / "logs").mkdir(parents=True)
    log = case / "logs" / "stdout.log"
    lock = (tmp_path / "writing").open("a+b")
    fcntl.flock(lock, fcntl.LOCK_EX)
    threading.Timer(0.2, lock.close).start()
    with log.open("w") as stream, engine_log(stdout=stream), writing_to(tmp_path):
        pass
    caplog.set_level(logging.INFO)
    LogFollower(log, 1000.0).look()
    assert f"{case}: another process compiles" in caplog.text
