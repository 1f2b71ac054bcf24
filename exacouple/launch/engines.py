"""Engines that can run a case, by name."""

import difflib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import exacouple
from exacouple.cases import Case
from exacouple.errors import UsageError


def engine_environment(base: Mapping[str, str], threads: int | None = None) -> dict[str, str]:
    """Return the environment for an engine.

    The embedded engine finds this package also from a checkout that is not installed, and its
    lines come at once.

    Parameters
    ----------
    base : mapping
        Environment to start from.
    threads : int, optional
        Number of threads; None leaves it to the engine and to `base`.
    """
    environment = {**base, "PYTHONUNBUFFERED": "1"}
    root = Path(exacouple.__file__).resolve().parents[1]
    if root.name not in ("site-packages", "dist-packages"):
        paths = [str(root), *filter(None, [base.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment | thread_variables(threads)


def thread_variables(threads: int | None) -> dict[str, str]:
    """Return the variable that sets a number of threads; none for None."""
    if threads is None:
        return {}
    if threads < 1:
        raise UsageError(f"threads {threads} must be 1 or more")
    return {"OMP_NUM_THREADS": str(threads)}


def _runs_all(case: Case) -> None:
    """Refuse no case."""


@dataclass(frozen=True)
class Engine:
    """A program that takes a specfile and writes probe files and progress lines.

    Attributes
    ----------
    name : str
        What ``--engine`` and ``state.json`` call it.
    description : str
        One line for people.
    command : callable
        Maps the name of the specfile to program and arguments; started in the case directory.
    environment : callable
        Maps the environment of this process and the number of threads (None leaves it to the
        engine) to the environment of the engine.
    check : callable
        Raises an error if the engine cannot run a case.
    resume : callable, optional
        As `command`, for going on from a checkpoint; None if the engine has none.
    checkpoint : callable, optional
        Maps the name of the specfile to that of its checkpoint in the case directory.
    site : str, optional
        Name or absolute path of the site profile that describes it.
    """

    name: str
    description: str
    command: Callable[[str], tuple[str, ...]]
    environment: Callable[[Mapping[str, str], int | None], dict[str, str]] = engine_environment
    check: Callable[[Case], None] = _runs_all
    resume: Callable[[str], tuple[str, ...]] | None = None
    checkpoint: Callable[[str], str] | None = None
    site: str | None = None


def _embedded_command(specfile: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "exacouple.engine", specfile)


def _embedded_resume(specfile: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "exacouple.engine", "--resume", specfile)


def _embedded_checkpoint(specfile: str) -> str:
    return f"{Path(specfile).stem}.checkpoint.npz"


ENGINES = {
    "embedded": Engine(
        name="embedded",
        description="the ADER-DG engine that comes with exacouple",
        command=_embedded_command,
        resume=_embedded_resume,
        checkpoint=_embedded_checkpoint,
    )
}


def get_engine(name: str) -> Engine:
    """Return an engine by name.

    Raises
    ------
    UsageError
        There is no such engine in this version.
    """
    if name in ENGINES:
        return ENGINES[name]
    if name == "exahype":
        raise UsageError(
            "engine 'exahype' needs a site profile that describes your build of ExaHyPE: give "
            "--site (see `exacouple run --help`)"
        )
    close = difflib.get_close_matches(name, ENGINES, n=1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    raise UsageError(f"no engine '{name}'{hint} (there is: {', '.join(ENGINES)})")
