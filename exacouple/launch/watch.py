"""Watch runs that go on without this program: SLURM jobs, and runs of another process."""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exacouple.cases import Case
from exacouple.launch.follow import LogFollower
from exacouple.launch.jobend import Job, conclude, told_before
from exacouple.launch.jobrecord import read_end, read_start
from exacouple.launch.outcome import Outcome, expectation
from exacouple.launch.process import StopRequest
from exacouple.launch.slurm import JobStatus, SlurmError, ask_states, cancel
from exacouple.launch.state import is_running, read_state
from exacouple.progress import SILENT, Task

_log = logging.getLogger(__name__)

SETTLE = 10.0
"""Seconds after the end of a job within which its record must appear, on slow file systems."""

_LOOK_EVERY = 0.5
_LOOK_PER_JOB = 0.01
_ASK_FIRST = 1.0
_ASK_SLOWER = 0.1
_ASK_AT_LEAST_EVERY = 30.0
_FEW = 5

_HOPELESS = {
    "BadConstraints": "no node is as slurm.extra in the site profile asks for",
    "InvalidAccount": "correct slurm.account in the site profile",
    "InvalidQOS": "correct --qos in slurm.extra of the site profile",
    "JobHeldAdmin": "ask the administrators of the cluster",
    "JobHeldUser": "`scontrol release` lets it go",
    "PartitionConfig": "ask for less in [slurm] of the site profile: no node has as much",
    "PartitionNodeLimit": "ask for fewer slurm.nodes in the site profile",
    "PartitionTimeLimit": "ask for less slurm.time in the site profile, or another partition",
}
"""Reasons for which a job waits until somebody does something, and what."""

OnOutcome = Callable[[Outcome], None]


def watch_jobs(
    jobs: Sequence[Job],
    *,
    stop: StopRequest,
    on_outcome: OnOutcome,
    progress: Task = SILENT,
) -> list[Job]:
    """Watch jobs until all have ended and are judged, or until a signal comes.

    Parameters
    ----------
    stop
        A signal in it ends the watching, not the jobs.
    on_outcome
        Gets the outcome of each job when it has ended.
    progress
        Shows how much of all cases together is simulated.

    Returns
    -------
    Jobs that go on.
    """
    watched = [_Watched(job) for job in jobs]
    asking = _Asking()
    end_times = sum(job.expected.end_time for job in jobs)
    while watched and not stop.signals:
        for item in watched:
            item.look()
        if asking.due(urgent=any(item.news for item in watched)):
            states = asking.ask(watched)
            if states is not None:
                for item in list(watched):
                    if (outcome := item.heed(states.get(item.job.number))) is not None:
                        watched.remove(item)
                        on_outcome(outcome)
        left = sum(item.job.expected.end_time - item.time for item in watched)
        text = _description(watched) if watched else None
        progress.update(completed=end_times - left, description=text)
        if watched and not stop.signals:
            time.sleep(max(_LOOK_EVERY, _LOOK_PER_JOB * len(watched)))
    return [item.job for item in watched]


def watch_process(path: Path, *, stop: StopRequest, progress: Task = SILENT) -> Outcome | None:
    """Watch a run of another process on this machine until its end, or until a signal comes.

    Returns
    -------
    What that process says of it; None if the run goes on or has died without an end.
    """
    expected = expectation(Case.open(path))
    follower = LogFollower(path / "logs" / "stdout.log", expected.end_time)
    while not stop.signals:
        state = read_state(path)
        if state is None or not is_running(state):
            ended = state is not None and state.status != "running"
            return told_before(path, state) if ended and state is not None else None
        follower.look()
        if follower.latest is not None:
            progress.update(completed=follower.latest.time)
        time.sleep(_LOOK_EVERY)
    return None


@dataclass
class _Watched:
    """A job, and what was seen of it."""

    job: Job
    status: JobStatus | None = None
    news: bool = True
    stopped: str | None = None
    time: float = 0.0
    gone_since: float | None = None
    starts: int = -1
    ended: bool = False
    told: str = ""
    follower: LogFollower = field(init=False)

    def __post_init__(self) -> None:
        log = self.job.path / "logs" / "stdout.log"
        self.follower = LogFollower(log, self.job.expected.end_time)

    def look(self) -> None:
        """Look at what the job has written, without asking SLURM."""
        start = read_start(self.job.path, self.job.number)
        if start is None:
            return
        if start.restarts != self.starts:
            if self.starts >= 0:
                _log.info("%s: job %s has been started again", self.job.path, self.job.number)
            self.starts, self.ended, self.news = start.restarts, False, True
            self.follower.start_again()
        wrong = self.follower.look()
        if self.follower.latest is not None and abs(self.follower.latest.time) < float("inf"):
            self.time = min(self.follower.latest.time, self.job.expected.end_time)
        if wrong is not None and self.stopped is None:
            self.stopped = wrong
            _log.info("%s: job %s is cancelled: %s", self.job.path, self.job.number, wrong)
            with contextlib.suppress(SlurmError):
                cancel([self.job.number])
        if not self.ended and read_end(self.job.path, self.job.number) is not None:
            self.ended = self.news = True

    def heed(self, status: JobStatus | None) -> Outcome | None:
        """Take what SLURM says; return the outcome once the job has ended."""
        self.news = False
        if status is not None and not status.ended:
            self.status, self.gone_since = status, None
            self._tell(status)
            return None
        known = status or self.status
        if self.gone_since is None:
            self.gone_since = time.monotonic()
        waited = time.monotonic() - self.gone_since
        waiting = read_end(self.job.path, self.job.number) is None and self._may_have_started(known)
        if waiting and waited < SETTLE:
            self.news = True
            return None
        limit = JobStatus(
            state=status.state if status else "",
            limit=known.limit if known else "",
        )
        return conclude(self.job, limit, stopped=self.stopped)

    def _may_have_started(self, status: JobStatus | None) -> bool:
        return self.starts >= 0 or status is None or status.state != "CANCELLED"

    def _tell(self, status: JobStatus) -> None:
        text = _said(status)
        if text != self.told:
            self.told = text
            hopeless = status.state == "PENDING" and status.reason in _HOPELESS
            level = logging.WARNING if hopeless else logging.INFO
            _log.log(level, "%s: job %s %s", self.job.path, self.job.number, text)


class _Asking:
    """Asks SLURM often at first and then rarely, and puts up with a controller that is away."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._last = float("-inf")
        self._silent = False

    def due(self, *, urgent: bool) -> bool:
        now = time.monotonic()
        pace = min(_ASK_FIRST + _ASK_SLOWER * (now - self._start), _ASK_AT_LEAST_EVERY)
        return now - self._last >= (_LOOK_EVERY if urgent else pace)

    def ask(self, watched: Sequence[_Watched]) -> dict[str, JobStatus] | None:
        self._last = time.monotonic()
        try:
            states = ask_states([item.job.number for item in watched])
        except SlurmError as exc:
            if not self._silent:
                _log.warning("%s: trying on; Ctrl-C leaves the jobs to themselves", exc)
            self._silent = True
            return None
        if self._silent:
            _log.info("SLURM answers again")
        self._silent = False
        return states


def _said(status: JobStatus) -> str:
    if status.state == "PENDING":
        advice = _HOPELESS.get(status.reason)
        why = f" ({status.reason})" if status.reason else ""
        return f"waits{why}{f': {advice}' if advice else ''}"
    if status.state == "RUNNING":
        return f"runs on {status.node}"
    return f"is {status.state.lower().replace('_', ' ')}"


def _description(watched: Sequence[_Watched]) -> str:
    """Return what a progress bar says of the jobs that are left."""
    if len(watched) == 1:
        item = watched[0]
        return f"{item.job.path} {_said(item.status)}" if item.status else str(item.job.path)
    waiting = [item.status for item in watched if item.status and item.status.state == "PENDING"]
    reasons = sorted({status.reason for status in waiting if status.reason})
    why = f" ({', '.join(reasons[:2])})" if reasons else ""
    text = f"{len(watched) - len(waiting)} running"
    return f"{text}, {len(waiting)} waiting{why}" if waiting else text
