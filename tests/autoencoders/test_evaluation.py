"""Evaluation of codecs whose errors are known, on a small synthetic globe."""

import csv
import json
import logging
import subprocess
import sys
from functools import partial
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from exacouple import cli
from exacouple.autoencoders import evaluation
from exacouple.autoencoders import evaluation_report as report
from exacouple.autoencoders.codec import Scaling
from exacouple.autoencoders.evaluation import evaluate
from exacouple.autoencoders.evaluation_tiles import EvaluationTiles, lay_tiles
from exacouple.autoencoders.linear import DctCodec, PcaCodec
from exacouple.autoencoders.provenance import block_numbers, part_shares
from exacouple.bathymetry.tiles import blocked_split
from exacouple.errors import ExacoupleError, UsageError

TILE = 8


class Shift:
    """Gives every tile back with an error of so many metres; its code is the mean."""

    def __init__(self, error_m, *, latents=1, name="shift", facts=None, tile=TILE):
        self.name, self.latents, self.tile, self.error_m = name, latents, tile, error_m
        self.scale = Scaling(-6000.0, 100.0)
        self.facts = facts if facts is not None else {"data": None}
        self._last = np.empty(0)

    def encode(self, tiles):
        self._last = tiles
        mean = tiles.mean(axis=(1, 2), dtype=np.float32)
        return np.repeat(mean[:, None], self.latents, axis=1)

    def decode(self, codes):
        return self._last[: len(codes)] + np.float32(self.error_m)

    def with_latents(self, latents):
        if latents > 50:
            raise UsageError(f"not {latents}")
        return Shift(self.error_m, latents=latents, name=self.name, facts=self.facts)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure the speed of codecs once only."""
    monkeypatch.setattr(evaluation, "throughput", partial(evaluation.throughput, seconds=0.0))


@pytest.fixture
def globe(tmp_path: Path) -> Path:
    """A globe of 1 degree, synthetic: level land in the north, rough sea elsewhere."""
    path = tmp_path / "globe.nc"
    lat, lon = np.arange(-89.5, 90.0), np.arange(-179.5, 180.0)
    z = -3000.0 + 200.0 * np.random.default_rng(5).standard_normal((180, 360))
    z += 1000.0 * np.sin(np.deg2rad(3 * lon))
    z[lat > 60] = 100.0
    with netCDF4.Dataset(path, "w") as dataset:
        for name, values, unit in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            dataset.createDimension(name, values.size)
            variable = dataset.createVariable(name, "f8", (name,))
            variable[:], variable.units = values, unit
        variable = dataset.createVariable("elevation", "f4", ("lat", "lon"))
        variable[:], variable.units = z, "m"
        variable.actual_range = np.array([-6000.0, 100.0])
    return path


def _trained(tiles: EvaluationTiles, **changes) -> dict:
    return {"data": {"sha256": tiles.sha256, "split": {**tiles.split, **changes}}}


def test_test_part_is_that_of_the_split(globe: Path) -> None:
    """The same tiles as the training leaves out, with its seed and shares; range as recorded."""
    tiles = lay_tiles(globe, "blocked", like={"kind": "blocked", "seed": 4, "test": 0.2}, tile=TILE)
    lat, lon = np.arange(-89.5, 90.0), np.arange(-179.5, 180.0)
    expected = blocked_split(lat, lon, seed=4, tile=TILE, test=0.2).test
    assert tiles.tiles.rows.tolist() == expected.rows.tolist()
    assert tiles.tiles.columns.tolist() == expected.columns.tolist()
    assert tiles.blocks.tolist() == expected.block.tolist()
    assert tiles.scaling == Scaling(-6000.0, 100.0)


def test_facts_of_another_kind_of_split_are_not_taken(globe: Path) -> None:
    """The seed of a thesis split says nothing about blocks."""
    tiles = lay_tiles(globe, "blocked", like={"kind": "thesis", "seed": 4}, tile=TILE)
    assert tiles.split["seed"] == 0


def test_no_split_takes_every_tile(globe: Path) -> None:
    """23 x 45 tiles of 8 x 8 cover 180 x 360; the thesis keeps 5 % of them for the test."""
    assert len(lay_tiles(globe, "none", tile=TILE)) == 23 * 45
    assert len(lay_tiles(globe, "thesis", tile=TILE)) == round(0.05 * 23 * 45)
    with pytest.raises(UsageError, match="no tile of 200 x 200"):
        lay_tiles(globe, "none", tile=200)


def test_what_a_model_has_seen_is_known(globe: Path) -> None:
    """Nothing of its own test part, everything outside of its test blocks, never a guess."""
    tiles = lay_tiles(globe, "blocked", tile=TILE)
    other = lay_tiles(globe, "blocked", like={"kind": "blocked", "seed": 1}, tile=TILE)
    everywhere = lay_tiles(globe, "none", tile=TILE)
    own = Shift(1.0, facts=_trained(tiles))
    assert tiles.seen_by(own) == 0
    assert tiles.seen_by(Shift(1.0)) == 0
    assert tiles.seen_by(Shift(1.0, facts={})) is None
    assert tiles.seen_by(Shift(1.0, facts=_trained(tiles, kind="other"))) is None
    shared = set(tiles.split["test_blocks"]) & set(other.split["test_blocks"])
    seen = sum(block not in shared for block in other.blocks.tolist())
    assert other.seen_by(own) == seen > 0
    touched = everywhere.seen_by(own)
    assert touched is not None
    assert len(everywhere) - touched == _wholly_inside(everywhere, tiles.split["test_blocks"])


def test_what_the_split_of_the_thesis_has_seen_is_known(globe: Path) -> None:
    """Each tile that reaches beyond its test tiles, on the very grid only; counted by pixels."""
    thesis = lay_tiles(globe, "thesis", like={"kind": "thesis", "seed": 3}, tile=TILE)
    own = Shift(1.0, facts=_trained(thesis))
    assert thesis.seen_by(own) == 0
    trained = np.zeros((180, 360), dtype=bool)
    every, tested = (
        set(zip(part.tiles.rows.tolist(), part.tiles.columns.tolist(), strict=True))
        for part in (lay_tiles(globe, "none", tile=TILE), thesis)
    )
    assert tested < every
    for row, column in every - tested:
        trained[row : row + TILE, column : column + TILE] = True
    for other in (
        lay_tiles(globe, "none", tile=TILE),
        lay_tiles(globe, "blocked", tile=TILE),
        lay_tiles(globe, "thesis", like={"kind": "thesis", "seed": 4}, tile=TILE),
    ):
        expected = sum(
            bool(trained[row : row + TILE, column : column + TILE].any())
            for row, column in zip(other.tiles.rows, other.tiles.columns, strict=True)
        )
        assert other.seen_by(own) == expected > 0.8 * len(other)
    facts = _trained(thesis)
    facts["data"]["sha256"] = "0" * 64
    assert thesis.seen_by(Shift(1.0, facts=facts)) is None


def _wholly_inside(tiles: EvaluationTiles, blocks: list[int]) -> int:
    count = 0
    for row, column in zip(tiles.tiles.rows, tiles.tiles.columns, strict=True):
        lat, lon = np.meshgrid(tiles.y[row : row + TILE], tiles.x[column : column + TILE])
        count += bool(np.isin(block_numbers(lat, lon, 30.0), blocks).all())
    return count


def test_same_split_of_another_grid_is_judged_by_area(globe: Path) -> None:
    """Another file has another checksum; the blocks of the Earth are the same."""
    tiles = lay_tiles(globe, "blocked", tile=TILE)
    facts = _trained(tiles)
    facts["data"]["sha256"] = "0" * 64
    assert tiles.seen_by(Shift(1.0, facts=facts)) == 0


def test_shares_of_a_window() -> None:
    """Half of the places in a test block (0 to 30 E), half in the next, a validation block."""
    split = {"kind": "blocked", "block_deg": 30.0, "test_blocks": [42], "validation_blocks": [43]}
    codec = Shift(1.0, facts={"data": {"split": split}})
    lon = np.array([1.0, 29.0, 31.0, 61.0])
    shares = part_shares(codec, np.full(4, 10.0), lon)
    assert shares == pytest.approx({"test": 0.5, "validation": 0.25, "train": 0.25})
    assert part_shares(Shift(1.0), [0.0], [0.0]) is None


def test_every_model_stands_beside_pca_of_equal_numbers(globe: Path) -> None:
    """Errors of 2 and 6 m beside a PCA of 4 m: ratios 0.5 and 1.5, whatever is drawn."""
    tiles = lay_tiles(globe, "blocked", tile=TILE)
    found = evaluate(
        {"good": Shift(2.0, latents=3), "bad": Shift(-6.0, latents=7)},
        tiles,
        baseline=Shift(4.0, latents=7, name="pca"),
    )
    models = {model.label: model for model in found.models}
    assert list(models) == ["good", "bad", "pca-3", "pca-7"]
    assert models["good"].reference == "pca-3"
    assert [model.scores.rmse_m for model in found.models] == pytest.approx([2, 6, 4, 4], rel=1e-4)
    for label, ratio in (("good", 0.5), ("bad", 1.5)):
        interval = models[label].ratio
        assert interval is not None
        assert (interval.low, interval.ratio, interval.high) == pytest.approx([ratio] * 3, rel=1e-4)
    assert models["pca-3"].ratio is None
    total = 2.0 * np.sqrt(len(tiles) * TILE**2) / 6100.0
    assert models["good"].scores.total_l2 == pytest.approx(total, rel=1e-4)
    assert models["good"].codes.shape == (len(found.sample), 3)


def test_as_many_bits_are_more_components(globe: Path) -> None:
    """Two whole numbers of 3 bits are worth six of PCA that do with 1 bit: 2 m beside 12 m / 6."""

    class Whole(Shift):
        def encode(self, tiles):
            super().encode(tiles)
            return np.repeat((np.arange(len(tiles), dtype=np.float32) % 8)[:, None], 2, axis=1)

    class Better(Shift):
        def with_latents(self, latents):
            return Better(12.0 / latents, latents=latents, name="pca")

    tiles = lay_tiles(globe, "blocked", tile=TILE)
    found = evaluate({"a": Whole(2.0, latents=2)}, tiles, baseline=Better(12.0, name="pca"))
    model, pca = found.models
    assert (model.rate.bits, pca.rate.bits_per_number, model.numbers_at_bits) == (6, 1, 6)
    assert model.ratio is not None
    assert model.ratio_at_bits is not None
    assert model.ratio.ratio == pytest.approx(2.0 / 6.0, rel=1e-4)
    assert model.ratio_at_bits.ratio == pytest.approx(1.0, rel=1e-4)
    assert (pca.ratio_at_bits, pca.numbers_at_bits) == (None, None)


def test_pca_that_was_asked_for_is_the_reference(globe: Path) -> None:
    """It is not evaluated twice; one that cannot have the numbers is said to be missing."""
    tiles = lay_tiles(globe, "blocked", tile=TILE)
    found = evaluate(
        {
            "mine": Shift(4.0, latents=3, name="pca"),
            "a": Shift(2.0, latents=3),
            "b": Shift(2.0, latents=99),
        },
        tiles,
        baseline=Shift(9.0, name="pca"),
    )
    models = {model.label: model for model in found.models}
    assert list(models) == ["mine", "a", "b"]
    assert models["a"].reference == "mine"
    assert models["b"].ratio is None
    assert "b: no ratio to PCA with 99 numbers: not 99" in found.notes
    alone = evaluate({"a": Shift(2.0)}, tiles)
    assert "a: no ratio to PCA with 1 numbers: there is no PCA model" in alone.notes


def test_models_of_several_seeds_are_pooled(globe: Path) -> None:
    """Two of one kind with errors of 2 and 4 m: the mean of their squares over that of PCA."""
    tiles = lay_tiles(globe, "blocked", tile=TILE)
    codecs = {"s0": Shift(2.0), "s1": Shift(4.0), "other": Shift(4.0, name="other")}
    found = evaluate(codecs, tiles, baseline=Shift(4.0, name="pca"))
    assert list(found.pooled) == ["shift-1"]
    pooled = found.pooled["shift-1"]
    assert (pooled.models, pooled.ratio) == (2, pytest.approx(np.sqrt(10 / 16), rel=1e-4))


def test_errors_are_in_the_order_of_the_tiles(globe: Path) -> None:
    """Streamed slab by slab in whatever order, yet the worst tile is named by its place."""
    tiles = lay_tiles(globe, "none", tile=TILE)
    (model,) = evaluate({"dct": DctCodec(1, tile=TILE)}, tiles).models
    level = tiles.y[tiles.tiles.rows] > 60
    rmse = model.errors.tile_rmse_m
    assert rmse[level].max() < 0.01 < 100.0 < rmse[~level].min()
    lat, _ = tiles.middle(model.scores.worst)
    assert lat < 64.0
    assert model.worst_true.std() == pytest.approx(model.scores.maximum_rmse_m, rel=1e-3)


def test_what_was_trained_on_is_said(globe: Path) -> None:
    """Scores on sea floor that a model has seen are no scores."""
    tiles = lay_tiles(globe, "none", tile=TILE)
    learnt = lay_tiles(globe, "blocked", tile=TILE)
    found = evaluate({"a": Shift(1.0, facts=_trained(learnt)), "b": Shift(1.0, facts={})}, tiles)
    seen = found.models[0].seen
    assert f"a: {seen} of 1035 tiles lie where it may have been trained" in "\n".join(found.notes)
    assert "b: not known which of the tiles it was trained on" in found.notes
    thesis = evaluate({"a": Shift(1.0)}, lay_tiles(globe, "thesis", tile=TILE))
    assert any("neighbours of test tiles" in note for note in thesis.notes)


def test_models_that_cannot_be_evaluated(globe: Path) -> None:
    """The message names the model."""
    tiles = lay_tiles(globe, "blocked", tile=TILE)
    with pytest.raises(UsageError, match="'a' works on tiles of 4 pixels"):
        evaluate({"a": Shift(1.0, tile=4)}, tiles)
    with pytest.raises(UsageError, match="no model"):
        evaluate({}, tiles)
    with pytest.raises(ExacoupleError, match=r"model 'a': .* values are not finite"):
        evaluate({"a": Shift(np.nan)}, tiles)


@pytest.fixture
def small(globe: Path):
    """An evaluation of two models."""
    tiles = lay_tiles(globe, "blocked", tile=TILE)
    return evaluate(
        {"good": Shift(2.0, latents=3), "dct": DctCodec(5, tile=TILE)},
        tiles,
        baseline=Shift(4.0, name="pca"),
    )


def test_files_say_what_numbers_belong_to(small, tmp_path: Path) -> None:
    """Grid, checksum, range, split, seed and number of tiles, in JSON, in every row and caption."""
    result = report.write_report(small, tmp_path / "out")
    written = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert written == result
    sha = small.tiles.sha256
    assert written["data"] == {"file": "globe.nc", "sha256": sha, "range_m": [-6000.0, 100.0]}
    assert (written["split"]["kind"], written["split"]["seed"]) == ("blocked", 0)
    assert written["models"][0]["rmse_m"] == pytest.approx(2.0, rel=1e-4)
    assert written["models"][0]["ratio"]["ratio"] == pytest.approx(0.5, rel=1e-4)
    about = written["about"]
    assert f"globe.nc, -6000 to 100 m (SHA-256 {sha[:8]})" in about
    assert f"split by area, seed 0, {len(small.tiles)} tiles of 8 x 8" in about
    with open(tmp_path / "out" / "scores.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["label"] for row in rows] == ["good", "dct", "pca-3", "pca-5"]
    assert {(row["data"], row["sha256"], row["split"], row["split_seed"]) for row in rows} == {
        ("globe.nc", sha, "blocked", "0")
    }
    assert float(rows[0]["rmse_m 4000 to 2000 m"]) == pytest.approx(2.0, rel=1e-4)
    for name in ("tiles", "worst", "bands", "codes"):
        with Image.open(tmp_path / "out" / f"{name}.png") as picture:
            assert about in picture.info["Description"]
    assert sorted(result["files"]) == sorted(path.name for path in (tmp_path / "out").iterdir())


def test_table_of_tiles_has_their_places(small, tmp_path: Path) -> None:
    """The squares of its RMSE average to that of the whole."""
    report.write_report(small, tmp_path / "out")
    with open(tmp_path / "out" / "tiles.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(small.tiles)
    squares = [float(row["dct rmse_m"]) ** 2 for row in rows]
    assert np.sqrt(np.mean(squares)) == pytest.approx(small.models[1].scores.rmse_m, rel=1e-4)
    blocks = block_numbers(
        [float(row["lat"]) for row in rows], [float(row["lon"]) for row in rows], 30.0
    )
    assert blocks.tolist() == [int(row["block"]) for row in rows]


def test_loss_curves_of_facts_and_of_a_training(small, tmp_path: Path) -> None:
    """A model of a training lies beside its history; one without has no curve."""
    rows = [{"epoch": 1.0, "rmse_m": 300.0, "validation_rmse_m": 310.0}]
    (tmp_path / "model.keras").touch()
    assert list(report.read_history(tmp_path / "model.keras", {})) == []
    text = "epoch,rmse_m,validation_rmse_m\n1,300,310\n"
    (tmp_path / "history.csv").write_text(text)
    found = report.read_history(tmp_path / "model.keras", {})
    assert found == rows == report.read_history("vae", {"history": rows})
    assert list(report.read_history("vae", {})) == []
    report.write_report(small, tmp_path / "out", histories={"good": found, "dct": []})
    assert (tmp_path / "out" / "curves.png").exists()
    (tmp_path / "history.csv").write_text("epoch,rmse_m,validation_rmse_m\n1,x,310\n")
    with pytest.raises(ExacoupleError, match=r"history.csv: cannot be read as a loss curve"):
        report.read_history(tmp_path / "model.keras", {})


@pytest.fixture
def exacouple(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run the command line in an empty directory, without drawing."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setattr(report, "_draw", lambda *args: None)
    yield lambda *arguments: CliRunner().invoke(cli.main, [str(item) for item in arguments])
    logger = logging.getLogger("exacouple")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    """Saved models for tiles of 8 x 8: two transforms and a PCA of unit vectors."""
    (tmp_path / "m").mkdir()
    DctCodec(6, tile=TILE).save(tmp_path / "m" / "six.npz")
    DctCodec(10, tile=TILE).save(tmp_path / "m" / "ten.npz")
    PcaCodec(np.zeros(20), np.eye(20), latents=6, tile=TILE).save(tmp_path / "m" / "pca.npz")
    return [tmp_path / "m" / f"{name}.npz" for name in ("six", "ten", "pca")]


def test_command_prints_and_writes(exacouple, globe: Path, models: list[Path]) -> None:
    """The first 6 cosines are the first 6 components of this PCA: the ratio is 1."""
    result = exacouple("evaluate", *models, "--data", globe, "--out", "there")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 110
    assert "globe.nc, -6000 to 100 m" in lines[0]
    rows = [line.split() for line in lines]
    (six,) = (row for row in rows if row[:2] == ["six", "6"])
    assert six[6:10] == ["1.000", "(1.000", "to", "1.000)"]
    assert any(row[:2] == ["pca-10", "10"] for row in rows)
    assert "warning: pca: not known which of the tiles it was trained on" in result.stderr
    written = json.loads(Path("there/scores.json").read_text())
    assert [model["label"] for model in written["models"]] == ["six", "ten", "pca", "pca-10"]


def test_command_speaks_json_and_keeps_what_is_there(
    exacouple, globe: Path, models: list[Path]
) -> None:
    """A second time only with --force, and never over a directory of another kind."""
    arguments = ("evaluate", models[0], "--data", globe, "--split", "thesis", "--json")
    result = exacouple(*arguments)
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert (table["split"]["kind"], table["directory"]) == ("thesis", "runs/evaluate")
    again = exacouple(*arguments)
    assert again.exit_code == 2
    assert "runs/evaluate exists already: use --force" in again.stderr
    assert exacouple(*arguments, "--force").exit_code == 0
    Path("other").mkdir()
    Path("other/thing").touch()
    foreign = exacouple(*arguments, "--force", "--out", "other")
    assert foreign.exit_code == 2
    assert "other holds no scores.json" in foreign.stderr
    assert Path("other/thing").exists()


def test_quiet_says_nothing(exacouple, globe: Path, models: list[Path]) -> None:
    """Only what went wrong is said with -q, and nothing did."""
    result = exacouple("-q", "evaluate", models[0], "--data", globe)
    assert (result.exit_code, result.output) == (0, "")


def test_without_data_an_embedded_grid_is_taken_whole(
    exacouple, monkeypatch: pytest.MonkeyPatch, globe: Path, models: list[Path]
) -> None:
    """It is a window: its share of the blocks of the Earth would be no test."""
    from exacouple import bathymetry

    monkeypatch.setattr(bathymetry, "embedded_grids", lambda: {"etopo5-northwest-pacific": globe})
    result = exacouple("evaluate", models[0], "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["split"]["kind"] == "none"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "missing argument 'MODEL...'"),
        (("nothing",), "unknown model 'nothing'"),
        (("there.npz",), "there.npz: no such file"),
        (("dct", "dct"), "a model is given twice"),
        (("dct", "--data", "nowhere.nc"), "nowhere.nc"),
        (("dct", "--split", "random"), "'random' is not one of"),
    ],
)
def test_bad_requests_are_one_line(exacouple, arguments, said: str) -> None:
    """Exit code 2 (or 1 where a file cannot be read), nothing written."""
    result = exacouple("evaluate", *arguments)
    assert result.exit_code in (1, 2)
    assert said in result.stderr.splitlines()[-1]
    assert not Path("runs").exists()


def test_files_of_one_name_are_told_apart(exacouple, globe: Path) -> None:
    """By their directories."""
    paths = [globe.parent / name / "dct.npz" for name in ("s0", "s1")]
    for path in paths:
        DctCodec(6, tile=TILE).save(path)
    result = exacouple("evaluate", *paths, "--data", globe, "--json")
    assert result.exit_code == 0, result.output
    labels = [model["label"] for model in json.loads(result.stdout)["models"]]
    assert labels[:2] == ["s0/dct", "s1/dct"]


def test_trainings_are_called_by_their_directory(
    exacouple, monkeypatch: pytest.MonkeyPatch, globe: Path
) -> None:
    """All of them write a file model.keras."""
    from exacouple.autoencoders import codec

    monkeypatch.setattr(codec, "load_codec", lambda path: Shift(1.0))
    result = exacouple("evaluate", "a/model.keras", "b/model.keras", "--data", globe, "--json")
    assert result.exit_code == 0, result.output
    labels = [model["label"] for model in json.loads(result.stdout)["models"]]
    assert labels[:2] == ["a", "b"]


def test_figures_stay_readable_without_land_or_change(globe: Path, tmp_path: Path) -> None:
    """One tile only, level, with a code that never changes: nothing to scale colours by."""
    tiles = lay_tiles(globe, "none", tile=TILE)
    north = int(np.argmax(tiles.tiles.rows))
    one = EvaluationTiles(**{**vars(tiles), "tiles": tiles.tiles.select(np.array([north]))})
    one = EvaluationTiles(**{**vars(one), "blocks": tiles.blocks[[north]]})
    found = evaluate({"same": Shift(0.0)}, one)
    result = report.write_report(found, tmp_path / "out")
    assert {"tiles.png", "worst.png", "bands.png", "codes.png"} <= set(result["files"])
    assert found.models[0].scores.rmse_m == 0.0


def test_help_needs_no_heavy_library() -> None:
    """The command's module itself imports nothing that takes long."""
    program = (
        "import sys, exacouple.cli.evaluate; "
        "print(*{'matplotlib', 'xarray', 'netCDF4', 'tensorflow', 'numpy', 'rich'} "
        "& set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
