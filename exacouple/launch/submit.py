"""Submit cases to SLURM: one case as a job, several as a job array."""

import logging
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from exacouple.atomic import write_text
from exacouple.cases import Case
from exacouple.cases.site import Site
from exacouple.errors import ExacoupleError
from exacouple.hashing import sha256_file
from exacouple.launch.claim import can_resume, claim, tell_other_engine
from exacouple.launch.exahype import site_engine
from exacouple.launch.jobrecord import remove_records
from exacouple.launch.jobscript import SCRIPT, TASKS, JobPlan, render_array, render_job
from exacouple.launch.outcome import (
    Outcome,
    expectation,
    finished_before,
    make_directory,
    record_end,
)
from exacouple.launch.slurm import greatest_array, submit
from exacouple.launch.state import RunState, now, process_identity, write_state

_log = logging.getLogger(__name__)

ARRAYS = ".jobs"
"""Folder beside the cases that holds a folder for each job array: script, task list and logs."""


def submit_cases(
    paths: Sequence[Path],
    site: Site,
    *,
    threads: int | None = None,
    force: bool = False,
    on_outcome: Callable[[Outcome], None],
) -> list[Path]:
    """Submit the cases that need a run; return those that were.

    Parameters
    ----------
    paths
        Case directories.
    site
        Profile with launcher "slurm".
    threads
        Threads of the engine.
    force
        Submit also cases that have finished, and start them from the beginning.
    on_outcome
        Gets the outcome of each case that is not submitted.

    Raises
    ------
    ExacoupleError
        The only case cannot be submitted.
    """
    plans: list[JobPlan] = []
    for path in paths:
        try:
            plan = _plan(path, site, force=force)
        except ExacoupleError as exc:
            if len(paths) == 1:
                raise
            on_outcome(Outcome(path, "failed", reasons=(str(exc),)))
            continue
        if isinstance(plan, Outcome):
            on_outcome(plan)
        else:
            plans.append(plan)
    submitted: list[Path] = []
    for some in _portions(plans):
        submitted += _submit(some, site, threads, on_outcome, force=force)
    return submitted


def _plan(path: Path, site: Site, *, force: bool) -> JobPlan | Outcome:
    case = Case.open(path)
    case.verify()
    engine = site_engine(site)
    engine.check(case)
    expected = expectation(case)
    if not force and (before := finished_before(expected)):
        tell_other_engine(path, engine)
        return before
    if "\n" in str(case.path.resolve()):
        raise ExacoupleError(f"{case.path!r}: no job can have a line break in its path: rename it")
    if expected.mesh is not None:
        _log.info("%s: %s", path, expected.mesh)
    resume = not force and can_resume(path, engine, str(case.manifest["specfile"]))
    return JobPlan(case, expected, engine, resume)


def _portions(plans: Sequence[JobPlan]) -> list[Sequence[JobPlan]]:
    if len(plans) < 2:
        return [plans] if plans else []
    size = greatest_array()
    return [plans[start : start + size] for start in range(0, len(plans), size)]


def _submit(
    plans: Sequence[JobPlan],
    site: Site,
    threads: int | None,
    on_outcome: Callable[[Outcome], None],
    *,
    force: bool,
) -> list[Path]:
    """Prepare the directories, submit, and write down the job numbers."""
    ready: list[tuple[JobPlan, RunState]] = []
    for plan in plans:
        try:
            ready.append((plan, _prepare(plan, site, threads, force=force)))
        except ExacoupleError as exc:
            if len(plans) == 1:
                raise
            on_outcome(Outcome(plan.case.path, "failed", plan.expected.end_time, (str(exc),)))
    if not ready:
        return []
    try:
        jobs = _send([plan for plan, _ in ready], site)
    except ExacoupleError as exc:
        for plan, state in ready:
            refused = Outcome(plan.case.path, "failed", plan.expected.end_time, (str(exc),))
            record_end(state, refused)
        raise
    for (plan, state), job in zip(ready, jobs, strict=True):
        write_state(plan.case.path, replace(state, job=job))
        going_on = ", going on from its checkpoint" if plan.resume else ""
        _log.info("%s: submitted as job %s%s", plan.case.path, job, going_on)
    return [plan.case.path for plan, _ in ready]


def _prepare(plan: JobPlan, site: Site, threads: int | None, *, force: bool) -> RunState:
    """Write the job script and say that the case is taken, by this process for now."""
    path = plan.case.path
    with claim(path, force=force):
        make_directory(path / "logs")
        remove_records(path)
        write_text(path / SCRIPT, render_job(plan, site, threads), force=True)
        state = RunState(
            status="running",
            engine=plan.engine.name,
            command=plan.engine.command(plan.specfile),
            pid=os.getpid(),
            process=process_identity(os.getpid()),
            host=socket.gethostname(),
            started=now(),
            end_time=plan.expected.end_time,
            case_sha256=sha256_file(path / "case.json"),
            site=site.lasting,
            resumed=plan.resume,
        )
        write_state(path, state)
    return state


def _send(plans: Sequence[JobPlan], site: Site) -> list[str]:
    """Submit prepared cases; return their job numbers."""
    if len(plans) == 1:
        return [submit(plans[0].directory / SCRIPT)]
    first = plans[0].directory
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    folder = first.parent / ARRAYS / f"{stamp}-{secrets.token_hex(2)}"
    script = folder / "array.slurm"
    write_text(folder / TASKS, "".join(f"{plan.directory}\n" for plan in plans))
    write_text(script, render_array(site, folder, f"exacouple-{len(plans)}-cases"))
    at_once = site.profile.slurm.at_once
    limit = f"%{at_once}" if at_once else ""
    job = submit(script, array=f"0-{len(plans) - 1}{limit}")
    return [f"{job}_{index}" for index in range(len(plans))]
