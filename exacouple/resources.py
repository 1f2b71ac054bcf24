"""Where the shipped templates and simulations are, installed or in a checkout."""

from pathlib import Path

from exacouple.errors import ExacoupleError

_PACKAGE = Path(__file__).resolve().parent


def templates_dir() -> Path:
    """Return the directory of the Jinja templates.

    Raises
    ------
    ExacoupleError
        The installation is incomplete.
    """
    return _find("templates")


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
