"""Fixtures and settings for all tests."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same-every-time", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same-every-time"))

os.environ.setdefault("MPLBACKEND", "Agg")

_ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for reference data as `reference`."""
    for item in items:
        if "reference_dir" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.reference)


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Directory of reference data that is not part of the project."""
    path = Path(os.environ.get("EXACOUPLE_REFERENCE", _ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"no reference data at {path} (set EXACOUPLE_REFERENCE)")
    return path


@pytest.fixture(autouse=True)
def unchanged_logging() -> Iterator[None]:
    """Undo what a command has set up for the log, so that tests do not depend on each other."""
    logger = logging.getLogger("exacouple")
    level, handlers = logger.level, logger.handlers[:]
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers
