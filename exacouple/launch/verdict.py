"""Judge whether a run has succeeded; the exit status alone proves nothing.

ExaHyPE 1 exits with 0 after most errors. A run is good if the engine says "Peano terminates
successfully", no line of its logs is an error, the last time step and the probe file of every
buoy reach the end time, every value is finite, and the exit status is 0.
"""

import math
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exacouple.cases.truth import MeshTruth
from exacouple.launch.consistency import mesh_reasons
from exacouple.launch.probefiles import ProbeSummary, summarise_probe
from exacouple.launch.progress import Progress, ProgressReader, log_lines, number, reached
from exacouple.launch.symptoms import Diagnosis, quote, signal_advice
from exacouple.probes import find_probe_files

_SUCCESS = b"Peano terminates successfully"
_RESUMED = b"resuming from the checkpoint"
_CELL_SIZE = re.compile(rb"coarsest mesh size was chosen as (\S+) based on")
_QUIT = re.compile(rb"quit with error code (\d+)")
_ERROR = re.compile(rb"\serror\s{2,}(?:\S+::\S+(?:\(\S*\))?\s+)?(.*?)(?: \(file:|$)")
_PLAIN_ERROR = re.compile(rb"^(?:error: |\s*what\(\):|\w*(?:Error|Exception): )(.*)")
_EMBEDDED_WARNING = re.compile(rb"\swarning\s{2,}exacouple\.\S+::\S+\s+(.*)")
_CFL = b"harmed CFL condition"
_CLAMPED = b"is out of range. Fixing."
_ABORTED = (6, 134)
_DIVERGED = re.compile(rb"the solution is not finite|time step \S+ is no longer stable")
_FULL_BELOW_BYTES = 1 << 20
_MOST_TOLD = 3


@dataclass(frozen=True)
class Expected:
    """What a case must give.

    Attributes
    ----------
    directory : Path
        The case directory.
    end_time : float
        Simulated time to be reached in s.
    sampling : float
        Interval between probe rows in s.
    buoys : tuple of str
        Names of the buoys, each with its own probe file.
    probes : Path
        Directory of the probe files.
    mesh : MeshTruth or None
        Mesh and time step that the engine must choose, if known.
    dialect : str
        Dialect of the probe files: "exahype1", or "exahype2" for those of ExaHyPE 2.
    """

    directory: Path
    end_time: float
    sampling: float
    buoys: tuple[str, ...]
    probes: Path
    mesh: MeshTruth | None = None
    dialect: str = "exahype1"


@dataclass(frozen=True)
class Verdict:
    """The judgement on a run.

    Attributes
    ----------
    ok : bool
        The run has succeeded.
    reasons : tuple of str
        What is wrong and what to change, most telling first; empty if `ok`.
    warnings : tuple of str
        What is doubtful though the run has succeeded.
    last : Progress or None
        The last time step in the log.
    diverged : bool
        The solution is no longer finite or was about to be: the same run would fail again.
    """

    ok: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    last: Progress | None = None
    diverged: bool = False


def judge(
    expected: Expected,
    exit_code: int,
    stdout: Path,
    stderr: Path,
    *,
    stopped: str | None = None,
) -> Verdict:
    """Judge a run by its exit status, its logs and its probe files.

    Parameters
    ----------
    expected : Expected
        What the case must give.
    exit_code : int
        Exit status of the engine; negative for a signal.
    stdout, stderr : Path
        The logs; they are read line by line and may be larger than the memory.
    stopped : str, optional
        Why the launcher has ended the engine.
    """
    if expected.dialect == "exahype2":
        from exacouple.launch.exahype2 import judge_exahype2

        return judge_exahype2(expected, exit_code, stdout, stderr, stopped=stopped)
    logs = _read_logs(stdout, stderr)
    probes = {
        buoy: [summarise_probe(path) for path in find_probe_files(expected.probes, buoy)]
        for buoy in expected.buoys
    }
    reasons = [] if stopped is None else [stopped]
    reasons += logs.diagnosis.advice()
    reasons += _about_signal(exit_code) if stopped is None else []
    if not reasons:
        reasons += [f"the engine reported: {text}" for text in logs.errors]
    if not reasons:
        reasons += _about_end(logs, exit_code, stderr)
    doubts: list[str] = []
    if expected.mesh is not None:
        others, doubts = mesh_reasons(expected.mesh, logs.cell_size, logs.first_step)
        reasons += others
    reasons += _about_time(expected, probes, logs, explained=bool(reasons))
    reasons += _about_missing(expected, probes, logs, explained=bool(reasons))
    reasons += _about_values(expected, probes, logs)
    if reasons and shutil.disk_usage(expected.directory).free < _FULL_BELOW_BYTES:
        reasons.insert(0, f"the disk of {expected.directory} is full: make room and run again")
    unique = tuple(dict.fromkeys(reasons))
    warnings = () if unique else (*doubts, *_warnings(logs))
    not_finite = any(f.not_finite_from is not None for files in probes.values() for f in files)
    return Verdict(not unique, unique, warnings, logs.last, logs.diverged or not_finite)


_Probes = Mapping[str, Sequence[ProbeSummary]]


@dataclass
class _Logs:
    diagnosis: Diagnosis
    errors: list[str]
    warnings: list[str] = field(default_factory=list)
    succeeded: bool = False
    quit_code: int | None = None
    last: Progress | None = None
    cell_size: float | None = None
    first_step: float | None = None
    last_words: str = ""
    broken_steps: int = 0
    clamped: int = 0
    diverged: bool = False


def _read_logs(stdout: Path, stderr: Path) -> _Logs:
    logs = _Logs(Diagnosis(), [])
    reader = ProgressReader()
    for line in log_lines(stdout):
        if (progress := reader.feed(line)) is not None:
            logs.first_step = logs.first_step or progress.dt
            continue
        if found := _CELL_SIZE.search(line):
            logs.cell_size = number(found[1])
        if _RESUMED in line:
            logs.first_step = math.nan  # the first one is in the log of an earlier run
        logs.succeeded = logs.succeeded or _SUCCESS in line
        if found := _QUIT.search(line):
            logs.quit_code = int(found[1])
        _note(logs, line)
    for line in log_lines(stderr):
        if _CFL in line:
            logs.broken_steps += 1
        elif _CLAMPED in line:
            logs.clamped += 1
        elif found := _EMBEDDED_WARNING.search(line):
            if len(logs.warnings) < _MOST_TOLD:
                logs.warnings.append(quote(found[1]))
        else:
            _note(logs, line)
            logs.last_words = quote(line) or logs.last_words
    logs.last = reader.latest
    return logs


def _note(logs: _Logs, line: bytes) -> None:
    logs.diagnosis.feed(line)
    logs.diverged = logs.diverged or bool(_DIVERGED.search(line))
    if len(logs.errors) < _MOST_TOLD:
        found = _ERROR.search(line) or _PLAIN_ERROR.search(line)
        if found and (text := quote(found[1])) and text not in logs.errors:
            logs.errors.append(text)


def _about_signal(exit_code: int) -> list[str]:
    """Tell which signal ended the engine; an abort is only the consequence of something else."""
    advice = None if abs(exit_code) in _ABORTED else signal_advice(exit_code)
    return [] if advice is None else [f"the engine has not ended by itself: {advice}"]


def _about_end(logs: _Logs, exit_code: int, stderr: Path) -> list[str]:
    """Tell how the engine ended, if not well."""
    if exit_code:
        words = f"; its last words: {logs.last_words}" if logs.last_words else ""
        advice = signal_advice(exit_code)
        cause = f": {advice}" if advice else ""
        return [f"the engine ended with exit status {exit_code}{cause}{words}"]
    if logs.quit_code is not None:
        return [
            f"the engine gave up with error code {logs.quit_code} though its exit status is 0: "
            f"see {stderr}"
        ]
    if logs.succeeded:
        return []
    if logs.last is None:
        return [
            "the log has neither a time step nor 'Peano terminates successfully': if the engine "
            "did run, its log filter hides them: use the exahype.log-filter that prepare writes"
        ]
    return [f"the engine ended without 'Peano terminates successfully': see {stderr}"]


def _about_time(expected: Expected, probes: _Probes, logs: _Logs, *, explained: bool) -> list[str]:
    """Tell how far the run came, if not to its end."""
    if logs.last is None:
        moved = any(file.last_time > 0.0 for files in probes.values() for file in files)
        return [] if moved or explained else ["no time step was run"]
    if reached(logs.last.time, expected.end_time):
        return []
    return [
        f"the run came to t = {logs.last.time:g} s of {expected.end_time:g} s "
        f"(step {logs.last.step})"
    ]


def _about_missing(
    expected: Expected, probes: _Probes, logs: _Logs, *, explained: bool
) -> list[str]:
    """Tell which buoys have no probe file; no wonder if no step was run."""
    missing = [buoy for buoy, files in probes.items() if not files]
    if not missing or (explained and logs.last is None):
        return []
    return [
        f"no probe file of {_buoys(missing)} in {expected.probes}: the buoy is outside the domain, "
        "the executable has fewer probes compiled in, or the engine could not write there: check "
        "its position in the region, the plotters of the site profile, and the directory"
    ]


def _about_values(expected: Expected, probes: _Probes, logs: _Logs) -> list[str]:
    """Tell what is wrong in the probe files."""
    reasons = []
    not_finite = {
        buoy: min(since)
        for buoy, files in probes.items()
        if (since := [f.not_finite_from for f in files if f.not_finite_from is not None])
    }
    if not_finite:
        reasons.append(_about_not_finite(not_finite, logs))
    reasons += _about_files([file for files in probes.values() for file in files])
    for buoy, files in probes.items():
        last = max((file.last_time for file in files if file.rows), default=None)
        if last is not None and not reached(last, last_due(expected)):
            reasons.append(
                f"the rows of buoy {buoy} end at t = {last:g} s of {expected.end_time:g} s"
            )
    return reasons


def _about_files(files: Sequence[ProbeSummary]) -> list[str]:
    """Tell what is wrong with the form of the files, each trouble once."""
    names: dict[str, list[str]] = {}
    for file in files:
        if (trouble := _trouble(file)) is not None:
            names.setdefault(trouble, []).append(file.path.name)
    return [f"{trouble}: {', '.join(found)}" for trouble, found in names.items()]


def _trouble(file: ProbeSummary) -> str | None:
    if file.damaged_line is not None:
        return f"probe file damaged or cut off at line {file.damaged_line}"
    if file.rows == 0:
        return "probe file without rows"
    if file.values == 0:
        return (
            "probe file with times but no solution, set the plotter's variables to 5 in the "
            "specfile, with an executable whose probe writers fill them"
        )
    if file.uninitialised:
        return (
            "probe file with uninitialised numbers, compile the executable with probe writers "
            "that give h, hu, hv, b, h+b"
        )
    return None


def _about_not_finite(since: dict[str, float], logs: _Logs) -> str:
    places = ", ".join(f"buoy {buoy} from t = {time:g} s" for buoy, time in since.items())
    text = f"the water height is not a number at {places}: "
    at_start = [buoy for buoy, time in since.items() if time == 0.0]
    if at_start:
        return text + (
            f"bathymetry.nc or displacement.nc holds NaN at {_buoys(at_start)}: fill the gaps of "
            "the grid and prepare the case again"
        )
    if logs.broken_steps:
        return text + (
            f"the solution blew up, {logs.broken_steps} updates broke the CFL condition: check "
            "that the displacement is in metres and of a sound size, or set time_stepping to "
            "global in the specfile"
        )
    return text + (
        "the solution blew up, or NaN in bathymetry.nc or displacement.nc has spread: check both "
        "for gaps and for their unit (metres)"
    )


def _warnings(logs: _Logs) -> tuple[str, ...]:
    warnings = [*logs.warnings]
    if logs.broken_steps:
        warnings.append(
            f"{logs.broken_steps} updates broke the CFL condition: the result may be inaccurate; "
            "set time_stepping to global in the specfile"
        )
    if logs.clamped:
        warnings.append(
            f"{logs.clamped} points lay outside the bathymetry or displacement file and got the "
            "value of its edge: prepare with a file that covers the domain"
        )
    if logs.last is None:
        warnings.append(
            "the log shows no time steps: use the exahype.log-filter that prepare writes"
        )
    return tuple(warnings)


def last_due(expected: Expected) -> float:
    """Return the last multiple of the sampling interval that is not after the end."""
    if not expected.sampling > 0:
        return expected.end_time
    return math.floor(expected.end_time / expected.sampling + 1e-9) * expected.sampling


def _buoys(names: Sequence[str]) -> str:
    return f"{'buoy' if len(names) == 1 else 'buoys'} {', '.join(names)}"
