"""Subcommand ``run``: start the engine on one or many cases, here or in SLURM jobs."""

import contextlib
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exacouple.cli.options import echo_json, engine_option, json_option, site_option
from exacouple.cli.run_cases import all_under_runs, made_for, named_cases, refuse_unattended
from exacouple.cli.run_text import table, tell, tell_detached
from exacouple.errors import ExacoupleError, UsageError

if TYPE_CHECKING:
    from exacouple.cases.site import Site
    from exacouple.launch import Engine, Job, Outcome, Progress, StopRequest

_log = logging.getLogger(__name__)

_MOST_THREADS = 1024


@click.command()
@click.argument("cases", nargs=-1, type=click.Path(path_type=Path), metavar="[DIR]...")
@engine_option
@site_option
@click.option(
    "--threads", type=click.IntRange(1, _MOST_THREADS), metavar="N", help="Threads of the engine."
)
@click.option("--force", is_flag=True, help="Run also cases that have finished before.")
@click.option("--no-wait", is_flag=True, help="Start the runs, and leave them to themselves.")
@click.option("--cancel", is_flag=True, help="End the runs of these cases instead.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    cases: tuple[Path, ...],
    engine: str | None,
    site_name: str | None,
    threads: int | None,
    force: bool,
    no_wait: bool,
    cancel: bool,
    as_json: bool,
) -> None:
    """Run the cases in the directories DIR; without DIR every unfinished one under runs/.

    Logs go to DIR/logs, the state of the run to DIR/state.json. A case that has finished is not
    run again. After a failure the other cases are still run; the exit status is then 1. With
    --site the engine is started as that profile says: here, through mpirun, or in SLURM jobs.

    Ctrl-C ends an engine on this machine; the next `run` goes on from its checkpoint. SLURM jobs go
    on after Ctrl-C: a later `run` watches them further, or says what became of them, and submits
    those that have failed again.
    """
    from exacouple.cli.engines import launch_site
    from exacouple.launch import StopRequest

    if cancel and (no_wait or force):
        raise UsageError("--cancel ends runs: leave out --no-wait and --force")
    site = launch_site(engine, site_name)
    every = chosen = named_cases(cases) if cases else all_under_runs()
    outcomes: list[Outcome] = []

    def note(outcome: "Outcome") -> None:
        tell(outcome)
        outcomes.append(outcome)

    if engine != "embedded" and not cancel:
        chosen, refused = made_for(every, site, named=bool(cases), force=force)
        for path, exc in refused.items():
            note(_refused(path, exc))
    if no_wait and not (site and site.profile.launcher == "slurm"):
        _start_in_background(chosen, engine, site_name, threads, force)
        ctx.exit(1 if outcomes else 0)
    with StopRequest() as stop:
        if cancel:
            left = _cancel(chosen, stop, note)
        elif site and site.profile.launcher == "slurm":
            jobs = _submit(chosen, site, threads, force, note)
            left = list(jobs) if no_wait else _watch(jobs, stop, note)
        else:
            anywhere = site is not None or engine is not None
            left = _run_here(
                chosen, site, threads, force, stop, note, named=bool(cases), anywhere=anywhere
            )
    if left:
        tell_detached(left, asked_for=no_wait)
    _report(ctx, every, outcomes, left, as_json)
    if stop.signals:
        ctx.exit(stop.exit_code)
    if any(item.status in ("failed", "interrupted") for item in outcomes) and not cancel:
        ctx.exit(1)


def _report(
    ctx: click.Context,
    chosen: Sequence[Path],
    outcomes: list["Outcome"],
    left: Sequence["Job"],
    as_json: bool,
) -> None:
    from exacouple.launch import Outcome

    for job in left:
        outcomes.append(Outcome(job.path, "running", job.expected.end_time, job=job.number))
    done = [outcome.case for outcome in outcomes]
    if as_json:
        echo_json([asdict(item) | {"case": str(item.case)} for item in outcomes])
    elif len(chosen) > 1 and _log.isEnabledFor(logging.INFO):
        click.echo(table(outcomes, [case for case in chosen if case not in done]))


def _submit(
    cases: Sequence[Path],
    site: "Site",
    threads: int | None,
    force: bool,
    note: Callable[["Outcome"], None],
) -> list["Job"]:
    """Submit the cases that are in no job and need one; return all jobs that go on."""
    from exacouple.launch import open_job, submit_cases

    jobs = _jobs_of(cases)
    there = [job.path for job in jobs]
    for item in jobs:
        ignored = "; --force is for cases that are in none" if force else ""
        _log.info("%s: in job %s since %s%s", item.path, item.number, item.state.started, ignored)
    needed = [case for case in cases if case not in there]
    submitted = submit_cases(needed, site, threads=threads, force=force, on_outcome=note)
    return [*jobs, *(job for path in submitted if (job := open_job(path)) is not None)]


def _jobs_of(cases: Sequence[Path]) -> list["Job"]:
    from exacouple.launch import open_job

    found = []
    for case in cases:
        with contextlib.suppress(ExacoupleError):
            if (job := open_job(case)) is not None:
                found.append(job)
    return found


def _watch(
    jobs: Sequence["Job"], stop: "StopRequest", note: Callable[["Outcome"], None]
) -> list["Job"]:
    """Watch jobs; return those that go on."""
    from exacouple.launch import watch_jobs
    from exacouple.progress import task

    if not jobs:
        return []
    left = list(jobs)
    name = f"watching {jobs[0].path if len(jobs) == 1 else f'{len(jobs)} jobs'}"
    with (
        contextlib.suppress(_NotFinished),
        task(name, sum(job.expected.end_time for job in jobs), "s") as bar,
    ):
        bad = False

        def judge(outcome: "Outcome") -> None:
            nonlocal bad
            bad = bad or outcome.status != "finished"
            note(outcome)

        left = watch_jobs(jobs, stop=stop, on_outcome=judge, progress=bar)
        if left or bad:
            raise _NotFinished
    return left


def _cancel(
    cases: Sequence[Path], stop: "StopRequest", note: Callable[["Outcome"], None]
) -> list["Job"]:
    """End the jobs of some cases, and the runs of other processes here."""
    from exacouple.launch import end_process
    from exacouple.launch.slurm import cancel

    jobs = _jobs_of(cases)
    there = [job.path for job in jobs]
    if jobs:
        cancel([job.number for job in jobs])
    ended = 0
    for case in cases:
        if case not in there and (outcome := end_process(case, stop=stop)) is not None:
            note(outcome)
            ended += 1
    if not jobs and not ended:
        _log.info("none of these cases is being run")
    return _watch(jobs, stop, note)


def _run_here(
    cases: Sequence[Path],
    site: "Site | None",
    threads: int | None,
    force: bool,
    stop: "StopRequest",
    note: Callable[["Outcome"], None],
    *,
    named: bool,
    anywhere: bool,
) -> list["Job"]:
    """Run cases one after the other, then watch what runs elsewhere; return jobs that go on."""
    from exacouple.cases import Case
    from exacouple.launch import (
        CaseBusyError,
        expectation,
        finished_before,
        get_engine,
        site_engine,
    )

    engine = site_engine(site) if site else get_engine("embedded")
    jobs = _jobs_of(cases)
    in_jobs = [job.path for job in jobs]
    busy = []
    for case in cases:
        if stop.signals:
            break
        if case in in_jobs:
            continue
        try:
            if not anywhere:
                refuse_unattended(case)
                if not force and (before := finished_before(expectation(Case.open(case)))):
                    note(before)
                    continue
            note(_run(case, engine, threads, force, stop))
        except CaseBusyError as exc:
            if _is_watchable(case):
                _log.info("%s", exc)
                busy.append(case)
            elif named and len(cases) == 1:
                raise
            elif named:
                note(_refused(case, exc))
            else:
                _log.info("%s: left to that process", exc)
        except ExacoupleError as exc:
            if len(cases) == 1:
                raise
            note(_refused(case, exc))
    for case in busy:
        if not stop.signals and (outcome := _watch_other(case, stop)) is not None:
            note(outcome)
    return _watch(jobs, stop, note)


def _is_watchable(case: Path) -> bool:
    """Tell whether another process on this machine runs a case."""
    import socket

    from exacouple.launch import read_state
    from exacouple.launch.state import is_running

    state = read_state(case)
    return state is not None and state.host == socket.gethostname() and is_running(state)


def _watch_other(case: Path, stop: "StopRequest") -> "Outcome | None":
    """Watch the run of another process; Ctrl-C leaves it to itself."""
    from exacouple.cases import Case
    from exacouple.launch import Outcome, expectation, watch_process
    from exacouple.progress import task

    outcome = None
    end_time = expectation(Case.open(case)).end_time
    with contextlib.suppress(_NotFinished), task(str(case), end_time, "s") as bar:
        outcome = watch_process(case, stop=stop, progress=bar)
        if outcome is None or outcome.status != "finished":
            raise _NotFinished
    if outcome is None and stop.signals:
        _log.warning("%s: goes on; `exacouple run %s` comes back to it", case, case)
    elif outcome is None:
        gone = "the process that ran it has died; `exacouple run` again starts it"
        outcome = Outcome(case, "failed", end_time, (gone,))
    return outcome


def _start_in_background(
    cases: Sequence[Path],
    engine: str | None,
    site_name: str | None,
    threads: int | None,
    force: bool,
) -> None:
    """Start this command as a process of its own that needs no terminal."""
    from exacouple.launch import start_in_background

    given = (("--engine", engine), ("--site", site_name), ("--threads", threads))
    options = [word for name, value in given if value is not None for word in (name, str(value))]
    process, log = start_in_background(cases, [*options, *(["--force"] if force else [])])
    _log.info(
        "process %d runs them and logs to %s: `exacouple run` comes back and says how they stand, "
        "`exacouple run --cancel` ends them",
        process,
        log,
    )


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
