"""Which cases ``run`` is to run."""

import logging
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exacouple.errors import ExacoupleError, UsageError

if TYPE_CHECKING:
    from exacouple.cases.site import Site

_log = logging.getLogger(__name__)

RUNS = Path("runs")


def named_cases(cases: Sequence[Path]) -> list[Path]:
    """Return the named cases, each once; what else a ``runs/*`` names is left out and said."""
    different = list({path.resolve(): path for path in reversed(cases)}.values())[::-1]
    for path in different:
        if not path.exists():
            raise UsageError(f"{path} does not exist: `exacouple prepare` makes cases")
    chosen = [path for path in different if (path / "case.json").is_file()]
    if not chosen:
        raise UsageError(
            f"no case among {', '.join(map(str, different))} (no case.json there): "
            "`exacouple prepare` makes cases"
        )
    for path in different:
        if path not in chosen:
            _log.warning("%s is not a case (it has no case.json): left out", path)
    return chosen


def all_under_runs() -> list[Path]:
    """Return the cases under ``runs/``; hidden directories are half-written ones."""
    files = sorted(RUNS.glob("*/case.json"))
    cases = [file.parent for file in files if not file.parent.name.startswith(".")]
    if not cases:
        raise UsageError(f"no cases under {RUNS}/: `exacouple prepare` makes some, or name them")
    return cases


def _has_news(case: Path) -> bool:
    """Tell whether there is something to tell of a case without starting an engine."""
    from exacouple.launch import read_state
    from exacouple.launch.state import is_running

    try:
        state = read_state(case)
    except ExacoupleError:
        return False
    return state is not None and (
        state.job is not None or state.status == "finished" or is_running(state)
    )


def refuse_unattended(case: Path) -> None:
    """Keep a case that only its own site can run from being run here for want of a profile.

    Raises
    ------
    UsageError
        Its last run was a SLURM job that has not finished, or it was prepared for another engine
        and neither runs nor has finished.
    """
    from exacouple.cases import Case
    from exacouple.launch import read_state

    state = read_state(case)
    if state is not None and state.job is not None and state.status in ("failed", "interrupted"):
        site = f"--site {shlex.quote(state.site)}" if state.site else "--site"
        raise UsageError(
            f"{case} was run in SLURM job {state.job} and has not finished: {site} submits it "
            "again, --engine embedded runs it on this machine"
        )
    if not _has_news(case):
        _check_siteless(case, Case.open(case).manifest)


def _check_siteless(case: Path, manifest: Mapping[str, Any]) -> None:
    """Check that a case needs no site profile; of one that does, say how its last run ended."""
    from exacouple.cases.target import check_engine
    from exacouple.launch import read_state, unfinished_end

    try:
        check_engine(manifest, None, str(case))
    except UsageError as exc:
        state, end = read_state(case), unfinished_end(case)
        if state is None or state.site is None or end is None:
            raise
        words = f"--site {shlex.quote(state.site)} {shlex.quote(str(case))}"
        raise UsageError(
            f"{case}: its last run, started at {state.started}, {end}; `exacouple run {words}` "
            "starts it again, --engine embedded runs it on the embedded engine"
        ) from exc


def made_for(
    cases: Sequence[Path], site: "Site | None", *, named: bool, force: bool = False
) -> tuple[list[Path], dict[Path, UsageError]]:
    """Return the cases that were prepared for a site, or for none, and why named others were not.

    To tell what has become of a run needs no profile, unless `force` asks for another run.

    Raises
    ------
    UsageError
        None of the cases fits.
    """
    from exacouple.cases import Case
    from exacouple.cases.target import check_engine

    build = None if site is None or site.is_embedded else site
    fitting = []
    refused: dict[Path, UsageError] = {}
    for path in cases:
        try:
            manifest = Case.open(path).manifest
        except ExacoupleError:
            fitting.append(path)  # what is wrong with it is told when its turn comes
            continue
        if site is None and not force and _has_news(path):
            fitting.append(path)
            continue
        try:
            if site is None:
                _check_siteless(path, manifest)
            else:
                check_engine(manifest, build, str(path))
        except UsageError as exc:
            refused[path] = exc
            continue
        fitting.append(path)
    if named and not fitting:
        raise next(iter(refused.values()))
    if named:
        return fitting, refused
    for why in refused.values():
        _log.debug("left out: %s", why)
    if left := len(refused):
        others = "1 case that was" if left == 1 else f"{left} cases that were"
        _log.info("left out: %s prepared for another engine or build (-v names them)", others)
    if not fitting:
        raise UsageError(
            f"no cases under {RUNS}/ for "
            f"{f'site {build.name}' if build else 'the embedded engine'}: prepare some"
            f"{f' with --site {build.given}' if build else ''}"
        )
    return fitting, {}
