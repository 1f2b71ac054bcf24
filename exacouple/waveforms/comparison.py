"""Compare the waveforms of cases with those of a reference case, gauge by gauge."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exacouple.cases import Case
from exacouple.cases.embedded import MOTION
from exacouple.cases.specfile import DISPLACEMENT
from exacouple.errors import ExacoupleError, UsageError
from exacouple.gauge import Gauge
from exacouple.launch import read_state
from exacouple.probes import CaseProbes
from exacouple.waveforms.foreign import ForeignRun
from exacouple.waveforms.scoring import MAX_LAG_S, Score, describe, score
from exacouple.waveforms.screening import Finding, screen

OBSERVED = "observed"
"""Label of observed records among the cases."""

_SAME_PLACE_M = 1.0


@dataclass(frozen=True)
class Buoy:
    """A gauge as the manifest of the reference places it; degrees and projected metres."""

    id: str
    name: str
    lon: float
    lat: float
    x_m: float
    y_m: float


@dataclass(frozen=True, eq=False)
class Run:
    """A finished case with its gauges.

    Attributes
    ----------
    case : Case
        The case.
    label : str
        Its name in tables and figures: the source of its seabed, or the name of its directory
        where another case has the same source.
    gauges : mapping of str to Gauge
        Records that can be scored, by buoy.
    findings : mapping of str to Finding
        What is wrong with the other buoys.
    """

    case: Case
    label: str
    gauges: Mapping[str, Gauge]
    findings: Mapping[str, Finding]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Waveforms of one region and their scores.

    Attributes
    ----------
    region, title : str
        Name and title of the region.
    origin : str
        Origin time of the event, ISO 8601 in UTC with Z: zero of every time.
    buoys : tuple of Buoy
        The buoys of the reference.
    reference : Run
        What the others are compared with.
    others : tuple of Run
        The compared cases.
    observed : mapping of str to Gauge
        Observed records by buoy.
    step, max_lag : float
        Spacing of the common time axis and bound of the lag in s.
    scores : tuple of Score
        Buoy by buoy: first the records by themselves, then against the reference, then against
        the observed record.
    warnings : tuple of str
        What has to be kept in mind when reading the scores.
    """

    region: str
    title: str
    origin: str
    buoys: tuple[Buoy, ...]
    reference: Run
    others: tuple[Run, ...]
    observed: Mapping[str, Gauge]
    step: float
    max_lag: float
    scores: tuple[Score, ...]
    warnings: tuple[str, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The reference and the compared cases."""
        return (self.reference, *self.others)


def compare(
    reference: Case,
    others: Sequence[Case],
    *,
    observed: Mapping[str, Gauge] | None = None,
    max_lag: float = MAX_LAG_S,
    notes: Sequence[str] = (),
) -> Comparison:
    """Score the waveforms of cases against those of a reference and against observed records.

    Parameters
    ----------
    reference : Case
        The reference; its buoys are compared, its sampling is the step of the common axis.
    others : sequence of Case
        The compared cases.
    observed : mapping of str to Gauge, optional
        Observed records by buoy id.
    max_lag : float
        Bound of the time lag in seconds.
    notes : sequence of str
        Put in front of the comparison's own warnings.

    Raises
    ------
    UsageError
        The cases are of different regions or event origins, an observed buoy is unknown, or
        `max_lag` is shorter than the sampling.
    ExacoupleError
        No buoy of the reference can be read.
    """
    manifest = reference.manifest
    step = float(manifest["sampling_s"])
    observed = dict(observed or {})
    if not max_lag >= step:
        raise UsageError(
            f"a bound of {max_lag:g} s for the lag is shorter than one step, {step:g} s"
        )
    warnings = [*notes]
    for case in others:
        warnings += check_comparable(reference, case)
    buoys = tuple(_buoy(entry) for entry in manifest["buoys"])
    unknown = sorted(set(observed) - {buoy.id for buoy in buoys})
    if unknown:
        known = ", ".join(buoy.id for buoy in buoys)
        raise UsageError(f"no buoy {', '.join(unknown)} in {reference.path} (there are: {known})")
    runs = [load_run(case, buoys, label) for case, label in _labelled([reference, *others])]
    if not runs[0].gauges:
        reasons = "; ".join(f"{key}: {_said(value)}" for key, value in runs[0].findings.items())
        raise ExacoupleError(f"{reference.path}: no buoy of the reference can be used ({reasons})")
    warnings += [
        f"{run.case.path}: buoy {buoy}: {_said(finding)}"
        for run in runs
        for buoy, finding in run.findings.items()
    ]
    scores = [score for buoy in buoys for score in _scores(buoy.id, runs, observed, step, max_lag)]
    return Comparison(
        region=reference.region,
        title=str(manifest["region_config"]["title"]),
        origin=str(manifest["event_origin"]),
        buoys=buoys,
        reference=runs[0],
        others=tuple(runs[1:]),
        observed=observed,
        step=step,
        max_lag=max_lag,
        scores=tuple(scores),
        warnings=tuple(warnings),
    )


def check_comparable(reference: Case, other: Case) -> list[str]:
    """Refuse a case that cannot be compared; return what else differs besides the seabed.

    Raises
    ------
    UsageError
        The case is of another region, or its times count from another event origin.
    """
    one, two = reference.manifest, other.manifest
    if one["region"] != two["region"]:
        raise UsageError(
            f"{other.path} is of region {two['region']}, {reference.path} of {one['region']}: only "
            "cases of one region can be compared"
        )
    if one["event_origin"] != two["event_origin"]:
        raise UsageError(
            f"{other.path} counts time from {two['event_origin']}, {reference.path} from "
            f"{one['event_origin']}: lags would mean nothing; prepare one of them again"
        )
    warnings: list[str] = []
    if isinstance(other, ForeignRun) or isinstance(reference, ForeignRun):
        return warnings
    if one["end_time_s"] != two["end_time_s"]:
        warnings.append(
            f"{other.path} ends at {two['end_time_s']:g} s, {reference.path} at "
            f"{one['end_time_s']:g} s: scores are of the interval that both cover"
        )
    for what, first, second in (
        ("mesh", _mesh(one), _mesh(two)),
        ("projection", one["projection"], two["projection"]),
        ("physics", _physics(one), _physics(two)),
        ("engine", _engine(reference), _engine(other)),
    ):
        if first != second:
            warnings.append(
                f"{other.path} has another {what} than the reference ({second}; {first}): its "
                "scores tell that as well"
            )
    if any(one["files"].get(name) != two["files"].get(name) for name in (DISPLACEMENT, MOTION)):
        warnings.append(f"{other.path} has another displacement than the reference")
    return warnings


def load_run(case: Case, buoys: Sequence[Buoy], label: str) -> Run:
    """Read and screen the gauges of a case; what cannot be scored becomes a finding."""
    manifest = case.manifest
    sampling = float(manifest["sampling_s"])
    last_due = math.floor(float(manifest["end_time_s"]) / sampling + 1e-9) * sampling
    tolerance = float(manifest["region_config"]["simulation"]["dry_tolerance_m"])
    own = {str(entry["id"]): _buoy(entry) for entry in manifest["buoys"]}
    read = _reader(case)
    gauges: dict[str, Gauge] = {}
    findings: dict[str, Finding] = {}
    for buoy in buoys:
        if buoy.id not in own:
            findings[buoy.id] = Finding("missing", "the case has no such buoy")
            continue
        place = own[buoy.id]
        apart = math.hypot(place.x_m - buoy.x_m, place.y_m - buoy.y_m)
        if apart > _SAME_PLACE_M:
            findings[buoy.id] = Finding("elsewhere", f"{apart / 1e3:.3g} km from the reference's")
            continue
        try:
            gauge = read(buoy)
        except ExacoupleError as exc:
            findings[buoy.id] = Finding("unreadable", str(exc))
            continue
        if gauge is None:
            findings[buoy.id] = Finding("missing", _missing(case))
            continue
        end_time = None if isinstance(case, ForeignRun) else last_due
        finding = screen(gauge, dry_tolerance=tolerance, end_time=end_time)
        if finding is None:
            gauges[buoy.id] = gauge
        else:
            findings[buoy.id] = finding
    return Run(case, label, gauges, findings)


def _reader(case: Case) -> Callable[[Buoy], Gauge | None]:
    """Return what reads the gauge of a buoy."""
    if isinstance(case, ForeignRun):
        return lambda buoy: case.gauge({"id": buoy.id, "x_m": buoy.x_m, "y_m": buoy.y_m})
    probes = CaseProbes(case.path, case.manifest)
    return lambda buoy: probes.gauge(buoy.id)


def _missing(case: Case) -> str:
    if isinstance(case, ForeignRun):
        return f"no gauge of its place; there are: {case.places()}"
    return "no probe file"


def _scores(
    buoy: str, runs: Sequence[Run], observed: Mapping[str, Gauge], step: float, max_lag: float
) -> list[Score]:
    """Score one buoy: every record by itself, then against the reference and the observed one."""
    record = observed.get(buoy)
    finding = None if record is None else screen(record)
    scores = []
    for run in runs:
        if buoy in run.gauges:
            scores.append(describe(run.label, run.gauges[buoy], buoy))
        else:
            found = run.findings[buoy]
            scores.append(Score(buoy, run.label, word=found.word, detail=found.detail))
    if record is not None and finding is not None:
        scores.append(Score(buoy, OBSERVED, word=finding.word, detail=finding.detail))
    elif record is not None:
        scores.append(describe(OBSERVED, record, buoy))
    ready = [run for run in runs if buoy in run.gauges]
    pairs = []
    if buoy in runs[0].gauges:
        pairs += [(run, runs[0].label, runs[0].gauges[buoy]) for run in ready if run is not runs[0]]
    if record is not None and finding is None:
        pairs += [(run, OBSERVED, record) for run in ready]
    for run, against, other in pairs:
        scores.append(
            score(run.gauges[buoy], other, run.label, against, step=step, max_lag=max_lag)
        )
    return scores


def _labelled(cases: Sequence[Case]) -> list[tuple[Case, str]]:
    """Label each case as shortly as is unique: by source, directory name or path."""
    for labels in (
        [case.source for case in cases],
        [case.name for case in cases],
        [str(case.path) for case in cases],
    ):
        if len(set(labels)) == len(labels) and OBSERVED not in labels:
            break
    return list(zip(cases, labels, strict=True))


def _buoy(entry: Mapping[str, Any]) -> Buoy:
    return Buoy(
        id=str(entry["id"]),
        name=str(entry["name"]),
        lon=float(entry["lon"]),
        lat=float(entry["lat"]),
        x_m=float(entry["x_m"]),
        y_m=float(entry["y_m"]),
    )


def _mesh(manifest: Mapping[str, Any]) -> str:
    columns, rows = manifest["mesh"]["cells"]
    return f"{columns} x {rows} cells of order {manifest['mesh']['order']}"


def _physics(manifest: Mapping[str, Any]) -> str:
    table = manifest["region_config"]["simulation"]
    told = [
        f"gravity {table['gravity']:g} m/s^2",
        f"dry below {table['dry_tolerance_m']:g} m",
        f"{table['boundary']} boundary",
    ]
    if table.get("coriolis", False):
        told.append("Coriolis force")
    if manning := table.get("manning", 0.0):
        told.append(f"Manning {manning:g} s/m^(1/3)")
    if (precision := table.get("precision", "double")) != "double":
        told.append(f"{precision} precision")
    return ", ".join(told)


def _engine(case: Case) -> str:
    state = read_state(case.path)
    return "unknown" if state is None else state.engine


def _said(finding: Finding) -> str:
    return f"{finding.word}, {finding.detail}"
