"""Judge a run of ExaHyPE 2 by its exit status, its log and its tracer files.

Its main program says "terminated successfully" at the end. The log tells the time at which each
step starts; that a run came to its end is seen in its tracer files only.
"""

import re
from pathlib import Path

import numpy as np

from exacouple.errors import ExacoupleError
from exacouple.gauge import Gauge
from exacouple.launch.progress import Progress, ProgressReader, log_lines, reached
from exacouple.launch.symptoms import quote, signal_advice
from exacouple.launch.verdict import Expected, Verdict, last_due
from exacouple.probes import read_case_probes

_SUCCESS = b"terminated successfully"
_ERROR = re.compile(rb"\s(?:error|what\(\):)\s+(\S.*)")
_ERRORS_TOLD = 3


def judge_exahype2(
    expected: Expected, exit_code: int, stdout: Path, stderr: Path, *, stopped: str | None = None
) -> Verdict:
    """Judge a run; see `exacouple.launch.verdict.judge` for the parameters."""
    succeeded, errors, last = _read_logs(stdout, stderr)
    reasons = [] if stopped is None else [stopped]
    if exit_code and stopped is None:
        advice = signal_advice(exit_code)
        reasons.append(
            f"the engine ended with exit status {exit_code}{f': {advice}' if advice else ''}"
        )
    reasons += [f"the engine reported: {text}" for text in errors]
    if not reasons and not succeeded:
        reasons.append(f"the engine ended without 'terminated successfully': see {stdout}")
    gauges: dict[str, Gauge] = {}
    try:
        gauges = read_case_probes(expected.directory)
    except ExacoupleError as exc:
        reasons.append(str(exc))
    else:
        reasons += _about_gauges(expected, gauges)
    unique = tuple(dict.fromkeys(reasons))
    diverged = any(not np.isfinite(gauge.eta).all() for gauge in gauges.values())
    return Verdict(not unique, unique, (), last, diverged)


def _about_gauges(expected: Expected, gauges: dict[str, Gauge]) -> list[str]:
    reasons = []
    missing = [buoy for buoy in expected.buoys if buoy not in gauges]
    if missing:
        reasons.append(
            f"no tracer at buoy {', '.join(missing)} in {expected.probes}: the executable was "
            "built for other buoys, or the run did not come so far as to write: build it with the "
            "script of this case"
        )
    for buoy, gauge in gauges.items():
        finite = np.isfinite(gauge.eta)
        if not finite.all():
            since = gauge.time[int(np.argmin(finite))]
            reasons.append(f"the water height is not a number at buoy {buoy} from t = {since:g} s")
        elif not reached(float(gauge.time[-1]), last_due(expected)):
            reasons.append(
                f"the rows of buoy {buoy} end at t = {gauge.time[-1]:g} s of "
                f"{expected.end_time:g} s"
            )
    return reasons


def _read_logs(stdout: Path, stderr: Path) -> tuple[bool, list[str], Progress | None]:
    succeeded, reader = False, ProgressReader()
    errors: list[str] = []
    for path in (stdout, stderr):
        for line in log_lines(path):
            if reader.feed(line) is not None:
                continue
            succeeded = succeeded or _SUCCESS in line
            found = _ERROR.search(line)
            if found and len(errors) < _ERRORS_TOLD and (text := quote(found[1])) not in errors:
                errors.append(text)
    return succeeded, errors, reader.latest
