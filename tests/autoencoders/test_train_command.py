"""The command `train` and the shipped models, without TensorFlow."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from exacouple.autoencoders import tensorflow_setup
from exacouple.autoencoders.codec import load_codec, shipped
from exacouple.bathymetry.grid import embedded_grids, read_window
from exacouple.cli import main


def run(*arguments):
    """Run the command and return its result."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_command_line_imports_no_tensorflow():
    """Nor does the module of the command itself."""
    code = (
        "import sys, exacouple.cli, exacouple.cli.train, exacouple.autoencoders.portable; "
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_missing_tensorflow_says_how_to_get_it(grid, monkeypatch, tmp_path):
    """Exit code 2 and the command that installs it."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        tensorflow_setup.importlib.util,
        "find_spec",
        lambda name: None if name == "tensorflow" else found(name),
    )
    result = run("train", "vae", "--data", grid, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "pip install 'exacouple[train]'" in result.output
    assert not (tmp_path / "out").exists()


def test_settings_can_be_shown(tmp_path):
    """What would be used, as JSON, file and options put over the preset."""
    path = tmp_path / "train.toml"
    path.write_text("[optimiser]\nbatch = 8\n")
    result = run("train", "dfcvae", "--config", path, "--epochs", 3, "--seed", 4, "--show")
    shown = json.loads(result.output)
    assert (shown["optimiser"]["batch"], shown["optimiser"]["epochs"], shown["seed"]) == (8, 3, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vqvae",), "vqvae"),
        (("vae",), "--data"),
        (("vae", "--data", "sea.nc", "--export", "model.keras"), ".npz"),
        (("vae", "--data", "sea.nc", "--preset", "thesis", "--export", "m.npz"), "TensorFlow"),
    ],
)
def test_wrong_requests_end_with_2(arguments, message):
    """Before anything is imported or written."""
    result = run("train", *arguments)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize("name", ["vae", "dfcvae"])
def test_shipped_models_beat_pca(name):
    """At 100 numbers, RMSE at least 10 % below that of PCA.

    Tiles of the embedded grid, most of them of the training part: this is no score, but a check
    of the files.
    """
    grid = read_window(embedded_grids()["etopo5-northwest-pacific"], None).values
    tiles = np.stack(
        [grid[i : i + 96, j : j + 96] for i in range(0, 505, 96) for j in range(0, 680, 96)]
    ).astype(np.float32)
    model, pca = load_codec(name), load_codec("pca")
    rmse = [
        np.sqrt(np.mean((codec.decode(codec.encode(tiles)) - tiles) ** 2)) for codec in (model, pca)
    ]
    assert model.latents == pca.latents == 100
    assert rmse[0] < 0.9 * rmse[1]


def test_shipped_weights_are_small_and_described():
    """All models together stay below 8 MB, each has a card and knows its data and split."""
    files = shipped()
    assert {"pca", "vae", "dfcvae"} <= set(files)
    assert sum(path.stat().st_size for path in files.values()) < 8_000_000
    for name in ("vae", "dfcvae"):
        assert files[name].with_suffix(".md").is_file()
        facts = load_codec(name).facts
        assert facts["data"]["split"]["kind"] == "blocked"
        assert len(facts["history"]) == facts["epochs"]
        weights = [row["kl_weight"] for row in facts["history"]]
        assert weights[0] < weights[-1] == 1.0
