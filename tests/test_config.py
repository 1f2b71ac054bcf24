"""TOML tables become dataclasses or one clear message."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

import pytest

from exacouple.config import build, load_toml
from exacouple.errors import ExacoupleError, UsageError


@dataclass(frozen=True)
class Event:
    origin: datetime
    epicentre: tuple[float, float]
    magnitude: float | None = None


@dataclass(frozen=True)
class Buoy:
    id: int
    name: str = ""


@dataclass(frozen=True)
class Region:
    name: str
    event: Event
    boundary: Literal["outflow", "wall"] = "outflow"
    buoys: tuple[Buoy, ...] = ()
    wet: bool = True
    when: date | None = None
    limits: tuple[float, ...] | Literal["auto"] = "auto"
    options: dict[str, float] = field(default_factory=dict)
    extra: Any = None

    def __post_init__(self) -> None:
        if self.name == "atlantis":
            raise ValueError("name: there is no atlantis")


TABLE = {
    "name": "tohoku",
    "event": {"origin": datetime(2011, 3, 11, 5, 46, 24, tzinfo=UTC), "epicentre": [142.4, 38]},
}


def refusal(**changes):
    """The message for TABLE with some keys changed (None: removed)."""
    table = {key: value for key, value in (TABLE | changes).items() if value is not None}
    with pytest.raises(UsageError) as caught:
        build(Region, table, where="r.toml")
    return str(caught.value)


def test_nested_tables_and_lists():
    """Tables become dataclasses, lists tuples, and whole numbers floats where asked."""
    region = build(Region, TABLE | {"buoys": [{"id": 1}, {"id": 2, "name": "b"}]}, where="r.toml")
    assert region == Region(
        name="tohoku",
        event=Event(datetime(2011, 3, 11, 5, 46, 24, tzinfo=UTC), (142.4, 38.0)),
        buoys=(Buoy(1), Buoy(2, "b")),
    )
    assert isinstance(region.event.epicentre[1], float)


def test_optional_union_dict_and_any():
    """The less common kinds of fields work."""
    region = build(
        Region,
        TABLE
        | {
            "when": date(2011, 3, 11),
            "limits": [0, 1.5, 2],
            "options": {"sigma_km": 16},
            "extra": [{"x": 1}],
        },
        where="r.toml",
    )
    assert region.when == date(2011, 3, 11)
    assert region.limits == (0.0, 1.5, 2.0)
    assert region.options == {"sigma_km": 16.0}
    assert region.extra == [{"x": 1}]
    assert build(Region, TABLE | {"limits": "auto"}, where="r.toml").limits == "auto"


def test_unknown_key_names_the_nearest():
    """A typo gets the key that was meant and the list of keys."""
    message = refusal(bouys=[])
    assert message.startswith("r.toml: unknown key 'bouys', did you mean 'buoys'?")
    assert "allowed: name, event, boundary, buoys" in message


def test_key_that_belongs_into_a_table_is_said_with_it():
    """Who leaves the table out gets it, not a list of tables."""
    assert refusal(magnitude=9.0) == (
        "r.toml: unknown key 'magnitude', did you mean 'event.magnitude'?"
    )


def test_unknown_key_in_a_table_names_the_table():
    """The message says in which table the typo is."""
    message = refusal(event=TABLE["event"] | {"magnitud": 9.0})
    assert message.startswith("r.toml: [event]: unknown key 'magnitud', did you mean 'magnitude'?")


def test_missing_key_says_what_to_give():
    """A missing key is named with the kind of value it takes."""
    message = refusal(event={"epicentre": [142, 38]})
    assert message.startswith("r.toml: [event]: key 'origin' is missing: give a date and time")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": 3}, "r.toml: name: expected text, got 3"),
        ({"wet": 1}, "r.toml: wet: expected true or false, got 1"),
        ({"buoys": [{"id": True}]}, "r.toml: buoys[0].id: expected a whole number, got true"),
        ({"buoys": [{"id": 1.0}]}, "r.toml: buoys[0].id: expected a whole number, got 1.0"),
        ({"buoys": {"id": 1}}, "r.toml: buoys: expected a list, each item a table, got {'id': 1}"),
        ({"buoys": [3]}, "r.toml: buoys[0]: expected a table, got 3"),
        ({"event": 9}, "r.toml: event: expected a table, got 9"),
        ({"options": 9}, "r.toml: options: expected a table, got 9"),
        ({"options": {"a": "b"}}, "r.toml: options.a: expected a number, got 'b'"),
        ({"options": {"a": float("nan")}}, "r.toml: options.a: expected a finite number, got nan"),
        ({"boundary": "wal"}, "expected one of 'outflow', 'wall', got 'wal', did you mean 'wall'?"),
        ({"limits": "aut"}, "r.toml: limits: expected a list, each item a number or one of 'auto'"),
        ({"name": "atlantis"}, "r.toml: name: there is no atlantis"),
    ],
)
def test_wrong_values_are_named(changes, message):
    """A wrong value is named with its key and with what is allowed."""
    assert message in refusal(**changes)


def test_pairs_have_two_items():
    """A position with three numbers is refused."""
    message = refusal(event=TABLE["event"] | {"epicentre": [1, 2, 3]})
    assert message == "r.toml: event.epicentre: expected a list of 2, each a number, got [1, 2, 3]"


def test_time_without_offset_is_refused():
    """The origin of an event must say its time zone: lag means nothing otherwise."""
    message = refusal(event=TABLE["event"] | {"origin": datetime(2011, 3, 11, 5, 46, 24)})
    assert message.endswith(
        "expected a date and time with its offset such as 2011-03-11T05:46:24Z, "
        "got 2011-03-11T05:46:24"
    )


def test_a_table_is_needed_at_the_top():
    """A list is no configuration."""
    with pytest.raises(UsageError, match="expected a table"):
        build(Region, [], where="r.toml")


def test_classes_that_toml_cannot_fill_are_programming_errors():
    """A field type outside the documented ones is the programmer's mistake."""

    @dataclass
    class Odd:
        value: bytes

    with pytest.raises(TypeError, match="cannot be read from TOML"):
        build(Odd, {"value": "x"}, where="r.toml")
    with pytest.raises(TypeError, match="not a dataclass"):
        build(int, {}, where="r.toml")


def test_load_toml_reads_times_with_offset(tmp_path):
    """TOML's Z is UTC."""
    path = tmp_path / "r.toml"
    path.write_text("origin = 2011-03-11T05:46:24Z\n")
    assert load_toml(path) == {"origin": datetime(2011, 3, 11, 5, 46, 24, tzinfo=UTC)}


def test_syntax_error_names_file_and_line(tmp_path):
    """A broken file is named with the line."""
    path = tmp_path / "r.toml"
    path.write_text('name = "tohoku"\nend_time_s = \n')
    with pytest.raises(UsageError, match=r"r\.toml: not valid TOML: .*line 2") as caught:
        load_toml(path)
    assert caught.value.exit_code == 2


def test_files_that_are_no_text_and_missing_files(tmp_path):
    """Bytes that are not UTF-8, a missing file and a directory each have their message."""
    path = tmp_path / "r.toml"
    path.write_bytes(b'a = "\xff"\n')
    with pytest.raises(UsageError, match="byte 5 is not UTF-8"):
        load_toml(path)
    with pytest.raises(UsageError, match=r"nowhere\.toml: no such file"):
        load_toml(tmp_path / "nowhere.toml")
    with pytest.raises(ExacoupleError, match="Is a directory"):
        load_toml(tmp_path)
