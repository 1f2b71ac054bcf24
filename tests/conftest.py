"""Fixtures and settings for all tests."""

import logging
import os
from collections.abc import Generator, Iterator
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take a skipped test for a failed one if EXACOUPLE_REQUIRE names one of its markers."""
    report = yield
    required = os.environ.get("EXACOUPLE_REQUIRE", "").split(",")
    if report.skipped and any(item.get_closest_marker(name) for name in required if name):
        report.outcome = "failed"
        report.longrepr = (
            f"skipped, but EXACOUPLE_REQUIRE is {','.join(required)}: {report.longrepr}"
        )
    return report


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
