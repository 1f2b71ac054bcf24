"""setup.cfg names everything that must be installed."""

import configparser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA_ONLY = {
    "exacouple.autoencoders.weights",
    "exacouple.bathymetry.data",
    "exacouple.simulations",
    "exacouple.templates",
}


@pytest.fixture(scope="module")
def setup():
    """The parsed setup.cfg."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_every_package_is_listed(setup):
    """A package that is not listed would be missing from the wheel."""
    listed = setup["options"]["packages"].split()
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "exacouple").rglob("__init__.py")
    }
    assert sorted(listed) == sorted(found | DATA_ONLY)


def test_every_data_file_is_covered(setup):
    """Files inside the package that are not Python must match a pattern of package_data."""
    patterns = setup["options.package_data"]
    for path in (ROOT / "exacouple").rglob("*"):
        if path.is_dir() or path.suffix in {".py", ".pyc", ".nbi", ".nbc"}:
            continue
        package = ".".join(path.parent.relative_to(ROOT).parts)
        assert any(path.match(pattern) for pattern in patterns[package].split()), path


def test_core_needs_no_tensorflow(setup):
    """TensorFlow comes with the extra 'train' only."""
    assert "tensorflow" not in setup["options"]["install_requires"]
    assert "tensorflow" in setup["options.extras_require"]["train"]
