"""A damaged or foreign ``case.json`` is told as such before anything is done with it."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exacouple.cases import Case
from exacouple.cases.shape import faults
from exacouple.errors import ExacoupleError

MANIFEST = json.loads((Path(__file__).parents[1] / "data" / "case-to-launch.json").read_text())
USED = ("region", "region_config", "source", "units", "mesh", "buoys", "probes", "files")


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from _places(inner, (*place, key))


def _with(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    manifest = copy.deepcopy(MANIFEST)
    inner = manifest
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return manifest


def test_a_prepared_manifest_is_whole() -> None:
    """Nothing is asked for that `prepare` does not write."""
    assert faults(MANIFEST) == []


@pytest.mark.parametrize("place", [p for p in _places(MANIFEST) if p and p[0] in USED], ids=str)
def test_a_value_of_another_kind_is_named(place: tuple[Any, ...]) -> None:
    """A list where text, a number or a table belongs, at any place that is used."""
    found = faults(_with(place, [[]]))
    unused = place[-1] in ("netcdf", "time", "options", "keep_land", "cell_size_m")
    unused |= place[0] == "buoys" and place[-1] == "source"
    assert bool(found) != unused
    assert all(str(place[0]) in fault for fault in found)


@pytest.mark.parametrize(
    "place",
    [("region",), ("specfile",), ("probes", "directory"), ("buoys", 0, "id")],
    ids=str,
)
@pytest.mark.parametrize("name", ["../other", "/tmp", "", ".", "a/b"])
def test_no_name_leads_out_of_the_case(tmp_path: Path, place: tuple[Any, ...], name: str) -> None:
    """Old probe files of a case are removed; a comparison's folder is named after the region."""
    (tmp_path / "case.json").write_text(json.dumps(_with(place, name)))
    with pytest.raises(ExacoupleError, match=r"case\.json is damaged: .*prepare the case again"):
        Case.open(tmp_path)
