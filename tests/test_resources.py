"""The shipped folders are found in each way of installing."""

import pytest

from exacouple import resources
from exacouple.errors import ExacoupleError


def test_shipped_folders_exist():
    """This installation has templates and the Tohoku region."""
    assert resources.templates_dir().is_dir()
    assert (resources.simulations_dir() / "tohoku" / "region.toml").is_file()


def test_installed_folder_wins_over_the_checkout(tmp_path, monkeypatch):
    """A wheel has the folders inside the package, a checkout beside it."""
    package = tmp_path / "exacouple"
    package.mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", package)
    with pytest.raises(ExacoupleError, match="install exacouple again"):
        resources.templates_dir()
    (tmp_path / "templates").mkdir()
    assert resources.templates_dir() == tmp_path / "templates"
    (package / "templates").mkdir()
    assert resources.templates_dir() == package / "templates"
