"""The command `train` and the shipped models, without TensorFlow."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from exacouple.autoencoders import tensorflow_setup
from exacouple.autoencoders.alone import alone
from exacouple.autoencoders.codec import load_codec, shipped
from exacouple.bathymetry.grid import embedded_grids, read_window
from exacouple.cli import main
from exacouple.errors import UsageError


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


def test_a_python_without_tensorflow_is_named(grid, monkeypatch, tmp_path):
    """Where no wheel exists, installing the extra would change nothing."""
    monkeypatch.setattr(tensorflow_setup.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(tensorflow_setup, "_TOO_NEW", (3, 0))
    result = run("train", "vae", "--data", grid, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "use Python 3.11 to 3.13" in result.output


def test_settings_can_be_shown(tmp_path):
    """What would be used, as JSON, file and options put over the preset."""
    path = tmp_path / "train.toml"
    path.write_text("[optimiser]\nbatch = 8\n")
    result = run("train", "dfcvae", "--config", path, "--epochs", 3, "--seed", 4, "--show")
    shown = json.loads(result.output)
    assert (shown["optimiser"]["batch"], shown["optimiser"]["epochs"], shown["seed"]) == (8, 3, 4)
    for preset, split in (("default", "thesis"), ("thesis", "blocked")):
        plain, asked = (
            json.loads(run("train", "ae", "--preset", preset, *more, "--show").output)
            for more in ((), ("--split", split))
        )
        assert plain["data"]["split"] != asked["data"]["split"] == split


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vqvae",), "vqvae"),
        (("vae",), "--data"),
        (("vae", "--data", "sea.nc"), "sea.nc: no such file"),
        (("vae", "--data", "sea.nc", "--export", "model.keras"), ".npz"),
        (("vae", "--data", "sea.nc", "--preset", "thesis", "--export", "m.npz"), "TensorFlow"),
    ],
)
def test_wrong_requests_end_with_2(arguments, message):
    """Before anything is imported or written."""
    result = run("train", *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_second_training_in_one_directory_is_refused(tmp_path):
    """Both would write the same checkpoint; the lock is free again when the first has ended."""
    directory = tmp_path / "vae"
    with (
        alone(directory),
        pytest.raises(UsageError, match="another process trains into"),
        alone(directory),
    ):
        pass
    with alone(directory):
        pass


@pytest.mark.parametrize(("name", "most"), [("vae", 0.9), ("dfcvae", 0.9), ("vae-fixed", 0.95)])
def test_shipped_models_beat_pca(name, most):
    """At 100 numbers, RMSE at least 10 % below that of PCA, 5 % where the code is continuous.

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
    assert rmse[0] < most * rmse[1]


def test_shipped_weights_are_small_and_described():
    """All models together stay below 8 MB, each has a card and knows its data and split."""
    files = shipped()
    assert {"pca", "vae", "dfcvae"} <= set(files)
    assert sum(path.stat().st_size for path in files.values()) < 8_000_000
    for name in ("vae", "dfcvae", "vae-fixed"):
        assert load_codec(name).name == name
        assert files[name].with_suffix(".md").is_file()
        facts = load_codec(name).facts
        assert facts["data"]["split"]["kind"] == "blocked"
        assert len(facts["history"]) == facts["epochs"]
        weights = [row["kl_weight"] for row in facts["history"]]
        assert weights[0] < weights[-1] == 1.0


def test_the_code_of_vae_fixed_is_continuous():
    """No number is a choice: halfway between two codes lies a tile about halfway between."""
    grid = read_window(embedded_grids()["etopo5-northwest-pacific"], None).values
    model = load_codec("vae-fixed")
    codes = model.encode(np.stack([grid[:96, :96], grid[96:192, 96:192]]))
    assert not (codes == np.rint(codes)).any()
    ends = model.decode(codes)
    middle = model.decode(codes.mean(axis=0, keepdims=True))[0]
    apart = np.sqrt(np.mean((ends[1] - ends[0]) ** 2))
    assert np.sqrt(np.mean((middle - ends.mean(axis=0)) ** 2)) < 0.1 * apart
