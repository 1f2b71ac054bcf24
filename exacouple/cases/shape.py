"""What ``case.json`` must hold to be used, checked once: no stage after that meets a damaged one.

Names in it become parts of paths, and must not lead out of the case.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from exacouple.cases.application import METRES

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_OPTIONAL = "?"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    """Tell whether a value names something in one folder: no path, nothing hidden."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_unit(value: Any) -> bool:
    return isinstance(value, str) and value in METRES


def _are_files(value: Any) -> bool:
    return (
        isinstance(value, dict) and all(map(_is_name, value)) and all(map(_is_text, value.values()))
    )


_SHAPE: Mapping[str, Any] = {
    "region": _is_name,
    "region_config": {
        "title": _is_text,
        "event": {"epicentre": (_is_number, _is_number)},
        "domain": {
            "offset_km": (_is_number, _is_number),
            "width_km": (_is_positive, _is_positive),
        },
        "simulation": {
            "gravity": _is_positive,
            "dry_tolerance_m": _is_positive,
            "boundary": _is_text,
        },
    },
    "source": {"name": _is_text},
    "event_origin": _is_text,
    "projection": _is_text,
    "units": {"specfile": _is_unit, "probes": _is_unit},
    "mesh": {"cells": (_is_count, _is_count), "order": _is_count},
    "end_time_s": _is_positive,
    "sampling_s": _is_positive,
    "buoys": [
        {
            "id": _is_name,
            "name": _is_text,
            "lon": _is_number,
            "lat": _is_number,
            "x_m": _is_number,
            "y_m": _is_number,
        }
    ],
    "specfile": _is_name,
    "probes": {
        "directory": _is_name,
        "columns": [_is_text],
        "dialect?": _is_text,
        "origin_m?": (_is_number, _is_number),
    },
    "target?": {"engine": _is_text, "site": _is_text, "application": {}},
    "files": _are_files,
}
"""A test for each value, a table for a table, a list for any number, a tuple for so many."""


def faults(manifest: Any) -> list[str]:
    """Return what a manifest lacks, and which of its values cannot be used.

    Examples
    --------
    >>> faults({"region": "../bay"})[:2]
    ["region is '../bay'", 'no region_config']
    """
    return list(_faults(manifest, _SHAPE, ""))


def _faults(value: Any, shape: Any, where: str) -> Iterator[str]:
    if isinstance(shape, Mapping) and isinstance(value, Mapping):
        for key, inner in shape.items():
            name = key.removesuffix(_OPTIONAL)
            at = f"{where}.{name}" if where else name
            if name in value:
                yield from _faults(value[name], inner, at)
            elif name == key:
                yield f"no {at}"
    elif isinstance(shape, list) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, shape[0], f"{where}[{index}]")
    elif isinstance(shape, tuple) and isinstance(value, list) and len(value) == len(shape):
        for index, (item, inner) in enumerate(zip(value, shape, strict=True)):
            yield from _faults(item, inner, f"{where}[{index}]")
    elif isinstance(shape, Mapping | list | tuple) or not shape(value):
        yield f"{where} is {value!r:.60}"
