"""Choose which cases are compared with which: those named, or every finished one in a folder."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exacouple.cases.case import Case
from exacouple.cases.manifest import MANIFEST
from exacouple.errors import ExacoupleError, UsageError
from exacouple.launch.state import case_status
from exacouple.probes import find_probe_files
from exacouple.waveforms.foreign import PROGRAMS, is_foreign, open_foreign

REFERENCE_SOURCE = "original"

_UNFINISHED = {
    "new": "has not been run",
    "running": "is still running",
    "died": "died while running",
    "failed": "failed",
    "interrupted": "was interrupted",
    "changed": "was prepared again after its run",
}


@dataclass(frozen=True)
class Selection:
    """Cases of one region, one of them the reference.

    Attributes
    ----------
    reference : Case
        What the others are compared with.
    others : tuple of Case
        The compared cases, in the order given; may be empty.
    notes : tuple of str
        What was left out and why.
    """

    reference: Case
    others: tuple[Case, ...]
    notes: tuple[str, ...] = ()


def select_named(paths: Sequence[str | Path]) -> Selection:
    """Select the cases of these directories; the first one is the reference.

    Each is taken once, and what else a ``runs/*`` names is left out, so that
    ``runs/original runs/*`` works. A directory without ``state.json`` is taken if it holds probe
    files, for the engine may have been started by hand. A directory of gauges of GeoClaw or
    ExaHyPE 2 is taken as a run of the event of the first case.

    Raises
    ------
    UsageError
        No directory is given, the first one is no case and holds no gauges, or none is a case.
    ExacoupleError
        A case is not finished.
    """
    if not paths:
        raise UsageError("no case is named: give the reference and the cases to compare with it")
    different: dict[Path, Path] = {}
    for path in map(Path, paths):
        different.setdefault(path.resolve(), path)
    cases: dict[Path, Case] = {}
    foreign: list[Path] = []
    notes: list[str] = []
    for path in different.values():
        if path.is_dir() and not (path / MANIFEST).is_file():
            if is_foreign(path):
                foreign.append(path)
                continue
            if cases or foreign:
                notes.append(
                    f"left out: {path} is no case (it has no {MANIFEST}) and has no gauges"
                )
                continue
        case = Case.open(path)
        status = case_status(path)
        if status == "new" and _has_probes(case):
            notes.append(f"{path} has no state.json: taken as it is, run by hand")
        elif status != "finished":
            raise ExacoupleError(f"{path} {_UNFINISHED[status]}: {_remedy(status, path)}")
        cases[path] = case
    if foreign and not cases:
        raise UsageError(
            f"{foreign[0]} holds gauges and does not tell which region and buoys they are of: name "
            "a case of that region as well"
        )
    for path in foreign:
        like = next(iter(cases.values()))
        run = open_foreign(path, like)
        cases[path] = run
        notes.append(
            f"{path}: gauges of {PROGRAMS[run.dialect]}, taken to be of the event of {like.path}, "
            f"with times in s after {like.manifest['event_origin']} and metres"
        )
    chosen = [cases[path] for path in different.values() if path in cases]
    return Selection(chosen[0], tuple(chosen[1:]), tuple(notes))


def select_finished(root: str | Path) -> list[Selection]:
    """Select every finished case in a folder, one selection for each region.

    The reference of a region is its case of source ``original``; where there are several, the
    one named ``<region>-original``.

    Raises
    ------
    UsageError
        There are no cases.
    ExacoupleError
        None is finished, or there is nothing to compare; the message says what is missing.
    """
    root = Path(root)
    found, notes = _look_through(root)
    if not found and not notes:
        raise UsageError(
            f"there are no cases in {root}: prepare some ('exacouple prepare --source SOURCE "
            "--region REGION') and run them ('exacouple run')"
        )
    selections, missing = [], []
    for region, cases in found.items():
        left_out = tuple(note for name, note in notes if name == region)
        try:
            reference = _reference(root, region, cases)
        except ExacoupleError as exc:
            missing.append("; ".join((str(exc), *left_out)))
            continue
        others = tuple(case for case in cases if case is not reference)
        if not others:
            reason = (
                f"region {region}: only {reference.path} is finished, nothing to compare it with"
            )
            missing.append("; ".join((reason, *left_out)))
            continue
        selections.append(Selection(reference, others, left_out))
    elsewhere = [note for name, note in notes if name not in found]
    if not selections:
        raise ExacoupleError("nothing to compare: " + "; ".join((*missing, *elsewhere)))
    first = selections[0]
    extra = (*first.notes, *missing, *elsewhere)
    return [Selection(first.reference, first.others, extra), *selections[1:]]


def _look_through(root: Path) -> tuple[dict[str, list[Case]], list[tuple[str, str]]]:
    """Return the finished cases by region, and region and reason of those that are not."""
    found: dict[str, list[Case]] = defaultdict(list)
    notes: list[tuple[str, str]] = []
    directories = sorted(root.iterdir()) if root.is_dir() else []
    for path in directories:
        if not (path / MANIFEST).is_file():
            continue
        try:
            case = Case.open(path)
            status = case_status(path)
        except ExacoupleError as exc:
            notes.append(("", f"left out: {exc}"))
            continue
        if status == "finished":
            found[case.region].append(case)
        else:
            reason = f"left out: {path} {_UNFINISHED[status]}: {_remedy(status, path)}"
            notes.append((case.region, reason))
    return dict(found), notes


def _reference(root: Path, region: str, cases: Sequence[Case]) -> Case:
    originals = [case for case in cases if case.source == REFERENCE_SOURCE]
    if not originals:
        raise ExacoupleError(
            f"region {region}: no finished case of source '{REFERENCE_SOURCE}' in {root} to be the "
            f"reference (finished: {', '.join(case.name for case in cases)})"
        )
    named = [case for case in originals if case.name == f"{region}-{REFERENCE_SOURCE}"]
    if len(originals) > 1 and not named:
        raise ExacoupleError(
            f"region {region}: several cases of source '{REFERENCE_SOURCE}' "
            f"({', '.join(str(case.path) for case in originals)}): name the reference, "
            "'exacouple compare REFERENCE DIR...'"
        )
    return (named or originals)[0]


def _has_probes(case: Case) -> bool:
    directory = case.path / case.manifest["probes"]["directory"]
    return any(find_probe_files(directory, str(buoy["id"])) for buoy in case.manifest["buoys"])


def _remedy(status: str, path: Path) -> str:
    if status == "running":
        return f"wait for its end ('exacouple run {path}' does, and judges it)"
    return f"run it with 'exacouple run {path}'"
