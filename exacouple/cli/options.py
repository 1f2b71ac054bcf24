"""Options that several subcommands share."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def force_option(function: F) -> F:
    """Add ``--force`` (parameter ``force``)."""
    return click.option("--force", is_flag=True, help="Replace what is already there.")(function)


def json_option(function: F) -> F:
    """Add ``--json`` (parameter ``as_json``): the result as JSON on standard output."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print the result as JSON, for programs."
    )(function)


def engine_option(function: F) -> F:
    """Add ``--engine`` (parameter ``engine``)."""
    return click.option(
        "--engine",
        metavar="NAME",
        help="Engine: embedded, or exahype for your own build, which needs --site.  "
        "[default: exahype with --site, else embedded]",
    )(function)


def site_option(function: F) -> F:
    """Add ``--site`` (parameter ``site_name``)."""
    return click.option(
        "--site",
        "site_name",
        metavar="NAME|FILE",
        help="Profile of your build of ExaHyPE, or of how your cluster starts the embedded engine.",
    )(function)


def printable(text: str) -> str:
    """Return text with control characters other than line ends and tabs as escapes."""
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) != "Cc" else repr(char)[1:-1]
        for char in text
    )


def echo_json(obj: Any) -> None:
    """Print `obj` as indented JSON on standard output; NaN and infinities become null."""
    click.echo(json.dumps(_finite(obj), indent=2, ensure_ascii=False))


def _finite(obj: Any) -> Any:
    if isinstance(obj, dict):
        return {key: _finite(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [_finite(value) for value in obj]
    if isinstance(obj, float) and not abs(obj) < float("inf"):
        return None
    return obj
