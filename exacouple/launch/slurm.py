"""What is said to SLURM: submit, ask, cancel. Everything works without an accounting database."""

import logging
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from exacouple.errors import ExacoupleError

_log = logging.getLogger(__name__)

ENDED = frozenset(
    (
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    )
)
"""States in which a job does not come back; all others may still run."""

_TIMEOUT = 60.0
_MOST_AT_A_TIME = 200
_JOB = re.compile(r"\d+(_\d+)?")
_FIELDS = "%i|%T|%M|%l|%N|%r"
_ARRAY_SIZE = re.compile(r"^MaxArraySize\s*=\s*(\d+)", re.MULTILINE)
_DEFAULT_ARRAY_SIZE = 1001
_IN_THE_WAY = ("SBATCH_ARRAY_INX", "SBATCH_OPEN_MODE", "SBATCH_WAIT")


class SlurmError(ExacoupleError):
    """SLURM refuses, or does not answer."""


@dataclass(frozen=True)
class JobStatus:
    """How a job stands.

    Attributes
    ----------
    state
        As ``squeue`` says it, such as "PENDING".
    reason
        Why it waits or has ended, empty if there is none.
    limit
        Its time limit, as SLURM writes it.
    node
        Where it runs; empty while it waits.
    """

    state: str
    reason: str = ""
    limit: str = ""
    node: str = ""

    @property
    def ended(self) -> bool:
        """Whether it has ended and does not come back."""
        return self.state in ENDED


def submit(script: Path, *, array: str | None = None) -> str:
    """Submit a job script from its directory; return the number of the job.

    Parameters
    ----------
    array
        Indices of a job array, as ``--array`` takes them.

    Raises
    ------
    SlurmError
        SLURM refuses it.
    """
    options = [] if array is None else [f"--array={array}"]
    words = ("sbatch", "--parsable", *options, script.name)
    answer = _ask(words, cwd=script.parent)
    if answer.returncode:
        raise SlurmError(f"SLURM refuses {script}: {_last_words(answer)}{advice(answer.stderr)}")
    job = answer.stdout.strip().splitlines()[-1].partition(";")[0] if answer.stdout.strip() else ""
    if not _JOB.fullmatch(job):
        raise SlurmError(f"sbatch gave no job number for {script} but {answer.stdout.strip()!r}")
    return job


def ask_states(jobs: Iterable[str]) -> dict[str, JobStatus]:
    """Ask how jobs stand; those that SLURM has forgotten are left out.

    Raises
    ------
    SlurmError
        SLURM does not answer.
    """
    found: dict[str, JobStatus] = {}
    wanted = sorted(set(jobs))
    for start in range(0, len(wanted), _MOST_AT_A_TIME):
        found |= _ask_some(wanted[start : start + _MOST_AT_A_TIME])
    return found


def ask_accounting(job: str) -> str | None:
    """Return the last state that the accounting database has of a job; None if there is none."""
    try:
        answer = _ask(("sacct", "-n", "-X", "-P", "-j", job, "-o", "State"))
    except SlurmError:
        return None
    lines = answer.stdout.split("\n")
    return lines[-2].split()[0] if answer.returncode == 0 and len(lines) > 1 and lines[-2] else None


def cancel(jobs: Sequence[str]) -> None:
    """Cancel jobs, waiting and running ones alike.

    Raises
    ------
    SlurmError
        SLURM refuses or does not answer.
    """
    for start in range(0, len(jobs), _MOST_AT_A_TIME):
        answer = _ask(("scancel", *jobs[start : start + _MOST_AT_A_TIME]))
        if answer.returncode and "Invalid job id" not in answer.stderr:
            raise SlurmError(f"SLURM does not cancel: {_last_words(answer)}")


def greatest_array() -> int:
    """Return how many tasks a job array may have here."""
    found = _ARRAY_SIZE.search(_ask(("scontrol", "show", "config")).stdout)
    return max(int(found[1]), 1) if found else _DEFAULT_ARRAY_SIZE


def _ask_some(jobs: Sequence[str]) -> dict[str, JobStatus]:
    words = ("--noheader", "--array", "--states=all", f"--format={_FIELDS}")
    answer = _ask(("squeue", *words, f"--jobs={','.join(jobs)}"))
    if answer.returncode:
        if "Invalid job id" in answer.stderr:
            return {}
        raise SlurmError(f"SLURM does not answer: {_last_words(answer)}")
    found = {}
    for line in answer.stdout.splitlines():
        fields = line.split("|", 5)
        if len(fields) < 6:
            continue
        job, state, _, limit, node, reason = (field.strip() for field in fields)
        found[job] = JobStatus(state, "" if reason in ("None", "(null)") else reason, limit, node)
    return {job: found[job] for job in jobs if job in found}


def _ask(words: Sequence[str], *, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {name: text for name, text in os.environ.items() if name not in _IN_THE_WAY}
    try:
        return subprocess.run(
            words,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_TIMEOUT,
            process_group=0,
        )
    except subprocess.TimeoutExpired as exc:
        raise SlurmError(f"{words[0]} has not answered within {_TIMEOUT:g} s") from exc
    except OSError as exc:
        raise SlurmError(
            f"cannot start {words[0]}: {exc.strerror}: work where SLURM is, such as a login node"
        ) from exc


def _last_words(answer: "subprocess.CompletedProcess[str]") -> str:
    lines = [line.strip() for line in (answer.stderr + answer.stdout).splitlines() if line.strip()]
    return "; ".join(lines[-2:])[:400] or f"exit status {answer.returncode}"


def advice(complaint: str) -> str:
    """Return which key of a profile to change after a complaint of ``sbatch``, after a colon."""
    text = complaint.lower()
    return next((f": {what}" for words, what in _ADVICE.items() if words in text), "")


_ADVICE = {
    "violates accounting": "ask for less in [slurm] of the site profile, or name fewer cases",
    "invalid account": "set slurm.account (or partition) in the site profile",
    "partition": "set slurm.partition in the site profile (`sinfo` lists partitions)",
    "time limit": "set slurm.time in the site profile (`sinfo` shows the limits)",
    "node configuration": "ask for less in [slurm] of the site profile: nodes, ntasks, "
    "cpus_per_task or mem",
    "more processors": "ask for less in [slurm] of the site profile: cpus_per_task or ntasks",
    "node count": "ask for fewer slurm.nodes in the site profile",
    "memory": "correct slurm.mem in the site profile",
    "qos": "correct --qos in slurm.extra of the site profile",
    "unrecognized option": "correct slurm.extra in the site profile",
    "invalid option": "correct slurm.extra in the site profile",
    "unable to contact": "ask for the state of the cluster, and run again",
}
