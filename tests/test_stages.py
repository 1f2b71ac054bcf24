"""The stages of the pipeline depend on each other in one direction."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "exacouple"
STAGES = ("bathymetry", "autoencoders", "earthquake", "cases", "probes", "launch", "waveforms")


def imported(stage: str) -> set[str]:
    """Return the packages of exacouple that the modules of one import, also within functions."""
    found = set()
    for path in (PACKAGE / stage).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            parts = (name.split(".") for name in names)
            found |= {part[1] for part in parts if part[0] == "exacouple" and len(part) > 1}
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_stage_imports_only_what_stands_before_it(stage: str) -> None:
    """A case knows nothing of the run that it is for, nor a probe file of who judges it."""
    later = set(STAGES[STAGES.index(stage) + 1 :])
    assert imported(stage).isdisjoint(later | {"cli", "engine", "verification"})


def test_engine_stands_alone() -> None:
    """It knows specfiles, as ExaHyPE does, and no stage."""
    assert imported("engine").isdisjoint({*STAGES, "cli", "verification"})
