"""Models join `prepare` as sources of the seabed."""

import json

from click.testing import CliRunner

from exacouple.autoencoders.codec import shipped
from exacouple.bathymetry.sources import get_source, resolve_options
from exacouple.cases import load_region, plan_case
from exacouple.cli import main
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


def test_prepare_shows_what_would_be_made(tmp_path) -> None:
    """The command takes the source with its settings."""
    asked = "prepare --source mixture-pca --region tohoku --set latents=30 --dry-run --json"
    result = CliRunner().invoke(main, [*asked.split(), "--out", str(tmp_path / "case")])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["action"] == "write"
    assert not (tmp_path / "case").exists()
