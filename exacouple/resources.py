"""Where the shipped templates and simulations are, installed or in a checkout."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exacouple.errors import ExacoupleError

if TYPE_CHECKING:
    import jinja2

_PACKAGE = Path(__file__).resolve().parent


def templates_dir() -> Path:
    """Return the directory of the Jinja templates.

    Raises
    ------
    ExacoupleError
        The installation is incomplete.
    """
    return _find("templates")


def template_environment(
    folder: str,
    *,
    filters: Mapping[str, Callable[..., str]] | None = None,
    finalize: Callable[[Any], Any] | None = None,
) -> "jinja2.Environment":
    """Return what renders the templates of a folder, none of which is HTML.

    A name that has no value is an error; lines that hold only a statement leave no line.

    Parameters
    ----------
    folder
        Name of the folder below that of the templates.
    filters
        Further filters by name.
    finalize
        Takes each value that a template prints.

    Raises
    ------
    ExacoupleError
        The installation is incomplete.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_dir() / folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        finalize=finalize,
    )
    environment.filters.update(filters or {})
    return environment


def simulations_dir() -> Path:
    """Return the directory that holds one folder per region.

    Raises
    ------
    ExacoupleError
        The installation is incomplete.
    """
    return _find("simulations")


def _find(name: str) -> Path:
    """Look inside the package (wheel) and then beside it (checkout, editable install)."""
    candidates = (_PACKAGE / name, _PACKAGE.parent / name)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise ExacoupleError(
        f"the shipped folder '{name}' is neither {candidates[0]} nor {candidates[1]}: "
        "install exacouple again"
    )
