"""Small cases and fake engines for the tests of the launcher."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from exacouple.hashing import sha256_file
from exacouple.launch import Engine

FAKE_ENGINE = Path(__file__).with_name("fake_engine.py")

MANIFEST = Path(__file__).parents[1] / "data" / "case-to-launch.json"

MakeCase = Callable[[], Path]
FakeEngine = Callable[[str], Engine]


@pytest.fixture
def make_case(tmp_path: Path) -> MakeCase:
    """Return a function that writes a case of two buoys and 1000 s."""

    def make() -> Path:
        case = tmp_path / "case"
        (case / "probes").mkdir(parents=True)
        specfile = case / "tsunami.exahype2"
        specfile.write_text(json.dumps({"buoys": ["21418", "21419"], "end_time": 1000.0}))
        manifest = json.loads(MANIFEST.read_text())
        manifest["files"] = {specfile.name: sha256_file(specfile)}
        (case / "case.json").write_text(json.dumps(manifest))
        return case

    return make


@pytest.fixture
def fake_engine() -> FakeEngine:
    """Return a function that makes the engine of a behaviour of fake_engine.py."""

    def make(behaviour: str) -> Engine:
        command = (sys.executable, str(FAKE_ENGINE), behaviour)
        return Engine("fake", behaviour, lambda specfile: (*command, specfile))

    return make
