"""TOML tables into frozen dataclasses, with every key and value checked."""

import copy
import dataclasses
import difflib
import math
import tomllib
import types
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from exacouple.errors import ExacoupleError, UsageError

T = TypeVar("T")

_NAMES: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    date: "a date such as 2011-03-11",
    datetime: "a date and time with its offset such as 2011-03-11T05:46:24Z",
}


def load_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    UsageError
        There is no such file, or it is not TOML: the message names file, line and column.
    ExacoupleError
        The file cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError as exc:
        raise UsageError(f"{path}: no such file") from exc
    except tomllib.TOMLDecodeError as exc:
        raise UsageError(f"{path}: not valid TOML: {exc}") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: not valid TOML: byte {exc.start} is not UTF-8") from exc
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror or exc}") from exc


def changed(table: Mapping[str, Any], changes: Iterable[str]) -> dict[str, Any]:
    """Return a table with some values replaced or added.

    Parameters
    ----------
    table : Mapping
        What `load_toml` returned.
    changes : iterable of str
        ``TABLE.KEY=VALUE`` with a value as in TOML; what is no TOML value is taken as text.

    Raises
    ------
    UsageError
        A change is not of that form, or goes into something that is not a table.

    Examples
    --------
    >>> changed({"domain": {"cells": 79}}, ["domain.cells=27", "source=USGS"])
    {'domain': {'cells': 27}, 'source': 'USGS'}
    """
    result = copy.deepcopy(dict(table))
    for change in changes:
        key, equals, text = change.partition("=")
        *parents, last = key.strip().split(".")
        if not (equals and last and all(parents)):
            raise UsageError(f"change '{change}': give TABLE.KEY=VALUE")
        inner = result
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise UsageError(f"change '{change}': '{parent}' is not a table")
        inner[last] = _toml_value(text.strip())
    return result


def _toml_value(text: str) -> Any:
    try:
        table = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return table["value"] if len(table) == 1 else text


def build(cls: type[T], table: Mapping[str, Any], *, where: str) -> T:
    """Make a dataclass from a TOML table.

    Fields may be ``bool``, ``int``, ``float``, ``str``, ``date``, ``datetime`` (with offset),
    ``Literal``, another dataclass, ``tuple[X, ...]``, ``tuple[X, Y]``, ``dict[str, X]``, ``Any``
    and unions of these with ``None``. Whole numbers are taken for ``float``; NaN and infinities
    are refused. A ``ValueError`` from the class's ``__post_init__`` becomes a `UsageError`.

    Parameters
    ----------
    cls : type
        The dataclass.
    table : Mapping
        What `load_toml` returned, or a part of it.
    where : str
        Start of every error message, usually the file.

    Raises
    ------
    UsageError
        A key is unknown (the message gives the nearest valid one and the list) or missing, or a
        value is of the wrong type or not allowed.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Domain:
    ...     width_km: tuple[float, float]
    ...     cells: int = 79
    >>> build(Domain, {"width_km": [1798, 1798.0]}, where="region.toml")
    Domain(width_km=(1798.0, 1798.0), cells=79)
    """
    return _build(cls, table, where, "")


def _build(cls: type[T], table: Any, where: str, path: str) -> T:
    if not isinstance(table, Mapping):
        raise _wrong(where, path, table, "a table")
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{cls!r} is not a dataclass")
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    hints = get_type_hints(cls)
    for key in table:
        if key not in fields:
            hint = _deeper(key, hints) or _nearest(key, fields)
            raise UsageError(f"{_at(where, path)}: unknown key '{key}'{hint}")
    values = {}
    for name, field in fields.items():
        inner = f"{path}.{name}" if path else name
        if name in table:
            values[name] = _convert(hints[name], table[name], where, inner)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            expected = _describe(hints[name])
            raise UsageError(f"{_at(where, path)}: key '{name}' is missing: give {expected}")
    try:
        return cls(**values)
    except (ValueError, UsageError) as exc:
        raise UsageError(f"{_at(where, path)}: {exc}") from exc


def _convert(kind: Any, value: Any, where: str, path: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _convert_union(kind, value, where, path)
    if origin is Literal:
        allowed = get_args(kind)
        if any(value == choice and type(value) is type(choice) for choice in allowed):
            return value
        hint = _nearest(value, allowed) if isinstance(value, str) else ""
        raise UsageError(
            f"{where}: {path}: expected {_describe(kind)}, got {_show(value)}"
            + hint.partition(" (")[0]
        )
    if origin is tuple:
        return _convert_tuple(kind, value, where, path)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise _wrong(where, path, value, "a table")
        item = get_args(kind)[1]
        return {key: _convert(item, part, where, f"{path}.{key}") for key, part in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _build(kind, value, where, path)
    if kind is Any:
        return value
    return _convert_scalar(kind, value, where, path)


def _convert_scalar(kind: Any, value: Any, where: str, path: str) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if kind not in _NAMES:
        raise TypeError(f"{path}: fields of type {kind!r} cannot be read from TOML")
    if type(value) is not kind:
        raise _wrong(where, path, value, _NAMES[kind])
    if kind is float and not math.isfinite(value):
        raise _wrong(where, path, value, "a finite number")
    if kind is datetime and value.tzinfo is None:
        raise _wrong(where, path, value, _NAMES[kind])
    return value


def _convert_tuple(kind: Any, value: Any, where: str, path: str) -> tuple[Any, ...]:
    items = get_args(kind)
    if not isinstance(value, list | tuple):
        raise _wrong(where, path, value, _describe(kind))
    if len(items) == 2 and items[1] is Ellipsis:
        items = (items[0],) * len(value)
    elif len(items) != len(value):
        raise _wrong(where, path, value, _describe(kind))
    return tuple(
        _convert(item, part, where, f"{path}[{index}]")
        for index, (item, part) in enumerate(zip(items, value, strict=True))
    )


def _convert_union(kind: Any, value: Any, where: str, path: str) -> Any:
    members = [member for member in get_args(kind) if member is not type(None)]
    if value is None and len(members) < len(get_args(kind)):
        return None
    if len(members) == 1:
        return _convert(members[0], value, where, path)
    for member in members:
        try:
            return _convert(member, value, where, path)
        except UsageError:
            continue
    raise _wrong(where, path, value, _describe(kind))


def _describe(kind: Any) -> str:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join(_describe(arg) for arg in args if arg is not type(None))
    if origin is Literal:
        return "one of " + ", ".join(_show(choice) for choice in args)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return f"a list, each item {_describe(args[0])}"
    if origin is tuple:
        return f"a list of {len(args)}, each {' or '.join(dict.fromkeys(map(_describe, args)))}"
    return _NAMES.get(kind, "a table")


def _nearest(key: str, valid: Any) -> str:
    """Return a ', did you mean ...' with the list of what is valid."""
    names = [str(name) for name in valid]
    close = difflib.get_close_matches(key, names, n=1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    return f"{hint} (allowed: {', '.join(names)})"


def _deeper(key: str, hints: Mapping[str, Any]) -> str:
    """Return a ', did you mean ...' if a table below has such a key; else nothing."""
    tables = {name: kind for name, kind in hints.items() if dataclasses.is_dataclass(kind)}
    found = [
        f"'{name}.{key}'"
        for name, kind in tables.items()
        if key in (field.name for field in dataclasses.fields(kind))
    ]
    return f", did you mean {' or '.join(found)}?" if found else ""


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else repr(value)


def _at(where: str, path: str) -> str:
    return f"{where}: [{path}]" if path else where


def _wrong(where: str, path: str, value: Any, expected: str) -> UsageError:
    return UsageError(f"{_at(where, '')}: {path or 'top'}: expected {expected}, got {_show(value)}")
