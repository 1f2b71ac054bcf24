"""The easi subset: maps, filters and choices, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from exacouple.engine.easi import Model
from exacouple.errors import ExacoupleError, UsageError

BOX = ((-35.0, 35.0), (-35.0, 35.0))


def model(tmp_path: Path, text: str, *names: str) -> Model:
    """Write and read a model, asking for values in the box above."""
    path = tmp_path / "model.yaml"
    path.write_text(text)
    return Model(path, dict.fromkeys(names, BOX))


def evaluate(given: Model, name: str, *points: tuple[float, float]) -> list[float]:
    """Evaluate at points."""
    x, y = np.array(points, dtype=float).T
    return given.evaluate(name, x, y).tolist()


def test_kilometres_are_looked_up_in_metres_and_come_back_as_kilometres(case: Path) -> None:
    """The sea 4000 m deep is 4 km deep; the bottom rises by 0.002 km inside the filter only."""
    data = Model(case / "data.yaml", {"b": BOX, "d": BOX})
    assert evaluate(data, "b", (0.0, 0.0), (34.0, -34.0)) == pytest.approx([-4.0, -4.0])
    points = ((0.0, 0.0), (10.0, -10.0), (10.001, 0.0), (0.0, -30.0))
    assert evaluate(data, "d", *points) == pytest.approx([0.002, 0.002, 0.0, 0.0])


def test_the_shape_of_the_points_is_kept(case: Path) -> None:
    """Arrays of any shape may be asked for."""
    x = np.zeros((3, 4, 2))
    assert Model(case / "data.yaml", {"b": BOX}).evaluate("b", x, x).shape == (3, 4, 2)


def test_an_affine_map_takes_inputs_in_alphabetical_order(tmp_path: Path) -> None:
    """Columns of a matrix row belong to x, y and z."""
    text = "!AffineMap\nmatrix: {b: [2, 3, 5]}\ntranslation: {b: 0.5}\n"
    assert evaluate(model(tmp_path, text, "b"), "b", (1, 0), (0, 1)) == [2.5, 3.5]


def test_powers_of_ten_without_a_dot_are_numbers(tmp_path: Path) -> None:
    """YAML 1.1 takes 1e3 for text, easi for a thousand."""
    assert evaluate(model(tmp_path, "!ConstantMap {map: {b: -1e3}}", "b"), "b", (0, 0)) == [-1000]


def test_the_first_component_that_accepts_a_point_gives_its_value(tmp_path: Path) -> None:
    """Overlapping filters are tried in order and their limits belong to them."""
    text = """\
!Any
components:
  - !AxisAlignedCuboidalDomainFilter
    limits: {x: [0, 10]}
    components: !ConstantMap {map: {b: 1}}
  - !AxisAlignedCuboidalDomainFilter
    limits: {x: [5, 20]}
    components: !ConstantMap {map: {b: 2}}
  - !ConstantMap {map: {b: 3}}
"""
    points = ((0, 0), (10, 0), (10.5, 0), (20, 0), (-1, 0))
    assert evaluate(model(tmp_path, text, "b"), "b", *points) == [1, 1, 2, 2, 3]


def test_a_point_that_nothing_accepts_is_an_error(tmp_path: Path) -> None:
    """The message names the value and the point."""
    text = """\
!AxisAlignedCuboidalDomainFilter
limits: {x: [0, 10], y: [0, 10]}
components: !ConstantMap {map: {b: 1}}
"""
    filtered = model(tmp_path, text, "b")
    with pytest.raises(ExacoupleError, match="no component gives 'b' at x 3, y 11"):
        evaluate(filtered, "b", (3, 3), (3, 11))


def test_a_data_file_behind_a_filter_elsewhere_is_not_needed(case: Path) -> None:
    """A displacement that cannot touch the domain is not even opened."""
    (case / "displacement.nc").unlink()
    far = ((20.0, 30.0), (20.0, 30.0))
    assert evaluate(Model(case / "data.yaml", {"d": far}), "d", (25.0, 25.0)) == [0.0]
    with pytest.raises(UsageError, match=r"displacement\.nc: no such file"):
        Model(case / "data.yaml", {"d": BOX})


def test_data_files_are_relative_to_the_yaml(case: Path, tmp_path_factory: object) -> None:
    """The current folder plays no part."""
    assert Path.cwd() != case
    assert evaluate(Model(case / "data.yaml", {"b": BOX}), "b", (0, 0)) == pytest.approx([-4.0])


REFUSED = [
    ("!LuaMap {returns: [b]}", r"line 1: tag !LuaMap is not supported \(supported: !AffineMap"),
    ("!ConstantMap {maps: {b: 1}}", r"!ConstantMap has no key 'maps' \(allowed: map\)"),
    ("!ConstantMap {}", "!ConstantMap needs the key 'map'"),
    ("!ConstantMap {map: {b: deep}}", "'deep' is not a finite number"),
    ("!ConstantMap {map: {b: .nan}}", "nan is not a finite number"),
    ("!ConstantMap {map: {b: 1}, map: {b: 2}}", "key 'map' is given twice"),
    ("!ConstantMap {map: {d: 1}}", "!ConstantMap gives no 'b'"),
    ("!ConstantMap 3", "!ConstantMap needs the keys map"),
    ("!Switch {[d]: !ConstantMap {map: {d: 1}}}", r"!Switch has no \[b\]"),
    ("!Switch {b: !ConstantMap {map: {b: 1}}}", "must be a list such as"),
    ("!Any {components: []}", "at least one component"),
    ("!AffineMap {matrix: {b: [1, 2]}, translation: {b: 0}}", "has 2 numbers, .* x, y, z"),
    ("!AffineMap {matrix: {b: [1, 2, 3]}, translation: {c: 0}}", "the same keys"),
    ("!AffineMap {matrix: {x: [1, 0, 0]}, translation: {x: 0}}", "nothing gives 'b' here"),
    ("!ASAGI {file: a.nc, parameters: [b], interpolation: cubic}", "linear or nearest"),
    ("!ASAGI {file: a.nc, parameters: [b, d]}", "gives one parameter"),
    ("!ASAGI {file: a.nc, parameters: [b]}", "its inputs are x, y, z; put an !AffineMap"),
    (
        "!AxisAlignedCuboidalDomainFilter\nlimits: {x: [2, 1]}\ncomponents: !ConstantMap {map: {}}",
        "must be a table of numbers|lower, upper",
    ),
    (
        "!AxisAlignedCuboidalDomainFilter\nlimits: {x: [2, 1]}\n"
        "components: !ConstantMap {map: {b: 1}}",
        r"limits of 'x' must be \[lower, upper\]",
    ),
    ("{b: 1}", "the outermost value must be a component"),
    ("", "the outermost value must be a component"),
    ("!Any [", "not valid YAML: .*line 1"),
    ("!!python/object/apply:os.getcwd []", "not valid YAML: could not determine a constructor"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_is_not_supported_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    """Each message names the file, the line or the key."""
    with pytest.raises(UsageError, match=message) as caught:
        model(tmp_path, text, "b")
    assert "model.yaml" in str(caught.value)


def test_a_missing_yaml_says_where_to_start(tmp_path: Path) -> None:
    """The engine must be started in the folder of its data."""
    with pytest.raises(ExacoupleError, match="start the engine in the folder"):
        Model(tmp_path / "data.yaml", {"b": BOX})
