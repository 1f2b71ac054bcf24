"""A user's build of ExaHyPE 1 as an engine, started directly or through MPI."""

import os
import shlex
import shutil
from collections.abc import Mapping

from exacouple.cases import Case
from exacouple.cases.site import Site
from exacouple.cases.target import check_engine
from exacouple.errors import UsageError
from exacouple.launch.engines import Engine, thread_variables

_PASSED_ON = ("LD_LIBRARY_PATH", "OMP_NUM_THREADS")


def site_engine(site: Site) -> Engine:
    """Return the engine of a site whose launcher is "local" or "mpirun".

    Raises
    ------
    UsageError
        The site starts its engine in batch jobs.
    """
    if site.profile.launcher == "slurm":
        raise UsageError(f"site '{site.name}' runs batch jobs (launcher 'slurm'), not processes")

    def check(case: Case) -> None:
        check_engine(case.manifest, site, str(case.path))
        check_programs(site)

    def environment(base: Mapping[str, str], threads: int | None) -> dict[str, str]:
        own = dict(base) if site.profile.modules else site.environment(base)
        return own | thread_variables(threads)

    return Engine(
        name="exahype",
        description=site.profile.title or site.name,
        command=lambda specfile: launch_command(site, (specfile,)),
        environment=environment,
        check=check,
    )


def launch_command(site: Site, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return program and arguments that start the executable of a site as its launcher says.

    With modules it is a shell that loads them, sets the variables and becomes the engine.
    """
    starter = mpi_words(site) if site.profile.launcher == "mpirun" else ()
    return in_modules(site, (*starter, site.executable, *arguments))


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
    if site.profile.modules:
        return
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


def mpi_words(site: Site) -> tuple[str, ...]:
    """Return the words that start a program on the ranks of a site, up to the program's name."""
    mpirun = site.profile.mpirun
    passed = dict.fromkeys([*site.variables, *(name for name in _PASSED_ON if name in os.environ)])
    exports = [word for name in passed for word in (mpirun.export, name)] if mpirun.export else []
    return (mpirun.command, *mpirun.arguments, "-n", str(site.profile.ranks), *exports)
