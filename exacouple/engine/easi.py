"""The part of easi's YAML language that the tsunami application uses.

The tags are ``!AffineMap``, ``!Switch``, ``!Any``, ``!AxisAlignedCuboidalDomainFilter``,
``!ASAGI`` and ``!ConstantMap`` (https://easyinit.readthedocs.io); any other is refused. The root
coordinates are x, y and z, with z always 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from exacouple.engine.components import (
    AffineMap,
    AsagiGrid,
    Component,
    ConstantMap,
    CuboidFilter,
    FirstOf,
    Identity,
    Switch,
)
from exacouple.errors import ExacoupleError, UsageError


class Model:
    """An easi model with the data that a rectangle needs.

    Parameters
    ----------
    path
        The YAML file; data files in it are relative to its directory.
    boxes
        For each value that will be asked for, the rectangle ``((x0, x1), (y0, y1))`` of root
        coordinates in which it will be asked for.

    Raises
    ------
    UsageError
        The file is not YAML, uses a tag or key that is not supported, or gives no such value.
    ExacoupleError
        The YAML or a data file cannot be read or used.
    """

    def __init__(
        self, path: str | Path, boxes: Mapping[str, tuple[tuple[float, float], tuple[float, float]]]
    ) -> None:
        self.path = Path(path)
        self._root = _parse(self.path)
        for name, (x_range, y_range) in boxes.items():
            box = {"x": x_range, "y": y_range, "z": (0.0, 0.0)}
            self._root.load(name, box, self.path.parent)

    def evaluate(
        self, name: str, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Value at each point, shaped like `x`.

        Raises
        ------
        ExacoupleError
            If no component accepts one of the points.
        """
        points = {"x": x.ravel(), "y": y.ravel(), "z": np.zeros(x.size)}
        accepted = self._root.accepts(points)
        if not accepted.all():
            first = int(np.argmin(accepted))
            raise ExacoupleError(
                f"{self.path}: no component gives '{name}' at x {points['x'][first]:g}, "
                f"y {points['y'][first]:g}; add a !ConstantMap as the last choice of !Any"
            )
        return self._root.evaluate(name, points).reshape(x.shape)


class _Loader(yaml.SafeLoader):
    """Safe YAML with easi's tags."""


def _parse(path: Path) -> Component:
    try:
        with path.open(encoding="utf-8") as stream:
            root = yaml.load(stream, Loader=_Loader)
    except FileNotFoundError as exc:
        raise ExacoupleError(
            f"{path}: no such file; start the engine in the folder that holds it"
        ) from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: not valid YAML: byte {exc.start} is not UTF-8") from exc
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except yaml.YAMLError as exc:
        raise UsageError(f"{path}: not valid YAML: {' '.join(str(exc).split())}") from exc
    if not isinstance(root, Component):
        raise UsageError(f"{path}: the outermost value must be a component such as !AffineMap")
    return root


def _where(node: yaml.Node) -> str:
    return f"{node.start_mark.name}, line {node.start_mark.line + 1}"


def _table(
    loader: _Loader, node: yaml.Node, *, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, Any]:
    """Keys and values of a component, with unknown, repeated and missing keys refused."""
    known = (*required, *optional)
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"{_where(node)}: {node.tag} needs the keys {', '.join(known)}")
    table: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key not in known:
            raise UsageError(
                f"{_where(key_node)}: {node.tag} has no key '{key}' (allowed: {', '.join(known)})"
            )
        if key in table:
            raise UsageError(f"{_where(key_node)}: key '{key}' is given twice")
        table[key] = loader.construct_object(value_node, deep=True)
    for key in required:
        if key not in table:
            raise UsageError(f"{_where(node)}: {node.tag} needs the key '{key}'")
    return table


def _child(where: str, value: Any) -> Component:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Component):
        raise UsageError(f"{where}: 'components' must be one component such as !ASAGI")
    return value


def _number(where: str, value: Any) -> float:
    """Take a number; ``1e6`` without a dot is text to PyYAML but a number to easi."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{where}: {value!r} is not a finite number")
    return number


def _numbers(where: str, table: Any) -> dict[str, float]:
    if not isinstance(table, dict) or not table:
        raise UsageError(f"{where}: {table!r} must be a table of numbers")
    return {str(key): _number(where, value) for key, value in table.items()}


def _rows(where: str, table: Any) -> dict[str, list[float]]:
    if not isinstance(table, dict) or not all(isinstance(row, list) for row in table.values()):
        raise UsageError(f"{where}: {table!r} must be a table of lists of numbers")
    return {str(key): [_number(where, value) for value in row] for key, row in table.items()}


def _constant_map(loader: _Loader, node: yaml.Node) -> Component:
    return ConstantMap(
        _where(node), _numbers(_where(node), _table(loader, node, required=["map"])["map"])
    )


def _affine_map(loader: _Loader, node: yaml.Node) -> Component:
    where = _where(node)
    table = _table(loader, node, required=["matrix", "translation"], optional=["components"])
    matrix, translation = _rows(where, table["matrix"]), _numbers(where, table["translation"])
    if matrix.keys() != translation.keys():
        raise UsageError(f"{where}: matrix and translation must have the same keys")
    child = _child(where, table["components"]) if "components" in table else Identity(where)
    return AffineMap(where, matrix, translation, child)


def _filter(loader: _Loader, node: yaml.Node) -> Component:
    where = _where(node)
    table = _table(loader, node, required=["limits", "components"])
    limits = {}
    for key, row in _rows(where, table["limits"]).items():
        if len(row) != 2 or row[0] > row[1]:
            raise UsageError(f"{where}: limits of '{key}' must be [lower, upper], got {row}")
        limits[key] = (row[0], row[1])
    return CuboidFilter(where, limits, _child(where, table["components"]))


def _any(loader: _Loader, node: yaml.Node) -> Component:
    where = _where(node)
    children = _table(loader, node, required=["components"])["components"]
    children = children if isinstance(children, list) else [children]
    if not children:
        raise UsageError(f"{where}: !Any needs at least one component")
    return FirstOf(where, [_child(where, child) for child in children])


def _switch(loader: _Loader, node: yaml.Node) -> Component:
    where = _where(node)
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"{where}: !Switch needs keys such as [b]")
    choices = []
    for key_node, value_node in node.value:
        names = loader.construct_object(key_node, deep=True)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UsageError(f"{_where(key_node)}: a key of !Switch must be a list such as [b]")
        child = loader.construct_object(value_node, deep=True)
        choices.append((tuple(names), _child(_where(value_node), child)))
    return Switch(where, choices)


def _asagi(loader: _Loader, node: yaml.Node) -> Component:
    where = _where(node)
    table = _table(
        loader,
        node,
        required=["file", "parameters"],
        optional=["var", "interpolation", "components"],
    )
    parameters, interpolation = table["parameters"], table.get("interpolation", "linear")
    if not isinstance(parameters, list) or len(parameters) != 1:
        raise UsageError(f"{where}: !ASAGI gives one parameter here, got {parameters!r}")
    if interpolation not in ("linear", "nearest"):
        raise UsageError(f"{where}: interpolation must be linear or nearest: {interpolation!r}")
    child = _child(where, table["components"]) if "components" in table else Identity(where)
    return AsagiGrid(
        where=where,
        file=str(table["file"]),
        variable=str(table.get("var", "data")),
        parameter=str(parameters[0]),
        interpolation=interpolation,
        child=child,
    )


_TAGS = {
    "!AffineMap": _affine_map,
    "!Any": _any,
    "!ASAGI": _asagi,
    "!AxisAlignedCuboidalDomainFilter": _filter,
    "!ConstantMap": _constant_map,
    "!Switch": _switch,
}


def _unsupported(loader: _Loader, suffix: str, node: yaml.Node) -> Component:
    raise UsageError(
        f"{_where(node)}: tag !{suffix} is not supported (supported: {', '.join(_TAGS)})"
    )


for _tag, _constructor in _TAGS.items():
    _Loader.add_constructor(_tag, _constructor)
_Loader.add_multi_constructor("!", _unsupported)
