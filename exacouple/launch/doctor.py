"""Checks of this machine: what exacouple needs, and what is there."""

import fcntl
import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from exacouple import __version__
from exacouple.launch.engines import engine_environment, get_engine

CORE = (
    "numpy",
    "scipy",
    "xarray",
    "netCDF4",
    "pyproj",
    "numba",
    "matplotlib",
    "yaml",
    "jinja2",
    "pooch",
    "rich",
)
"""Packages without which exacouple does not work, by the name that is imported."""

EXTRAS = (
    ("tensorflow", "train", "training of autoencoders and the .keras ones"),
    ("umbridge", "uq", "the UM-Bridge server"),
)
"""Packages of optional parts: name, extra, what for."""

TIMEOUT = 60.0
_LITTLE_BYTES = 1 << 30
_DISTRIBUTIONS = {"yaml": "PyYAML"}


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes
    ----------
    name
        What was checked.
    status
        "ok", "warning" (works, but read it), "failed", or "skipped" (not there and not needed
        unless asked for).
    found
        What was found.
    fix
        What to do about it; empty if it is all right.
    """

    name: str
    status: Literal["ok", "warning", "failed", "skipped"]
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Answer:
    """What a program has answered.

    Attributes
    ----------
    exit_code
        Its exit status; None if it could not be started or has not ended in time.
    text
        Both of its streams.
    trouble
        Why there is no exit status.
    """

    exit_code: int | None
    text: str
    trouble: str = ""

    @property
    def good(self) -> bool:
        """Whether it ended with status 0."""
        return self.exit_code == 0

    @property
    def last_words(self) -> str:
        """Why it is not good, as one line."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        return self.trouble or (lines[-1][:200] if lines else f"exit status {self.exit_code}")


def ask(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = TIMEOUT,
) -> Answer:
    """Run a program that answers at once, and end it if it does not.

    Its whole process group is ended then, so that nothing is left behind.
    """
    try:
        process = subprocess.Popen(
            command,
            env=None if environment is None else dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    except OSError as exc:
        return Answer(None, "", f"cannot start {command[0]}: {exc.strerror or exc}")
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return Answer(None, "", f"{command[0]} has not answered within {timeout:g} s")
    return Answer(process.returncode, output.decode("utf-8", errors="replace"))


def machine_checks(directory: Path) -> Iterator[Check]:
    """Check Python, packages, the embedded engine, and the directory that runs would go to."""
    yield _python()
    for name in CORE:
        yield _package(name)
    for name, extra, purpose in EXTRAS:
        yield _extra(name, extra, purpose)
    yield _embedded_engine()
    yield _threads()
    yield _writable(directory)
    yield _locks(directory)
    yield _room(directory)


def _python() -> Check:
    version = platform.python_version()
    return Check("Python", "ok", f"{version} ({sys.executable}), exacouple {__version__}")


def _package(name: str) -> Check:
    distribution = _DISTRIBUTIONS.get(name, name)
    try:
        importlib.import_module(name)
        return Check(distribution, "ok", importlib.metadata.version(distribution))
    except Exception as exc:  # a broken binary package may raise anything
        cause = f"cannot be imported: {type(exc).__name__}: {exc}".splitlines()[0]
        return Check(distribution, "failed", cause, f"pip install --upgrade {distribution}")


def _extra(name: str, extra: str, purpose: str) -> Check:
    try:
        return Check(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        fix = f"for {purpose}: pip install 'exacouple[{extra}]'"
        return Check(name, "skipped", "not installed", fix)


def _embedded_engine() -> Check:
    *command, _ = get_engine("embedded").command("")
    answer = ask([*command, "--version"], environment=engine_environment(os.environ))
    if answer.good:
        return Check("embedded engine", "ok", "starts")
    fix = f"install exacouple again ({' '.join(command)} --version says why)"
    return Check("embedded engine", "failed", answer.last_words, fix)


def _threads() -> Check:
    cores = len(os.sched_getaffinity(0))
    asked = os.environ.get("OMP_NUM_THREADS")
    if asked is None:
        return Check("processors", "ok", f"{cores}")
    found = f"{cores}, OMP_NUM_THREADS is {asked}"
    if asked.isdigit() and 1 <= int(asked) <= cores:
        return Check("processors", "ok", found)
    fix = f"set OMP_NUM_THREADS to 1 to {cores}, or unset it"
    return Check("processors", "warning", found, fix)


def _writable(directory: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=directory):
            return Check("write access", "ok", str(directory))
    except OSError as exc:
        found = f"{directory}: {exc.strerror or exc}"
        return Check("write access", "failed", found, "work in a directory that you may write to")


def _locks(directory: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=directory) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return Check("file locks", "ok", "work")
    except OSError as exc:
        fix = "do not start the same case twice at a time: nothing but state.json guards it here"
        return Check("file locks", "warning", str(exc.strerror or exc), fix)


def _room(directory: Path) -> Check:
    try:
        free = shutil.disk_usage(directory).free
    except OSError as exc:
        return Check("disk", "failed", f"{directory}: {exc.strerror or exc}", "choose another one")
    found = f"{free / 1e9:.1f} GB free"
    if free >= _LITTLE_BYTES:
        return Check("disk", "ok", found)
    return Check("disk", "warning", found, f"make room on the disk of {directory}")
