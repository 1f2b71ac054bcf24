"""Site profiles: a user's build of ExaHyPE, what is compiled into it and how it is started.

A profile with ``engine = "embedded"`` says how the embedded engine is started instead.

A profile (TOML, ``schema = 1``) may name another one as its ``base`` and change some of its keys;
tables are merged, lists are replaced.
"""

import difflib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from exacouple.cases.application import Application
from exacouple.cases.exahype2 import EXPERIMENTAL, Exahype2
from exacouple.cases.site_slurm import SlurmJob
from exacouple.config import build, load_toml
from exacouple.errors import UsageError
from exacouple.resources import templates_dir

SHARED_DIR = "SHARED_DIR"
"""Variable that tells an application where its shift file is: a prefix, not a folder."""

_FIND_MODULE_COMMAND = (
    'type module >/dev/null 2>&1 || for file in "${MODULESHOME-}/init/bash" '
    "/etc/profile.d/modules.sh /etc/profile.d/lmod.sh; do "
    '[ -r "$file" ] && . "$file" && break; done'
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class MpiRun:
    """How MPI programs are started.

    Attributes
    ----------
    command
        The starter, by name or path.
    arguments
        Put before ``-n RANKS``, one word each.
    export
        Option that passes one variable on to the ranks: ``-x`` of Open MPI; empty for a starter
        that passes on all of them (MPICH, Intel MPI).
    """

    command: str = "mpirun"
    arguments: tuple[str, ...] = ()
    export: str = "-x"

    def __post_init__(self) -> None:
        _check_words(command=(self.command,), arguments=self.arguments)


@dataclass(frozen=True)
class SiteProfile:
    """What a profile says.

    Attributes
    ----------
    name, title
        What ``case.json`` calls it; one line for people.
    engine
        "exahype" for ExaHyPE 1, "exahype2" for ExaHyPE 2 (Peano 4), or "embedded" for the engine
        that comes with exacouple, which needs neither `executable` nor `application`.
    executable
        Path of the executable, or a name on the search path; in a file relative to the profile
        that gives it, a base too. For the embedded engine a Python that has exacouple; empty for
        the one that runs this program.
    application
        What is compiled into it (engine "exahype").
    exahype2
        The application of ExaHyPE 2 (engine "exahype2").
    experimental
        What could not be tried on the real engine; empty if the profile is proven. For ExaHyPE 2
        there is always a word.
    launcher
        "local" starts the executable itself, "mpirun" through MPI, "slurm" in a batch job.
    ranks
        MPI ranks; with two or more, rank 0 only organises the others.
    modules
        Environment modules to load first.
    environment
        Variables to set; ``${NAME}`` in a value stands for what NAME is where the engine starts.
    """

    schema: Literal[1]
    name: str
    engine: Literal["exahype", "exahype2", "embedded"] = "exahype"
    executable: str = ""
    application: Application | None = None
    exahype2: Exahype2 | None = None
    experimental: str = ""
    title: str = ""
    launcher: Literal["local", "mpirun", "slurm"] = "local"
    ranks: int = 1
    modules: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    mpirun: MpiRun = field(default_factory=MpiRun)
    slurm: SlurmJob = field(default_factory=SlurmJob)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name '{self.name}': it names directories, so give letters, digits, - _ and . only"
            )
        _check_words(modules=self.modules)
        if self.ranks < 1:
            raise ValueError(f"ranks {self.ranks} must be 1 or more")
        if self.ranks > 1 and self.launcher == "local":
            raise ValueError(
                f"ranks {self.ranks}: launcher 'local' starts one process: give launcher 'mpirun'"
            )
        if self.engine == "embedded":
            self._check_embedded()
        elif self.engine == "exahype2":
            self._check_exahype2()
        else:
            self._check_exahype()
        for name, value in self.environment.items():
            if not _VARIABLE.fullmatch(name):
                raise ValueError(f"environment: '{name}' is no name of a variable")
            if "\0" in value:
                raise ValueError(f"environment.{name}: the value holds a NUL byte")

    def _check_exahype(self) -> None:
        for key in ("executable", "application"):
            if not getattr(self, key):
                raise ValueError(
                    f"key '{key}' is missing: a build of ExaHyPE needs it (the embedded engine "
                    'does not: engine = "embedded")'
                )
        assert self.application is not None
        _check_words(executable=(self.executable,))
        ranks = max(self.ranks, self.slurm.ntasks or 1)
        if ranks > 1 and self.application.single_rank:
            raise ValueError(
                f"ranks {ranks}: this build crashes with two or more ranks "
                "(application.single_rank): give 1, or set single_rank = false for a mended build"
            )
        if SHARED_DIR in self.environment and self.application.shift_file:
            raise ValueError(
                f"environment.{SHARED_DIR}: leave it out: it is the case directory, where "
                f"{self.application.shift_file} is"
            )

    def _check_exahype2(self) -> None:
        if not self.executable or self.exahype2 is None:
            raise ValueError("engine 'exahype2' needs `executable` and a table [exahype2]")
        if self.application is not None:
            raise ValueError("engine 'exahype2': [application] is for ExaHyPE 1: leave it out")
        _check_words(executable=(self.executable,))

    def _check_embedded(self) -> None:
        if self.executable:
            _check_words(executable=(self.executable,))
        if self.ranks > 1 or self.launcher == "mpirun" or (self.slurm.ntasks or 1) > 1:
            raise ValueError(
                "the embedded engine is one process with threads: leave out `ranks` and "
                '`slurm.ntasks`, and give launcher = "local" or "slurm"'
            )


@dataclass(frozen=True)
class Site:
    """A profile that was read.

    Attributes
    ----------
    profile
        What it says.
    path
        The file.
    given
        How it was asked for: the name of a shipped profile or a path.
    """

    profile: SiteProfile
    path: Path
    given: str

    @property
    def name(self) -> str:
        """Name of the profile."""
        return self.profile.name

    @property
    def lasting(self) -> str:
        """How a later command finds it: the name of a shipped profile, or its absolute path."""
        return self.given if self.given in site_names() else str(self.path.resolve())

    @property
    def is_embedded(self) -> bool:
        """Whether it starts the embedded engine."""
        return self.profile.engine == "embedded"

    @property
    def exahype2(self) -> Exahype2 | None:
        """The application of ExaHyPE 2; None for other engines."""
        return self.profile.exahype2 if self.profile.engine == "exahype2" else None

    @property
    def experimental(self) -> str:
        """What could not be tried on the real engine; empty if nothing."""
        return self.profile.experimental or (EXPERIMENTAL if self.exahype2 else "")

    @property
    def exahype2_config(self) -> Path:
        """Configuration file of a build of ExaHyPE 2."""
        assert self.exahype2 is not None
        return Path(self.exahype2.config)

    @property
    def application(self) -> Application:
        """What is compiled into the executable; a profile of the embedded engine has none."""
        if self.exahype2 is not None:
            return self.exahype2.application()
        assert self.profile.application is not None
        return self.profile.application

    @property
    def executable(self) -> str:
        """Absolute path of the executable; a plain name stays one for the search path to find."""
        return self.profile.executable or sys.executable

    def find_executable(self) -> Path | None:
        """Return the executable; None if there is none here without the profile's modules."""
        found = shutil.which(self.executable)
        return Path(found) if found else None

    @property
    def variables(self) -> dict[str, str]:
        """Variables to set, the one that leads to the shift file included."""
        application = None if self.is_embedded else self.profile.application
        shift = {SHARED_DIR: "./"} if application and application.shift_file else {}
        return self.profile.environment | shift

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of `base` and those of the profile, references filled in."""
        return {
            **base,
            **{name: expand(value, base) for name, value in self.variables.items()},
        }

    def shell_lines(self) -> list[str]:
        """Return lines of bash that load the modules and set the variables."""
        modules = self.profile.modules
        lines = [_FIND_MODULE_COMMAND] if modules else []
        lines += [f"module load {shlex.quote(name)} || exit 127" for name in modules]
        lines += [f"export {name}={shell_word(value)}" for name, value in self.variables.items()]
        return lines


def site_names() -> list[str]:
    """Return the names of the shipped profiles."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def load_site(name_or_path: str | Path) -> Site:
    """Read and check a profile.

    Parameters
    ----------
    name_or_path
        Name of a shipped profile (write ``./name`` for a file of the same name), or a file.

    Raises
    ------
    UsageError
        There is no such profile; a key is unknown or missing or has a wrong value.
    """
    path = _find(name_or_path, Path())
    table = _merged(path, ())
    return Site(build(SiteProfile, table, where=str(path)), path, str(name_or_path))


def expand(value: str, environment: Mapping[str, str]) -> str:
    """Replace ``${NAME}`` by the variable NAME, by nothing if it is not set.

    Examples
    --------
    >>> expand("/opt/lib:${LD_LIBRARY_PATH}", {"LD_LIBRARY_PATH": "/usr/lib"})
    '/opt/lib:/usr/lib'
    """
    return _REFERENCE.sub(lambda match: environment.get(match[1], ""), value)


def shell_word(value: str) -> str:
    """Quote a value for a shell, leaving ``${NAME}`` for the shell to replace.

    Examples
    --------
    >>> print(shell_word("/opt/my lib:${LD_LIBRARY_PATH}"))
    '/opt/my lib:'"${LD_LIBRARY_PATH-}"
    """
    literals = _REFERENCE.split(value)
    words = [
        f'"${{{text}-}}"' if index % 2 else shlex.quote(text) if text else ""
        for index, text in enumerate(literals)
    ]
    return "".join(words) or "''"


def _folder() -> Path:
    return templates_dir() / "sites"


def _find(name_or_path: str | Path, relative_to: Path) -> Path:
    text = str(name_or_path)
    names = site_names()
    if text in names:
        return _folder() / f"{text}.toml"
    path = relative_to / Path(text).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        raise UsageError(f"{path} is a directory: a site profile is a TOML file")
    if Path(text).suffix == ".toml" or "/" in text:
        raise UsageError(f"{path}: no such site profile")
    close = difflib.get_close_matches(text, names, n=1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    raise UsageError(
        f"no site profile '{text}'{hint} (there are: {', '.join(names)}; or give a TOML file)"
    )


def _merged(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """Return the table of a profile, put over that of its base."""
    if path.resolve() in seen:
        raise UsageError(f"{path}: base: the profile is its own base")
    table = _with_paths(load_toml(path), path.parent)
    base = table.pop("base", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise UsageError(f"{path}: base: expected the name or path of a profile, got {base!r}")
    try:
        below = _merged(_find(base, path.parent), (*seen, path.resolve()))
    except UsageError as exc:
        raise UsageError(f"{path}: base: {exc}") from exc
    return _over(below, table)


def _with_paths(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Let the paths of a profile count from its own folder, also in profiles built on it."""
    table = dict(table)
    text = table.get("executable")
    if isinstance(text, str) and ("/" in text or text.startswith("~")):
        table["executable"] = _absolute(folder, text)
    peano = table.get("exahype2")
    if isinstance(peano, Mapping) and isinstance(config := peano.get("config"), str) and config:
        table["exahype2"] = {**peano, "config": _absolute(folder, config)}
    return table


def _absolute(folder: Path, text: str) -> str:
    return os.path.abspath(folder / Path(text).expanduser())


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            value = _over(old, value)
        merged[key] = value
    return merged


def _check_words(**lists: tuple[str, ...]) -> None:
    for name, words in lists.items():
        for word in words:
            if not word or "\0" in word or "\n" in word:
                raise ValueError(f"{name}: {word!r} is no word for a command line")
