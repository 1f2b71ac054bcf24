"""Models join `prepare` as sources of the seabed."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from exacouple.autoencoders.codec import load_codec, shipped
from exacouple.bathymetry import Bounds, apply_source, embedded_grids, get_source, read_window
from exacouple.bathymetry.sources import resolve_options
from exacouple.cases import load_region, plan_case
from exacouple.cli import main
from exacouple.errors import UsageError
from exacouple.hashing import sha256_file


def test_case_records_model_and_its_weights(tmp_path) -> None:
    """Other weights make another case: their hash is among the inputs of the manifest."""
    plan = plan_case(load_region("tohoku"), "pca", tmp_path / "case", options={"latents": "50"})
    assert plan.manifest["source"] == {
        "name": "pca",
        "options": {"latents": 50, "overlap": 8},
        "keep_land": True,
    }
    assert [found for found in plan.manifest["inputs"] if found["role"] == "model"] == [
        {
            "role": "model",
            "name": "pca.npz",
            "sha256": sha256_file(shipped()["pca"]),
            "sha256_of": "file",
        }
    ]
    fixed = plan_case(load_region("tohoku"), "dct", tmp_path / "case")
    assert {found["role"] for found in fixed.manifest["inputs"]} == {"bathymetry", "displacement"}


def test_sources_have_equal_numbers_by_default() -> None:
    """Each of the linear rivals takes 100 numbers per tile unless told otherwise."""
    for name in ("pca", "dct", "mixture-pca"):
        assert resolve_options(get_source(name), {}) == {"latents": 100, "overlap": 8}


def test_the_file_of_a_model_is_a_source(tmp_path, monkeypatch) -> None:
    """It is called by its name, or by that of its training, and its hash is recorded."""
    path = tmp_path / "my model.npz"
    load_codec("pca", latents=40).save(path)
    source = get_source(str(path))
    assert source.name == "my-model"
    assert resolve_options(source, {}) == {"latents": 40, "overlap": 8}
    assert source.files({}) == (path,)
    plan = plan_case(load_region("tohoku"), str(path), tmp_path / "case", options={"latents": 20})
    assert plan.manifest["source"]["name"] == "my-model"
    (model,) = [found for found in plan.manifest["inputs"] if found["role"] == "model"]
    assert (model["name"], model["sha256"]) == ("my model.npz", sha256_file(path))
    grid = read_window(embedded_grids()["etopo5-northwest-pacific"], Bounds(140, 150, 30, 40))
    few, many = (
        np.abs(apply_source(source, grid, options={"latents": n}).values - grid.values).mean()
        for n in (5, 40)
    )
    assert 0 < many < few


def test_the_file_of_a_model_never_passes_for_another_source(tmp_path) -> None:
    """A user's own `pca.npz` is not the shipped one."""
    load_codec("pca", latents=40).save(tmp_path / "pca.npz")
    assert get_source(str(tmp_path / "pca.npz")).name == "pca-file"
    with pytest.raises(UsageError, match=r"none\.npz: no such file"):
        get_source(str(tmp_path / "none.npz"))
    with pytest.raises(UsageError, match=r"unknown source 'dfvae', did you mean 'dfcvae'"):
        get_source("dfvae")


def test_prepare_makes_the_case_of_a_model_file(tmp_path, monkeypatch) -> None:
    """The directory of the case is called by the model, not by the path of the file."""
    monkeypatch.chdir(tmp_path)
    load_codec("pca", latents=40).save(tmp_path / "mine.npz")
    asked = "prepare --source ./mine.npz --region tohoku --dry-run --json --only"
    result = CliRunner().invoke(main, asked.split())
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert (found["path"], found["source"]) == ("runs/tohoku-mine", "mine")


def test_prepare_shows_what_would_be_made(tmp_path) -> None:
    """The command takes the source with its settings."""
    asked = "prepare --source mixture-pca --region tohoku --set latents=30 --dry-run --json"
    result = CliRunner().invoke(main, [*asked.split(), "--out", str(tmp_path / "case")])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["action"] == "write"
    assert not (tmp_path / "case").exists()
