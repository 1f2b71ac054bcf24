"""Settings of the checks, from ``simulations/verification``.

Each check has a TOML file of its name: title, source of the experiment, settings, those that the
full form of the check changes, and bounds that the engine is known not to keep.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from exacouple.config import build, load_toml
from exacouple.resources import simulations_dir
from exacouple.verification.results import Check, Measurement


@dataclass(frozen=True)
class Limitation:
    """Bounds that the engine is known not to keep.

    Attributes
    ----------
    quantities
        The measurements, by their names.
    worst
        How far they may be from their bounds: a value beyond it, or NaN, fails.
    reason
        Why.
    """

    quantities: tuple[str, ...]
    worst: float
    reason: str


@dataclass(frozen=True)
class Case:
    """Content of a file.

    Attributes
    ----------
    title
        The experiment in one line.
    source
        Who described it.
    settings
        Settings of both forms.
    quick, full
        Settings of one of them; without `quick` the check has its full form only.
    limitations
        What the engine is known not to keep.
    """

    title: str
    source: str
    settings: dict[str, Any] = field(default_factory=dict)
    quick: dict[str, Any] | None = None
    full: dict[str, Any] = field(default_factory=dict)
    limitations: tuple[Limitation, ...] = ()

    def reason(self, found: Measurement) -> str | None:
        """Why a measurement does not keep its bound, if that is known and it is no worse."""
        for limitation in self.limitations:
            if found.quantity in limitation.quantities:
                return limitation.reason if replace(found, bound=limitation.worst).passed else None
        return None


def path_of(name: str) -> Path:
    """File of a check."""
    return simulations_dir() / "verification" / f"{name}.toml"


@cache
def load_case(name: str) -> Case:
    """Read the file of a check."""
    return build(Case, load_toml(path_of(name)), where=str(path_of(name)))


def settings_of(check: Check, *, full: bool) -> Any:
    """Settings of a check in its quick or its full form."""
    case = load_case(check.name)
    own: Mapping[str, Any] = case.full if full or case.quick is None else case.quick
    return build(check.settings, {**case.settings, **own}, where=str(path_of(check.name)))
