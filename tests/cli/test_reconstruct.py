"""The command that puts a grid file through a model."""

import json
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from exacouple.bathymetry import embedded_grids, read_window

GRID = "etopo5-chile"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def test_a_grid_comes_out_as_a_grid(exacouple):
    """Same axes, land as it was, the sea changed, and the difference is the one that is said."""
    result = exacouple("reconstruct", GRID, "--model", "dct", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["path"], said["latents"]) == ("etopo5-chile-dct.nc", 100)
    original = read_window(embedded_grids()[GRID])
    made = read_window(said["path"])
    assert made.shape == original.shape == (said["rows"], said["columns"])
    sea = original.values < 0
    np.testing.assert_array_equal(made.values[~sea], original.values[~sea])
    rms = np.sqrt(np.mean((made.values - original.values)[sea].astype(float) ** 2))
    assert said["sea_rms_m"] == pytest.approx(rms, rel=1e-3)
    assert rms > 50
    with netCDF4.Dataset(said["path"]) as dataset:
        assert dataset["elevation"].units == "m"
        assert "model 'dct'" in dataset.title


def test_a_window_with_other_settings(exacouple):
    """More numbers are nearer to the original; the result tells its size and difference."""
    window = ("--window", "-84", "-75", "-40", "-30")
    differences = []
    for latents in ("25", "400"):
        out = f"{latents}.nc"
        asked = ("--source", "pca", "--latents", latents, "--overlap", "16", "--out", out)
        result = exacouple("reconstruct", GRID, *asked, *window)
        assert result.exit_code == 0, result.output
        size, rest = result.stdout.split(f"{latents} numbers for each 96 x 96")
        assert size == f"{out}: 121 x 109 values from "
        differences.append(float(rest.split()[-2]))
    assert 0 < differences[1] < 0.7 * differences[0]


def test_nothing_is_overwritten_without_force(exacouple):
    """And never the grid itself."""
    Path("etopo5-chile-pca.nc").write_text("mine")
    refused = exacouple("reconstruct", GRID, "--model", "pca")
    assert refused.exit_code == 2
    assert "use --force" in refused.stderr
    assert exacouple("-q", "reconstruct", GRID, "--model", "pca", "--force").stdout == ""
    itself = exacouple(
        *("reconstruct", "etopo5-chile-pca.nc", "--model", "pca", "--force"),
        *("--out", "etopo5-chile-pca.nc"),
    )
    assert itself.exit_code == 2
    assert "is the grid itself" in itself.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([GRID], "--model"),
        ([GRID, "--model", "pcaa"], "did you mean 'pca'"),
        (["none.nc", "--model", "pca"], "none.nc: no such file"),
        ([GRID, "--model", "dfcvae", "--latents", "50"], "cannot have 50"),
        ([GRID, "--model", "pca", "--overlap", "48"], "0 to 47 pixels are possible"),
        ([GRID, "--model", "pca", "--window", "0", "10", "0", "10"], "is not within the file"),
    ],
)
def test_bad_requests_are_one_line(exacouple, arguments, said):
    """What is wrong, what is allowed; no file is left."""
    result = exacouple("reconstruct", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert not list(Path().iterdir())
