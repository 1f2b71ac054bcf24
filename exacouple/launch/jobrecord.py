"""What a job has left in its case: records of start and end, and SLURM's own last words.

Without an accounting database SLURM forgets a job within minutes of its end; these files do not.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from exacouple.launch.jobscript import SLURM_LOG
from exacouple.launch.symptoms import quote

_START = Path("logs") / "job.start"
_END = Path("logs") / "job.end"
_LAST_BYTES = 1 << 16
_BEGINNING = b"exacouple: job "
_CANCELLED = re.compile(
    rb"\*{3} (?:JOB|STEP) \S+ ON \S+ CANCELLED AT \S+(?: DUE TO ([A-Z ]+?)(?:,[^*]*)?)? \*{3}"
)
_MEMORY = re.compile(rb"oom[-_ ]kill|[Oo]ut [Oo]f [Mm]emory|[Ee]xceeded (?:job|step) memory limit")
_CAUSES = {
    None: "CANCELLED",
    b"TIME LIMIT": "TIMEOUT",
    b"PREEMPTION": "PREEMPTED",
    b"NODE FAILURE": "NODE_FAIL",
}


@dataclass(frozen=True)
class JobRecord:
    """What a job script has written down.

    Attributes
    ----------
    job
        Number of the job.
    restarts
        How often SLURM had started it again.
    node
        Where it ran.
    exit_code
        Exit status of the engine; None at the start.
    signal
        Name of the signal that the job got, without SIG; empty if none.
    seconds
        How long it ran.
    """

    job: str
    restarts: int
    node: str
    exit_code: int | None = None
    signal: str = ""
    seconds: float = 0.0


def read_start(case: Path, job: str) -> JobRecord | None:
    """Return the record of the last start of a job; None if it has not started."""
    return _read(case / _START, job)


def read_end(case: Path, job: str) -> JobRecord | None:
    """Return the record of the end of a job's last start; None if there is none."""
    start, end = _read(case / _START, job), _read(case / _END, job)
    if end is None or (start is not None and start.restarts != end.restarts):
        return None
    return end


def remove_records(case: Path) -> None:
    """Remove what earlier jobs have left."""
    for name in (_START, _END, SLURM_LOG):
        (case / name).unlink(missing_ok=True)


def slurm_says(case: Path) -> tuple[str | None, str]:
    """Return as which state SLURM ended the last start of a job, and its last words.

    The state is None if SLURM has not ended it.
    """
    lines = _last_start(case / SLURM_LOG)
    words = quote(lines[-1]) if lines else ""
    for line in reversed(lines):
        if _MEMORY.search(line):
            return "OUT_OF_MEMORY", words
        if found := _CANCELLED.search(line):
            return _CAUSES.get(found[1], "CANCELLED"), words
    return None, words


def _last_start(path: Path) -> list[bytes]:
    """Return the lines that a job's last start has added to its log, without the first one."""
    try:
        with open(path, "rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(stream.tell() - _LAST_BYTES, 0))
            text = stream.read()
    except OSError:
        return []
    lines: list[bytes] = []
    for line in text.splitlines():
        if line.startswith(_BEGINNING):
            lines.clear()
        elif line.strip():
            lines.append(line)
    return lines


def _read(path: Path, job: str) -> JobRecord | None:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        table = dict(line.split("=", 1) for line in text.splitlines())
        if table["job"] != job:
            return None
        code = table.get("exit_code")
        return JobRecord(
            job=job,
            restarts=int(table["restarts"]),
            node=table["node"],
            exit_code=None if code is None else int(code),
            signal=table.get("signal", ""),
            seconds=float(table.get("seconds", "0")),
        )
    except (OSError, ValueError, KeyError):
        return None
