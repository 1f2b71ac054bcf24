"""The ``[slurm]`` table of a site profile: how a job asks SLURM for its machine."""

import re
from dataclasses import dataclass
from typing import Literal

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:@+/-]*")
_TIME = re.compile(r"\d+(:\d\d?){0,2}|\d+-\d\d?(:\d\d?){0,2}|UNLIMITED|INFINITE")
_MEMORY = re.compile(r"\d+[KMGT]?")
_OPTION = re.compile(r"(--[a-z][a-z-]*|-[A-Za-z])(?:=?(.*))", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9_.,:;@%+=/*&|()\[\]{}^~<>!?-]*")

_FORMS = {
    "partition": (_NAME, "a name as `sinfo` shows it"),
    "account": (_NAME, "a name as `sacctmgr show account` shows it"),
    "time": (_TIME, "MINUTES, HH:MM:SS, D-HH or D-HH:MM:SS"),
    "mem": (_MEMORY, "a whole number with K, M, G or T behind it"),
}

_OWN_OPTIONS = {
    "--array": "-a",
    "--chdir": "-D",
    "--error": "-e",
    "--export": "",
    "--input": "-i",
    "--job-name": "-J",
    "--no-requeue": "",
    "--open-mode": "",
    "--output": "-o",
    "--parsable": "",
    "--requeue": "",
    "--test-only": "",
    "--uid": "",
    "--wait": "-W",
    "--wrap": "",
}
"""Options that the launcher itself needs, with their short forms."""

_KEYS = {
    "--partition": ("-p", "partition"),
    "--account": ("-A", "account"),
    "--time": ("-t", "time"),
    "--nodes": ("-N", "nodes"),
    "--ntasks": ("-n", "ntasks"),
    "--cpus-per-task": ("-c", "cpus_per_task"),
    "--mem": ("", "mem"),
}
"""Options that have a key of their own, with their short forms."""


@dataclass(frozen=True)
class SlurmJob:
    """What ``sbatch`` is asked for; empty text and None leave it to the cluster.

    Attributes
    ----------
    partition, account
        As ``--partition`` and ``--account``.
    time
        Time limit as SLURM writes it, such as ``00:30:00``.
    nodes, ntasks, cpus_per_task
        Nodes, MPI ranks (None: the profile's ``ranks``) and cores of each rank.
    mem
        Memory of a node, such as ``4G``.
    extra
        Further options of ``sbatch``, one word each.
    starter
        What starts the ranks in a job: "srun"; "mpirun", as the ``[mpirun]`` table says; "none"
        starts the executable itself; "auto" is "none" for one rank and "srun" for more.
    at_once
        How many jobs of an array may run at a time; None for as many as there is room for.
    """

    partition: str = ""
    account: str = ""
    time: str = ""
    nodes: int = 1
    ntasks: int | None = None
    cpus_per_task: int | None = None
    mem: str = ""
    extra: tuple[str, ...] = ()
    starter: Literal["auto", "srun", "mpirun", "none"] = "auto"
    at_once: int | None = None

    def __post_init__(self) -> None:
        for name in ("nodes", "ntasks", "cpus_per_task", "at_once"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} {value} must be 1 or more")
        for name, (form, allowed) in _FORMS.items():
            text = getattr(self, name)
            if text and not form.fullmatch(text):
                raise ValueError(f"{name} {text!r}: give {allowed}")
        for word in self.extra:
            _check_extra(word)

    @property
    def options(self) -> tuple[str, ...]:
        """Options of ``sbatch``, one word each; they hold nothing that a line would break at."""
        asked = (
            ("partition", self.partition),
            ("account", self.account),
            ("time", self.time),
            ("nodes", self.nodes),
            ("ntasks", self.ntasks),
            ("cpus-per-task", self.cpus_per_task),
            ("mem", self.mem),
        )
        return (*(f"--{name}={value}" for name, value in asked if value), *self.extra)


def _check_extra(word: str) -> None:
    found = _OPTION.fullmatch(word)
    if found is None:
        raise ValueError(f"extra: {word!r} is no option: give words such as '--qos=high'")
    name, value = found.groups()
    if not _PLAIN.fullmatch(value):
        raise ValueError(
            f"extra: {word!r}: blanks, quotes, backslashes, # and $ cannot be given to sbatch in a "
            "job script: leave them out"
        )
    for option, short in _OWN_OPTIONS.items():
        if _means(name, option, short):
            raise ValueError(f"extra: {word!r}: {option} is set by exacouple: leave it out")
    for option, (short, key) in _KEYS.items():
        if _means(name, option, short):
            raise ValueError(f"extra: {word!r}: give it as {key} in [slurm]")


def _means(name: str, option: str, short: str) -> bool:
    """Tell whether a word names an option, abbreviated as ``sbatch`` allows or not."""
    return name == short or (len(name) > len("--x") and option.startswith(name))
