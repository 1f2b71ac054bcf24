"""Subcommand ``run``: start the engine on one or many cases."""

import contextlib
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exacouple.cli.options import echo_json, engine_option, json_option, site_option
from exacouple.errors import ExacoupleError, UsageError

if TYPE_CHECKING:
    from exacouple.cases.site import Site
    from exacouple.launch import Engine, Outcome, Progress, StopRequest

_log = logging.getLogger(__name__)

RUNS = Path("runs")


@click.command()
@click.argument("cases", nargs=-1, type=click.Path(path_type=Path), metavar="[DIR]...")
@engine_option
@site_option
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads of the engine.")
@click.option("--force", is_flag=True, help="Run also cases that have finished before.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    cases: tuple[Path, ...],
    engine: str | None,
    site_name: str | None,
    threads: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Run the cases in the directories DIR; without DIR every unfinished one under runs/.

    Logs go to DIR/logs, the state of the run to DIR/state.json. A case that has finished is not
    run again. After a failure the other cases are still run; the exit status is then 1. Ctrl-C
    ends the engine and all that is left to do. With --site the cases that were prepared for that
    build of ExaHyPE are run on it, as its profile says.
    """
    from exacouple.cli.engines import chosen_site
    from exacouple.launch import CaseBusyError, StopRequest, get_engine, site_engine

    site = chosen_site(engine, site_name)
    chosen = _given(cases) if cases else _all_under_runs()
    if engine != "embedded":
        chosen = _made_for(chosen, site, named=bool(cases))
    runner = site_engine(site) if site else get_engine("embedded")
    outcomes: list[Outcome] = []
    with StopRequest() as stop:
        for case in chosen:
            if stop.signals:
                break
            try:
                outcome = _run(case, runner, threads, force, stop)
            except ExacoupleError as exc:
                if isinstance(exc, CaseBusyError) and not cases:
                    _log.info("%s: left to that process", exc)
                    continue
                if len(chosen) == 1:
                    raise
                outcome = _refused(case, exc)
            _tell(outcome)
            outcomes.append(outcome)
    done = [outcome.case for outcome in outcomes]
    left = [case for case in chosen if case not in done]
    if as_json:
        echo_json([asdict(item) | {"case": str(item.case)} for item in outcomes])
    elif len(chosen) > 1 and _log.isEnabledFor(logging.INFO):
        click.echo(_table(outcomes, left))
    if stop.signals:
        ctx.exit(stop.exit_code)
    if any(item.status == "failed" for item in outcomes):
        ctx.exit(1)


def _given(cases: Sequence[Path]) -> list[Path]:
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


def _all_under_runs() -> list[Path]:
    """Return the cases under ``runs/``; hidden directories are half-written ones."""
    files = sorted(RUNS.glob("*/case.json"))
    cases = [file.parent for file in files if not file.parent.name.startswith(".")]
    if not cases:
        raise UsageError(f"no cases under {RUNS}/: `exacouple prepare` makes some, or name them")
    return cases


def _made_for(cases: Sequence[Path], site: "Site | None", *, named: bool) -> list[Path]:
    """Return the cases that were prepared for a site, or for none; others only if not named."""
    from exacouple.cases import Case
    from exacouple.cases.target import check_engine

    fitting = []
    for path in cases:
        try:
            manifest = Case.open(path).manifest
        except ExacoupleError:
            fitting.append(path)  # what is wrong with it is told when its turn comes
            continue
        try:
            check_engine(manifest, site, str(path))
        except UsageError as exc:
            if named:
                raise
            _log.debug("left out: %s", exc)
            continue
        fitting.append(path)
    if left := len(cases) - len(fitting):
        others = "1 case that was" if left == 1 else f"{left} cases that were"
        _log.info("left out: %s prepared for another engine or build (-v names them)", others)
    if not fitting:
        raise UsageError(
            f"no cases under {RUNS}/ for {f'site {site.name}' if site else 'the embedded engine'}: "
            f"prepare some{f' with --site {site.given}' if site else ''}"
        )
    return fitting


def _run(
    path: Path, engine: "Engine", threads: int | None, force: bool, stop: "StopRequest"
) -> "Outcome":
    from exacouple.cases import Case
    from exacouple.launch import case_status, expectation, finished_before, run_case
    from exacouple.progress import task

    expected = expectation(Case.open(path))
    if case_status(path) == "running" or (not force and finished_before(expected)):
        return run_case(path, engine=engine, threads=threads, force=force, stop=stop)
    outcome: Outcome | None = None
    with contextlib.suppress(_NotFinished), task(str(path), expected.end_time, "s") as bar:

        def advance(progress: "Progress") -> None:
            if math.isfinite(progress.time):
                bar.update(completed=progress.time)

        outcome = run_case(
            path, engine=engine, threads=threads, force=force, on_progress=advance, stop=stop
        )
        if outcome.status != "finished":
            raise _NotFinished
    assert outcome is not None
    return outcome


class _NotFinished(Exception):
    """Keeps the progress display from saying "done"."""


def _refused(path: Path, exc: ExacoupleError) -> "Outcome":
    from exacouple.launch import Outcome

    return Outcome(path, "failed", reasons=(str(exc),))


def _tell(outcome: "Outcome") -> None:
    """Say what became of a case, on standard error."""
    path = outcome.case
    if outcome.status == "skipped":
        _log.info("%s: has finished before and is unchanged; --force runs it again", path)
    elif outcome.status == "finished":
        _log.info("%s: finished, t = %g s in %.1f s", path, outcome.time or 0.0, outcome.wall_time)
    else:
        for reason in outcome.reasons:
            _log.error("error: %s: %s", path, reason)
        if outcome.status == "failed" and outcome.exit_code is not None:
            _log.error("%s: the engine's logs are in %s", path, path / "logs")
    for warning in outcome.warnings:
        _log.warning("warning: %s: %s", path, warning)


def _table(outcomes: Sequence["Outcome"], left: Sequence[Path]) -> str:
    rows = [("case", "status", "simulated", "steps", "took")]
    for item in outcomes:
        rows.append(
            (
                str(item.case),
                item.status,
                "-" if item.time is None else f"{item.time:g} s",
                "-" if item.step is None else str(item.step),
                "-" if item.status == "skipped" else f"{item.wall_time:.1f} s",
            )
        )
    rows += [(str(path), "not run", "-", "-", "-") for path in left]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
