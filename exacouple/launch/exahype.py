"""The engine that a site profile describes: how it is started, directly, by MPI or in a job."""

import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from exacouple.cases import Case
from exacouple.cases.site import Site
from exacouple.cases.target import check_engine
from exacouple.errors import UsageError
from exacouple.launch.engines import Engine, get_engine, thread_variables

_PASSED_ON = ("LD_LIBRARY_PATH", "OMP_NUM_THREADS")


def site_engine(site: Site) -> Engine:
    """Return the engine of a site, as its launcher starts it.

    For launcher "slurm" it is what a job script starts: modules and variables of the profile are
    left to the script, and `Engine.environment` gives what comes on top of them.
    """
    if site.is_embedded:
        return _embedded_engine(site)

    def check(case: Case) -> None:
        check_engine(case.manifest, site, str(case.path))
        check_programs(site)

    def environment(base: Mapping[str, str], threads: int | None) -> dict[str, str]:
        return _surroundings(site, base) | thread_variables(threads)

    def command(specfile: str) -> tuple[str, ...]:
        own = site.exahype2
        return launch_command(site, (specfile,) if own is None else own.arguments)

    return Engine(
        name="exahype",
        description=site.profile.title or site.name,
        command=command,
        environment=environment,
        check=check,
        site=site.lasting,
    )


def _embedded_engine(site: Site) -> Engine:
    """Return the embedded engine with the modules, variables and Python of a profile."""
    embedded = get_engine("embedded")

    def in_place(words: Callable[[str], tuple[str, ...]]) -> Callable[[str], tuple[str, ...]]:
        return lambda specfile: launch_command(site, words(specfile)[1:])

    def environment(base: Mapping[str, str], threads: int | None) -> dict[str, str]:
        variables = embedded.environment(_surroundings(site, base), threads)
        if site.profile.executable and "PYTHONPATH" not in base:
            variables.pop("PYTHONPATH", None)
        return variables

    def check(case: Case) -> None:
        embedded.check(case)
        check_programs(site)

    return replace(
        embedded,
        description=site.profile.title or site.name,
        command=in_place(embedded.command),
        resume=in_place(embedded.resume) if embedded.resume else None,
        environment=environment,
        check=check,
        site=site.lasting,
    )


def _surroundings(site: Site, base: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a process, with those of the profile where no shell sets them."""
    by_shell = site.profile.modules or site.profile.launcher == "slurm"
    return dict(base) if by_shell else site.environment(base)


def launch_command(site: Site, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return program and arguments that start the executable of a site as its launcher says.

    With modules it is a shell that loads them, sets the variables and becomes the engine; a job
    script does that by itself.
    """
    if site.profile.launcher == "slurm":
        return (*job_starter(site), site.executable, *arguments)
    starter = mpi_words(site) if site.profile.launcher == "mpirun" else ()
    return in_modules(site, (*starter, site.executable, *arguments))


def job_starter(site: Site) -> tuple[str, ...]:
    """Return the words that start the ranks in a job, up to the program's name."""
    slurm = site.profile.slurm
    ranks = slurm.ntasks or site.profile.ranks
    if slurm.starter == "mpirun":
        return mpi_words(site, ranks)
    if slurm.starter == "none" or (slurm.starter == "auto" and ranks == 1):
        return ()
    cores = (f"--cpus-per-task={slurm.cpus_per_task}",) if slurm.cpus_per_task else ()
    return ("srun", f"--ntasks={ranks}", *cores)


def in_modules(site: Site, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command that runs `words` with the modules of a site; `words` if it has none."""
    if not site.profile.modules:
        return words
    script = "\n".join([*site.shell_lines(), f"exec {shlex.join(words)}"])
    return ("bash", "-c", script)


def check_programs(site: Site) -> None:
    """Check that what is started is there, as far as that can be known without the modules.

    Raises
    ------
    UsageError
        The executable or the MPI starter is missing.
    """
    if site.profile.launcher == "slurm" and shutil.which("sbatch") is None:
        raise UsageError(
            f"{site.path}: no program sbatch (launcher 'slurm'): work where jobs can be submitted, "
            "such as a login node"
        )
    if site.profile.modules:
        return
    if site.find_executable() is None and Path(site.executable).is_file():
        raise UsageError(f"{site.path}: {site.executable} is not executable: chmod +x it")
    if site.find_executable() is None:
        raise UsageError(
            f"{site.path}: no executable {site.executable}: name that of your build as "
            "`executable` (`exacouple doctor --site` checks a profile)"
        )
    starter = site.profile.mpirun.command
    if site.profile.launcher == "mpirun" and shutil.which(starter) is None:
        raise UsageError(
            f"{site.path}: no program {starter}: install MPI or name its starter as mpirun.command"
        )


def mpi_words(site: Site, ranks: int | None = None) -> tuple[str, ...]:
    """Return the words that start a program on the ranks of a site, up to the program's name."""
    mpirun = site.profile.mpirun
    in_job = ("OMP_NUM_THREADS",) if site.profile.launcher == "slurm" else ()
    known = (name for name in _PASSED_ON if name in os.environ)
    passed = dict.fromkeys([*site.variables, *known, *in_job])
    exports = [word for name in passed for word in (mpirun.export, name)] if mpirun.export else []
    return (mpirun.command, *mpirun.arguments, "-n", str(ranks or site.profile.ranks), *exports)
