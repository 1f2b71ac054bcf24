"""Our own shallow-water application for ExaHyPE 1's toolkit, rendered from templates."""

from pathlib import Path

from exacouple import __version__
from exacouple.atomic import atomic_directory, write_json
from exacouple.cases.mesh import PNPM
from exacouple.errors import UsageError
from exacouple.hashing import sha256_file
from exacouple.resources import template_environment, templates_dir

MANIFEST = "application.json"
SCHEMA = "exacouple-application/1"
PROFILE = "site.toml"
BUILD = "build.sh"
EXECUTABLE = "ExaHyPE-exacouple"

ORDERS = (min(PNPM), max(PNPM))

_FOLDER = "application"
_TEMPLATE = ".j2"
_MAY_RUN = 0o755


def render_application(order: int, out: str | Path, *, force: bool = False) -> Path:
    """Write the application's folder: all of it or nothing.

    It holds the C++ sources, the specfile for the toolkit, a script that builds it against a
    checkout of ExaHyPE, the profile of the build for ``--site``, and a manifest.

    Parameters
    ----------
    order
        Polynomial order, which is compiled in.
    out
        Folder to write.
    force
        Replace an application that is already there, with what was built in it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        The order is out of range; the folder exists and `force` is not set, or it holds something
        that is no application.
    ExacoupleError
        The folder cannot be written.
    """
    if order not in PNPM:
        raise UsageError(
            f"order {order}: ExaHyPE's time step is known for {ORDERS[0]} to {ORDERS[1]}"
        )
    out = Path(out)
    with atomic_directory(out, force=force, marker=MANIFEST) as directory:
        for name, text in _render(order).items():
            (directory / name).write_text(text, encoding="utf-8", newline="\n")
        (directory / BUILD).chmod(_MAY_RUN)
        write_json(directory / MANIFEST, _describe(order, directory))
    return out


def _render(order: int) -> dict[str, str]:
    """Return the files by name; only those that end in ``.j2`` are templates."""
    environment = template_environment(_FOLDER)
    values = {"order": order, "version": __version__}
    return {
        path.name.removesuffix(_TEMPLATE): environment.get_template(path.name).render(values)
        if path.suffix == _TEMPLATE
        else path.read_text(encoding="utf-8")
        for path in sorted((templates_dir() / _FOLDER).iterdir())
        if path.is_file()
    }


def _describe(order: int, directory: Path) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "order": order,
        "versions": {"exacouple": __version__},
        "files": {path.name: sha256_file(path) for path in sorted(directory.iterdir())},
    }
