"""Job scripts for SLURM, from the templates in ``templates/jobs``."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exacouple.cases import Case
from exacouple.cases.site import Site
from exacouple.errors import ExacoupleError
from exacouple.hashing import sha256_file
from exacouple.launch.claim import shift_variables
from exacouple.launch.engines import Engine
from exacouple.launch.verdict import Expected
from exacouple.resources import template_environment

SCRIPT = "job.slurm"
SLURM_LOG = Path("logs") / "slurm.log"
ARRAY_LOG = "%a.log"
TASKS = "tasks"

_LOCK_SECONDS = 60
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True)
class JobPlan:
    """One case as a job.

    Attributes
    ----------
    case, expected
        The case and what its run must give.
    engine
        What runs it.
    resume
        Whether it goes on from a checkpoint of an earlier job.
    """

    case: Case
    expected: Expected
    engine: Engine
    resume: bool

    @property
    def directory(self) -> Path:
        """Absolute path of the case."""
        return self.case.path.resolve()

    @property
    def specfile(self) -> str:
        """Name of the specfile."""
        return str(self.case.manifest["specfile"])


def render_job(plan: JobPlan, site: Site, threads: int | None = None) -> str:
    """Return the job script of a case.

    It records its start and its end in ``logs/job.start`` and ``logs/job.end``, passes SIGTERM on
    to the engine, and removes probe files of earlier starts unless the engine goes on from its
    checkpoint, so that a job that SLURM starts a second time mixes nothing.

    Parameters
    ----------
    threads
        Threads of the engine; None: as the profile's environment or ``slurm.cpus_per_task`` says.
    """
    engine, specfile = plan.engine, plan.specfile
    resume_words = engine.resume(specfile) if engine.resume else ()
    checkpoint = engine.checkpoint(specfile) if engine.checkpoint else ""
    probes = plan.expected.probes.relative_to(plan.case.path)
    return _render(
        "job.slurm.j2",
        options=_options(site, f"exacouple-{plan.directory.name}", str(SLURM_LOG)),
        directory=str(plan.directory),
        manifest_sha256=sha256_file(plan.directory / "case.json"),
        lock_seconds=_LOCK_SECONDS,
        probes=str(probes),
        shell_lines=[*site.shell_lines(), *_variables(plan, site, threads)],
        words=engine.command(specfile),
        resume_words=resume_words,
        checkpoint=checkpoint,
        resume=plan.resume,
        stale=_stale_patterns(probes, plan.expected),
    )


def render_array(site: Site, directory: Path, name: str) -> str:
    """Return the script of a job array whose tasks are listed in `directory`.

    Parameters
    ----------
    name
        Name of the array.
    """
    options = _options(site, name, ARRAY_LOG)
    return _render("array.slurm.j2", options=options, directory=str(directory))


def render_trial(site: Site) -> str:
    """Return a script that asks for what a job asks for, and does nothing."""
    lines = (f"#SBATCH {option}" for option in _options(site, "exacouple", "/dev/null"))
    return "\n".join(["#!/bin/bash", *lines, "true", ""])


def _options(site: Site, name: str, output: str) -> tuple[str, ...]:
    slurm = site.profile.slurm
    ranks = () if slurm.ntasks else (f"--ntasks={site.profile.ranks}",)
    return (
        f"--job-name={_NOT_IN_NAMES.sub('_', name)}",
        f"--output={output}",
        "--open-mode=append",
        "--requeue",
        *ranks,
        *slurm.options,
    )


def _variables(plan: JobPlan, site: Site, threads: int | None) -> list[str]:
    """Return lines of bash that set what the launcher, not the profile, knows."""
    if threads is None and "OMP_NUM_THREADS" not in site.profile.environment:
        threads = site.profile.slurm.cpus_per_task or 1
    variables = shift_variables(plan.case) | plan.engine.environment({}, threads)
    more = {"PYTHONPATH": "${PYTHONPATH:+:$PYTHONPATH}"}
    return [
        f"export {name}={shlex.quote(value)}{more.get(name, '')}"
        for name, value in variables.items()
    ]


def _stale_patterns(probes: Path, expected: Expected) -> str:
    """Return patterns for a shell that match all probe files of a case."""
    if expected.dialect == "exahype2":
        return f"{shlex.quote(str(probes))}/*-rank-[0-9]*.csv"
    starts = [shlex.quote(str(probes / buoy)) for buoy in expected.buoys]
    return " ".join(f"{start}.probe {start}-rank-[0-9]*.probe" for start in starts)


def _render(template: str, **values: Any) -> str:
    environment = template_environment("jobs", filters={"word": shlex.quote, "words": shlex.join})
    text = environment.get_template(template).render(values)
    if "\0" in text:
        raise ExacoupleError(f"{template}: a value holds a NUL byte: no shell can read that")
    return text
