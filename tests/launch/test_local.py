"""Tests of a run from start to verdict, with small programs in the place of the engine."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from exacouple.errors import ExacoupleError, UsageError
from exacouple.launch import (
    Engine,
    Outcome,
    Progress,
    RunState,
    StopRequest,
    case_status,
    get_engine,
    read_state,
    run_case,
)
from exacouple.launch.state import is_alive, process_identity, try_lock, write_state

QUICK = (0.3, 0.3)


@pytest.fixture
def case(make_case) -> Path:
    return make_case()


def edit_manifest(case: Path, **changes: object) -> None:
    """Change top-level entries of case.json."""
    path = case / "case.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def stop_after(seconds: float, *numbers: int) -> StopRequest:
    """Return a request that gets signals after a while, one every 0.2 s."""
    stop = StopRequest()

    def send() -> None:
        time.sleep(seconds)
        for number in numbers:
            stop.signals.append(number)
            time.sleep(0.2)

    threading.Thread(target=send, daemon=True).start()
    return stop


def test_good_run_is_recorded(case: Path, fake_engine) -> None:
    """A good run leaves its state, its logs and nothing running."""
    outcome = run_case(case, engine=fake_engine("good"))
    assert (outcome.status, outcome.step, outcome.time) == ("finished", 40, 1000.0)
    state = read_state(case)
    assert state is not None
    assert (state.status, state.exit_code, state.end_time) == ("finished", 0, 1000.0)
    assert state.command[-1] == "tsunami.exahype2"
    assert state.ended is not None
    assert state.ended >= state.started
    assert not is_alive(state.engine_pid, state.engine_process)
    assert "Peano terminates successfully" in (case / "logs" / "stdout.log").read_text()
    assert (case / "logs" / "stderr.log").read_text() == ""


def test_progress_is_told_for_every_step(case: Path, fake_engine) -> None:
    """Steps 0 to 40 come in order, with their times."""
    told: list[Progress] = []
    run_case(case, engine=fake_engine("good"), on_progress=told.append)
    assert list(dict.fromkeys(item.step for item in told)) == list(range(41))
    assert told[-1] == Progress(40, 1000.0, 25.0)


def test_finished_case_is_not_run_again(case: Path, fake_engine) -> None:
    """A second run leaves the probe files untouched; --force makes them anew."""
    run_case(case, engine=fake_engine("good"))
    probe = case / "probes" / "21418-rank-0.probe"
    before = probe.stat().st_mtime_ns
    assert run_case(case, engine=fake_engine("good")).status == "skipped"
    assert probe.stat().st_mtime_ns == before
    assert run_case(case, engine=fake_engine("good"), force=True).status == "finished"
    assert probe.stat().st_mtime_ns > before


def test_changed_case_is_run_again(case: Path, fake_engine) -> None:
    """A case.json that is another one than that of the finished run needs a run."""
    run_case(case, engine=fake_engine("good"))
    edit_manifest(case, seeds={"autoencoder": 1})
    assert run_case(case, engine=fake_engine("good")).status == "finished"


def test_finished_case_without_its_probes_is_run_again(case: Path, fake_engine) -> None:
    """A result that someone has removed is made again."""
    run_case(case, engine=fake_engine("good"))
    (case / "probes" / "21419-rank-0.probe").unlink()
    assert run_case(case, engine=fake_engine("good")).status == "finished"


@pytest.mark.parametrize("behaviour", ["quits", "raises", "killed", "aborts"])
def test_failed_case_is_run_again(case: Path, fake_engine, behaviour: str) -> None:
    """After a failure the next run starts from the beginning."""
    assert run_case(case, engine=fake_engine(behaviour)).status == "failed"
    assert case_status(case) == "failed"
    assert run_case(case, engine=fake_engine("good")).status == "finished"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("quits", "the engine reported: do not run code as parser reported errors"),
        ("raises", "the engine reported: the tide is out"),
        ("aborts", "it aborted"),
        ("killed", "it was killed"),
        ("short", "came to t = 100 s of 1000 s"),
        ("no_probes", "no probe file of buoys 21418, 21419"),
        ("first_buoy_only", "no probe file of buoy 21419"),
        ("not_a_number", "buoy 21418 from t = 25 s"),
        ("blow_up", "1 updates broke the CFL condition"),
        ("collapse", "the time step fell from 25 s to"),
    ],
)
def test_failure_is_told(case: Path, fake_engine, behaviour: str, reason: str) -> None:
    """Every bad end has its reason in the outcome and in state.json."""
    outcome = run_case(case, engine=fake_engine(behaviour), grace=QUICK)
    assert outcome.status == "failed"
    assert reason in "\n".join(outcome.reasons)
    state = read_state(case)
    assert state is not None
    assert reason in state.message


def test_stale_probe_files_are_no_result(case: Path, fake_engine) -> None:
    """Files of an earlier run, also of other ranks, are gone before the engine starts."""
    run_case(case, engine=fake_engine("good"))
    run_case(case, engine=fake_engine("other_rank"), force=True)
    names = sorted(path.name for path in (case / "probes").iterdir())
    assert names == ["21418-rank-1.probe", "21419-rank-1.probe"]
    assert run_case(case, engine=fake_engine("no_probes"), force=True).status == "failed"
    assert list((case / "probes").iterdir()) == []


def test_files_of_others_stay(case: Path, fake_engine) -> None:
    """Only probe files of the case's own buoys are removed."""
    note = case / "probes" / "214180-rank-0.probe"
    note.write_text("another buoy")
    run_case(case, engine=fake_engine("good"))
    assert note.read_text() == "another buoy"


@pytest.mark.parametrize(
    ("behaviour", "grace", "exit_code"),
    [
        ("hang_until_sigint", (60.0, 60.0), 1),
        ("hang_until_sigterm", (0.3, 60.0), -15),
        ("hang_until_sigkill", (0.3, 0.3), -9),
    ],
)
def test_interrupted_engine_is_ended(
    case: Path, fake_engine, behaviour: str, grace: tuple[float, float], exit_code: int
) -> None:
    """SIGINT first, SIGTERM after the grace period, SIGKILL at last."""
    stop = stop_after(0.5, signal.SIGINT)
    outcome = run_case(case, engine=fake_engine(behaviour), stop=stop, grace=grace)
    assert outcome.status == "interrupted"
    assert outcome.exit_code in (exit_code, -signal.SIGINT)
    assert outcome.time is not None
    state = read_state(case)
    assert state is not None
    assert state.status == case_status(case) == "interrupted"
    assert not is_alive(state.engine_pid, state.engine_process)


def test_each_further_signal_is_more_urgent(case: Path, fake_engine) -> None:
    """Three times Ctrl-C ends an engine that ignores all that can be ignored, without waiting."""
    stop = stop_after(0.5, signal.SIGINT, signal.SIGINT, signal.SIGINT)
    start = time.monotonic()
    outcome = run_case(case, engine=fake_engine("hang_silently"), stop=stop, grace=(60, 60))
    assert (outcome.status, outcome.exit_code) == ("interrupted", -signal.SIGKILL)
    assert time.monotonic() - start < 10


def test_signals_of_the_process_are_caught_during_a_run(case: Path, fake_engine) -> None:
    """SIGTERM to this very process ends the run, not the process; handlers are restored."""
    strays: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: strays.append(number))
    try:
        ours = signal.getsignal(signal.SIGTERM)
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        outcome = run_case(case, engine=fake_engine("hang_until_sigint"), grace=QUICK)
        assert outcome.status == "interrupted"
        assert strays == []
        assert signal.getsignal(signal.SIGTERM) is ours
    finally:
        signal.signal(signal.SIGTERM, before)


def test_interrupted_case_is_run_again(case: Path, fake_engine) -> None:
    """An interrupted run is never taken for a success."""
    run_case(case, engine=fake_engine("hang_until_sigint"), stop=stop_after(0.3, 2), grace=QUICK)
    assert run_case(case, engine=fake_engine("good")).status == "finished"


def test_left_over_child_does_not_hold_the_run(case: Path, fake_engine) -> None:
    """A child that keeps the pipes open delays the end by seconds only."""
    start = time.monotonic()
    outcome = run_case(case, engine=fake_engine("leaves_child"))
    assert outcome.status == "finished"
    assert time.monotonic() - start < 10
    state = read_state(case)
    assert state is not None
    assert state.engine_pid is not None
    os.killpg(state.engine_pid, signal.SIGKILL)


def test_big_logs_go_through(case: Path, fake_engine) -> None:
    """Megabytes in both streams at once neither block nor fill the memory, NUL bytes and all."""
    tracemalloc.start()
    try:
        outcome = run_case(case, engine=fake_engine("loud"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert outcome.status == "finished"
    assert (case / "logs" / "stderr.log").stat().st_size > 3_000_000
    assert (case / "logs" / "stdout.log").stat().st_size > 3_000_000
    assert peak < 1_000_000


def test_threads_reach_the_engine(case: Path, fake_engine) -> None:
    """The number of threads is passed on in the environment, and lines come at once."""
    run_case(case, engine=fake_engine("environment"), threads=3)
    log = (case / "logs" / "stdout.log").read_text()
    told = json.loads(log[log.index("{") : log.index("}") + 1])
    assert told == {"OMP_NUM_THREADS": "3", "PYTHONUNBUFFERED": "1"}


def died(case: Path, **changes: object) -> None:
    """Leave a state as a killed run does."""
    state = read_state(case)
    assert state is not None
    dead = replace(state, status="running", ended=None, process="other boot:1", time=500.0)
    write_state(case, replace(dead, **changes))  # type: ignore[arg-type]


def test_died_run_is_recognised(case: Path, fake_engine, caplog) -> None:
    """A run without an end is told and started again."""
    run_case(case, engine=fake_engine("good"))
    died(case)
    assert case_status(case) == "died"
    assert run_case(case, engine=fake_engine("good")).status == "finished"
    assert "died without an end after t = 500 s" in caplog.text


@pytest.fixture
def with_checkpoints(fake_engine):
    """Return a function that makes an engine that behaves in another way when it resumes."""

    def make(behaviour: str, resumed: str) -> Engine:
        return replace(
            fake_engine(behaviour),
            resume=fake_engine(resumed).command,
            checkpoint=lambda specfile: f"{specfile}.checkpoint",
        )

    return make


def interrupt(case: Path, engine: Engine) -> Outcome:
    """Start a run and stop it after a while; it has left a checkpoint and a probe file."""
    (case / "tsunami.exahype2.checkpoint").write_text("where I was")
    outcome = run_case(case, engine=engine, stop=stop_after(0.3, 2), grace=QUICK)
    (case / "probes" / "21418-rank-1.probe").write_text(
        "# plot-time, real-time,Q0,Q1,Q2,Q3,Q4\n0, 0, 4.95, 0, 0, -4.95, 0\n"
    )
    return outcome


def test_interrupted_case_goes_on_from_its_checkpoint(case: Path, with_checkpoints) -> None:
    """The engine is told to resume and finds its probe files; people are told so."""
    outcome = interrupt(case, with_checkpoints("hang_until_sigint", "good"))
    assert outcome.reasons[0].endswith("`exacouple run` goes on from its checkpoint")
    again = run_case(case, engine=with_checkpoints("no_probes", "good"))
    assert again.status == "finished"
    assert (case / "probes" / "21418-rank-1.probe").exists()
    state = read_state(case)
    assert state is not None
    assert "good" in state.command


@pytest.mark.parametrize("cause", ["forced", "changed case", "other engine", "no checkpoint"])
def test_checkpoint_is_not_used_where_it_does_not_belong(
    case: Path, with_checkpoints, cause: str
) -> None:
    """With --force, or when anything is another than it was, the run starts from the beginning."""
    interrupt(case, with_checkpoints("hang_until_sigint", "no_probes"))
    engine = with_checkpoints("good", "no_probes")
    if cause == "changed case":
        edit_manifest(case, seeds={"autoencoder": 1})
    elif cause == "other engine":
        engine = replace(engine, name="other")
    elif cause == "no checkpoint":
        (case / "tsunami.exahype2.checkpoint").unlink()
    assert run_case(case, engine=engine, force=cause == "forced").status == "finished"
    assert not (case / "probes" / "21418-rank-1.probe").exists()


@pytest.mark.parametrize(
    ("behaviour", "kept"), [("not_a_number", False), ("collapse", False), ("raises", True)]
)
def test_checkpoint_of_a_run_that_diverged_is_dropped(
    case: Path, with_checkpoints, behaviour: str, kept: bool
) -> None:
    """Going on from it would fail again; after any other failure it is worth having."""
    checkpoint = case / "tsunami.exahype2.checkpoint"
    checkpoint.write_text("where I was")
    engine = with_checkpoints(behaviour, "good")
    assert run_case(case, engine=engine, grace=QUICK).status == "failed"
    assert checkpoint.exists() == kept


def test_case_that_died_goes_on_from_its_checkpoint(case: Path, with_checkpoints) -> None:
    """A machine that went down costs what came after the checkpoint."""
    interrupt(case, with_checkpoints("hang_until_sigint", "good"))
    died(case)
    (case / "probes" / "21418-rank-1.probe").unlink()
    assert run_case(case, engine=with_checkpoints("no_probes", "good")).status == "finished"


def test_engine_that_outlived_its_launcher_is_ended(case: Path, fake_engine, caplog) -> None:
    """An engine whose launcher was killed holds the case only until the next run."""
    run_case(case, engine=fake_engine("good"))
    with try_lock(case) as lock:
        assert lock is not None
        orphan = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"],
            pass_fds=(lock,),
            start_new_session=True,
        )
    died(case, engine_pid=orphan.pid, engine_process=process_identity(orphan.pid))
    reaper = threading.Thread(target=orphan.wait)
    reaper.start()
    assert run_case(case, engine=fake_engine("good")).status == "finished"
    reaper.join(timeout=10)
    assert orphan.returncode == -signal.SIGTERM
    assert f"process {orphan.pid}" in caplog.text


def test_second_run_of_a_case_is_refused(case: Path, fake_engine) -> None:
    """While a run goes on, another one is told by whom."""
    started = threading.Event()
    stop = StopRequest()

    def first() -> None:
        run_case(
            case,
            engine=fake_engine("hang_until_sigint"),
            on_progress=lambda progress: started.set(),
            stop=stop,
            grace=QUICK,
        )

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert started.wait(20)
        with pytest.raises(UsageError, match=f"being run by process {os.getpid()} since"):
            run_case(case, engine=fake_engine("good"), force=True)
    finally:
        stop.signals.append(signal.SIGINT)
        thread.join()
    assert case_status(case) == "interrupted"


def test_locked_case_without_state_is_refused(case: Path, fake_engine) -> None:
    """Between taking the lock and writing its state a run is already alone."""
    with try_lock(case), pytest.raises(UsageError, match="being run by another process"):
        run_case(case, engine=fake_engine("good"))


def test_run_on_another_machine_is_refused_unless_forced(case: Path, fake_engine) -> None:
    """Whether a process of another machine lives is for the user to say."""
    run_case(case, engine=fake_engine("good"))
    died(case, host="elsewhere")
    with pytest.raises(UsageError, match=r"being run on elsewhere .* use --force"):
        run_case(case, engine=fake_engine("good"))
    assert run_case(case, engine=fake_engine("good"), force=True).status == "finished"


def test_directory_without_manifest_is_no_case(tmp_path: Path, fake_engine) -> None:
    """Anything else than a prepared case is refused, and stays as it is."""
    with pytest.raises(UsageError, match="is not a case"):
        run_case(tmp_path, engine=fake_engine("good"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["end_time_s", "sampling_s", "probes", "specfile"])
def test_incomplete_manifest_is_refused(case: Path, fake_engine, key: str) -> None:
    """A manifest without what a run needs is called damaged."""
    edit_manifest(case, **{key: None})
    with pytest.raises(ExacoupleError, match=r"case\.json is damaged"):
        run_case(case, engine=fake_engine("good"))


def test_case_that_was_tampered_with_is_refused(case: Path, fake_engine) -> None:
    """A truncated input file is seen before the engine starts."""
    (case / "tsunami.exahype2").write_bytes(b"{")
    with pytest.raises(ExacoupleError, match=r"tsunami\.exahype2: changed"):
        run_case(case, engine=fake_engine("good"))
    assert case_status(case) == "new"


def test_engine_that_cannot_start(case: Path) -> None:
    """A missing executable is a failure with its name."""
    engine = Engine("fake", "missing", lambda specfile: ("/nowhere/ExaHyPE-SWE", specfile))
    outcome = run_case(case, engine=engine)
    assert outcome == Outcome(
        case,
        "failed",
        1000.0,
        ("cannot start /nowhere/ExaHyPE-SWE: No such file or directory",),
        wall_time=outcome.wall_time,
    )
    assert case_status(case) == "failed"


def test_logs_that_cannot_be_written(case: Path, fake_engine) -> None:
    """A file in the place of the log directory is named."""
    (case / "logs").write_text("in the way")
    outcome = run_case(case, engine=fake_engine("good"))
    assert outcome.status == "failed"
    assert "logs/stdout.log" in outcome.reasons[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_ends_the_run(case: Path, fake_engine) -> None:
    """When the log cannot be written the engine is ended and the cause is told."""
    (case / "logs").mkdir()
    (case / "logs" / "stdout.log").symlink_to("/dev/full")
    outcome = run_case(case, engine=fake_engine("hang_until_sigint"))
    assert outcome.status == "failed"
    assert "stdout.log: no space left on the disk: make room" in outcome.reasons[0]
    state = read_state(case)
    assert state is not None
    assert not is_alive(state.engine_pid, state.engine_process)


def test_success_that_cannot_be_recorded_is_none(
    case: Path, fake_engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full at the very end the run has failed, and is not taken for finished."""

    def write(directory: Path, state: RunState) -> None:
        if state.status == "finished":
            raise ExacoupleError("cannot write state.json: No space left on device")
        write_state(directory, state)

    monkeypatch.setattr("exacouple.launch.outcome.write_state", write)
    result = run_case(case, engine=fake_engine("good"))
    assert result.status == "failed"
    assert result.reasons == ("cannot write state.json: No space left on device",)
    assert case_status(case) != "finished"


def test_error_in_a_callback_leaves_no_engine_behind(case: Path, fake_engine) -> None:
    """Whatever goes wrong in the caller's code, the engine is ended and the run has failed."""

    def broken(progress: Progress) -> None:
        raise ZeroDivisionError("bar")

    with pytest.raises(ZeroDivisionError):
        run_case(case, engine=fake_engine("hang_until_sigkill"), on_progress=broken)
    state = read_state(case)
    assert state is not None
    assert state.status == "failed"
    assert not is_alive(state.engine_pid, state.engine_process)


def test_embedded_engine_is_found_from_the_case_directory(tmp_path: Path) -> None:
    """The command of the embedded engine works in any directory, installed or not."""
    from exacouple.launch.engines import engine_environment

    *command, _ = get_engine("embedded").command("tsunami.exahype2")
    answer = subprocess.run(
        [*command, "--version"],
        cwd=tmp_path,
        env=engine_environment({"PATH": os.environ["PATH"]}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "embedded engine" in answer.stdout


def test_unknown_engine_names_the_nearest() -> None:
    """A typing error is answered with what there is."""
    with pytest.raises(UsageError, match="did you mean 'embedded'"):
        get_engine("embeded")
    with pytest.raises(UsageError, match="site profile"):
        get_engine("exahype")
