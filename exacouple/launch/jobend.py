"""Judge a case whose SLURM job has ended, watched or not."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from exacouple.cases import Case
from exacouple.launch.claim import checkpoint_path, drop_checkpoint, how_it_goes_on
from exacouple.launch.engines import ENGINES
from exacouple.launch.jobrecord import JobRecord, read_end, read_start, slurm_says
from exacouple.launch.jobscript import SLURM_LOG
from exacouple.launch.outcome import Outcome, expectation, record_end
from exacouple.launch.progress import Progress
from exacouple.launch.slurm import JobStatus, ask_accounting
from exacouple.launch.state import RunState, read_state, try_lock
from exacouple.launch.verdict import Expected, Verdict, judge

_LOCK_PATIENCE = 5.0
_POLL = 0.1
_BY_OTHERS = ("CANCELLED", "PREEMPTED")
_HOUR = 3600.0
_SHORTEST_PART = 0.01


@dataclass(frozen=True)
class Job:
    """A case in a job.

    Attributes
    ----------
    path, expected
        The case as it was named, and what its run must give.
    state
        Its ``state.json`` while the job goes on.
    checkpoint
        Where its engine leaves a checkpoint; None if it has none.
    """

    path: Path
    expected: Expected
    state: RunState
    checkpoint: Path | None

    @property
    def number(self) -> str:
        """Number of the job."""
        assert self.state.job is not None
        return self.state.job


def open_job(path: Path) -> Job | None:
    """Return the job of a case; None if it is in none, or its end has been judged."""
    state = read_state(path)
    if state is None or state.status != "running" or state.job is None:
        return None
    case = Case.open(path)
    engine = ENGINES.get(state.engine)
    specfile = str(case.manifest["specfile"])
    checkpoint = checkpoint_path(path, engine, specfile) if engine else None
    return Job(path, expectation(case), state, checkpoint)


def conclude(job: Job, status: JobStatus | None, *, stopped: str | None = None) -> Outcome:
    """Judge a job that has ended, and write it into ``state.json``.

    Parameters
    ----------
    status
        What SLURM says; None if it has forgotten the job.
    stopped
        Why this program has cancelled it.
    """
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        with try_lock(job.path) as lock:
            if lock is not None or time.monotonic() > deadline:
                return _conclude(job, status, stopped)
        time.sleep(_POLL)


def _conclude(job: Job, status: JobStatus | None, stopped: str | None) -> Outcome:
    state = read_state(job.path)
    if state is not None and (state.job != job.number or state.status != "running"):
        return told_before(job.path, state)
    end = _find_end(job, status)
    if end.started:
        outcome = _judged(job, end, stopped)
    else:
        outcome = Outcome(job.path, end.status, job.expected.end_time, (end.never_started,))
    outcome = replace(outcome, job=job.number)
    return record_end(replace(job.state, job_state=end.state), outcome)


def told_before(path: Path, state: RunState) -> Outcome:
    """Return the outcome that another process has written into ``state.json``."""
    return Outcome(
        path,
        state.status,
        state.end_time,
        (state.message,) if state.message else (),
        exit_code=state.exit_code,
        step=state.step,
        time=state.time,
        job=state.job,
    )


@dataclass(frozen=True)
class _End:
    """How a job ended, from all that is known."""

    job: str
    state: str | None
    record: JobRecord | None
    started: bool
    limit: str
    node: str
    last_words: str
    log: Path

    @property
    def status(self) -> Literal["interrupted", "failed"]:
        """How the run counts if it has not reached its end."""
        return "interrupted" if self.state in _BY_OTHERS else "failed"

    @property
    def cause(self) -> str | None:
        """Why SLURM ended the job; None if the engine ended by itself."""
        limit = f" of {self.limit}" if self.limit else ""
        texts = {
            "CANCELLED": f"job {self.job} was cancelled",
            "PREEMPTED": f"job {self.job} was preempted and SLURM has not started it again",
            "TIMEOUT": f"job {self.job} reached its time limit{limit}",
            "DEADLINE": f"job {self.job} reached its deadline",
            "NODE_FAIL": f"job {self.job} lost its node{f' {self.node}' if self.node else ''}",
            "BOOT_FAIL": f"job {self.job} lost its node, which did not boot",
            "OUT_OF_MEMORY": f"job {self.job} ran out of memory",
        }
        if self.state in texts:
            return texts[self.state]
        if self.record is None and self.state != "COMPLETED":
            return f"job {self.job} has gone without a record of its end"
        return None

    @property
    def advice(self) -> str:
        """What to change, or where to look, after the cause."""
        if self.state == "TIMEOUT":
            return ": set slurm.time in the site profile"
        if self.state == "OUT_OF_MEMORY":
            return ": give more as slurm.mem in the site profile, or use fewer cells (--cells)"
        if self.record is None and self.state not in _BY_OTHERS:
            return f": it was killed, or its node went down{self._words}: see {self.log}"
        return ""

    @property
    def never_started(self) -> str:
        """Why there is no run to be judged."""
        if self.state in _BY_OTHERS:
            return f"job {self.job} was cancelled before it started"
        return f"job {self.job} ended before it could start the engine{self._words}: see {self.log}"

    @property
    def _words(self) -> str:
        return f" (last words: {self.last_words})" if self.last_words else ""


def _find_end(job: Job, status: JobStatus | None) -> _End:
    record, start = read_end(job.path, job.number), read_start(job.path, job.number)
    state = status.state if status is not None and status.ended else None
    said, words = slurm_says(job.path)
    if state in (None, "FAILED", "COMPLETED") and said is not None:
        state = said
    if state is None and record is None:
        state = ask_accounting(job.number)
    return _End(
        job=job.number,
        state=state,
        record=record,
        started=start is not None,
        limit=status.limit if status else "",
        node=start.node if start else "",
        last_words=words,
        log=job.path / SLURM_LOG,
    )


def _judged(job: Job, end: _End, stopped: str | None) -> Outcome:
    expected = job.expected
    code = end.record.exit_code if end.record else int(end.state != "COMPLETED")
    logs = job.path / "logs"
    verdict = judge(expected, code or 0, logs / "stdout.log", logs / "stderr.log", stopped=stopped)
    if verdict.diverged or stopped is not None:
        drop_checkpoint(job.checkpoint)
    status: Literal["finished", "interrupted", "failed"] = "finished"
    reasons = verdict.reasons
    if not verdict.ok:
        status = end.status if stopped is None else "failed"
        if stopped is None and end.cause is not None:
            reasons = (_interruption(job, end, verdict),)
    last = verdict.last
    return Outcome(
        case=job.path,
        status=status,
        end_time=expected.end_time,
        reasons=reasons,
        warnings=verdict.warnings,
        exit_code=end.record.exit_code if end.record else None,
        step=last.step if last else None,
        time=last.time if last else None,
        wall_time=end.record.seconds if end.record else 0.0,
    )


def _interruption(job: Job, end: _End, verdict: Verdict) -> str:
    """Say why SLURM ended a run, where it was, and how it goes on."""
    last, until = verdict.last, job.expected.end_time
    at = "" if last is None else f" at t = {last.time:g} s of {until:g} s"
    needed = _estimate(job, end.record, last) if end.state == "TIMEOUT" else ""
    return f"{end.cause}{at}{end.advice}{needed}; {how_it_goes_on(job.checkpoint, job.state.site)}"


def _estimate(job: Job, record: JobRecord | None, last: Progress | None) -> str:
    """Say how long the whole run takes, if this job has run it from its beginning."""
    whole = job.state.resumed is False and record is not None and record.restarts == 0
    if not whole or record is None or last is None:
        return ""
    part = last.time / job.expected.end_time
    if not part > _SHORTEST_PART:
        return ""
    seconds = record.seconds / part
    text = f"{seconds / _HOUR:.1f} h" if seconds > _HOUR else f"{seconds / 60.0:.0f} min"
    return f", the whole run needs about {text}"
