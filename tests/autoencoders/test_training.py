"""Trainings: what they write, how they go on, when they stop."""

import csv
import dataclasses
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import netCDF4
import numpy as np
import pytest

pytestmark = pytest.mark.train
pytest.importorskip("keras", reason="needs TensorFlow: pip install 'exacouple[train]'")

import tensorflow as tf  # noqa: E402

from exacouple.autoencoders import training, training_data  # noqa: E402
from exacouple.autoencoders.checkpoint import load_checkpoint  # noqa: E402
from exacouple.autoencoders.codec import load_codec  # noqa: E402
from exacouple.autoencoders.selection import select_dictionary  # noqa: E402
from exacouple.autoencoders.settings import read_settings  # noqa: E402
from exacouple.autoencoders.tensorflow_setup import processors  # noqa: E402
from exacouple.autoencoders.train import MODEL, train  # noqa: E402
from exacouple.bathymetry.streaming import read_tiles  # noqa: E402
from exacouple.errors import ExacoupleError, UsageError  # noqa: E402
from exacouple.hashing import sha256_file  # noqa: E402


def history(directory):
    """Rows of history.csv as numbers."""
    with open(directory / "history.csv", encoding="utf-8") as stream:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)]


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_killed_training_ends_with_the_same_weights(small, grid, tmp_path, monkeypatch):
    """Bit for bit, though it was killed in the middle of an epoch, with noise and shuffling."""
    settings = small("vae", epochs=2)
    train(settings, grid, tmp_path / "whole")
    steps = []
    guard = training.Trainer._guard

    def deadly(self, values, tiles):
        guard(self, values, tiles)
        steps.append(1)
        if len(steps) == 4:
            raise Killed

    monkeypatch.setattr(training.Trainer, "_guard", deadly)
    with pytest.raises(Killed):
        train(settings, grid, tmp_path / "cut")
    _, state = load_checkpoint(tmp_path / "cut" / "checkpoint.npz")
    assert state.batch > 0
    monkeypatch.setattr(training.Trainer, "_guard", guard)
    train(settings, grid, tmp_path / "cut")
    assert history(tmp_path / "cut") == history(tmp_path / "whole")
    same_weights(tmp_path / "whole", tmp_path / "cut")


def same_weights(one, other):
    """Assert that the last checkpoints of two trainings hold the same numbers, bit for bit."""
    first, _ = load_checkpoint(one / "checkpoint.npz")
    second, _ = load_checkpoint(other / "checkpoint.npz")
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


@pytest.mark.slow
def test_the_command_goes_on_after_sigkill(grid, tmp_path):
    """The process is killed by the system as soon as it has a checkpoint, and started again.

    The second command does not tell the number of threads, on which the last digits depend, and
    has only one processor.
    """
    config = tmp_path / "train.toml"
    config.write_text(
        "checkpoint_steps = 2\n"
        "[network]\nfixed = 96\natoms = 32\ndictionary_generations = 1\nwidths = [4]\n"
        "[optimiser]\nbatch = 4\n[data]\nblock_deg = 10.0\nborder = 0\nstride = 96\n"
    )

    def command(out, *threads):
        options = ("--config", config, "--data", grid, "--epochs", 3, "--out", tmp_path / out)
        options += threads
        return [sys.executable, "-m", "exacouple", "train", "vae", *map(str, options)]

    def on_one_processor():
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    subprocess.run(command("whole", "--threads", 2), check=True, capture_output=True)
    with subprocess.Popen(command("cut", "--threads", 2), stderr=subprocess.DEVNULL) as running:
        while not (tmp_path / "cut" / "checkpoint.npz").exists():
            assert running.poll() is None
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    assert not (tmp_path / "cut" / "model.keras").exists()
    subprocess.run(command("cut"), check=True, capture_output=True, preexec_fn=on_one_processor)
    same_weights(tmp_path / "whole", tmp_path / "cut")
    assert history(tmp_path / "cut") == history(tmp_path / "whole")


_TWO_REPLICAS = """
import sys, tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
from exacouple.autoencoders import train
from exacouple.autoencoders.settings import read_settings
single = train.prepare_devices
train.prepare_devices = lambda **options: (
    single(**options), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
)[1]
train.train(read_settings("ae", "default", sys.argv[1]), sys.argv[2], sys.argv[3])
"""


@pytest.mark.slow
def test_two_replicas_take_the_steps_of_one(grid, tmp_path):
    """Each has half of every batch; without noise the weights are those of one, but for rounding.

    Two logical processors stand for two GPUs.
    """
    config = tmp_path / "train.toml"
    config.write_text(
        "[network]\nfixed = 96\natoms = 32\ndictionary_generations = 1\nwidths = [4]\n"
        "[optimiser]\nbatch = 4\nepochs = 1\n"
        "[data]\nblock_deg = 10.0\nborder = 0\nstride = 96\n"
    )
    train(read_settings("ae", "default", config), grid, tmp_path / "one")
    subprocess.run(
        [sys.executable, "-c", _TWO_REPLICAS, config, grid, tmp_path / "two"],
        check=True,
        capture_output=True,
    )
    one, two = (history(tmp_path / name)[0] for name in ("one", "two"))
    assert one["step"] == two["step"]
    assert two["validation_rmse_m"] == pytest.approx(one["validation_rmse_m"], rel=1e-3)


def test_a_training_writes_what_it_says(small, grid, tmp_path):
    """Model, history, curves, TensorBoard; the model's facts tell the split and the settings."""
    outcome = train(small("ae", epochs=1), grid, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"settings.json", "history.csv", "curves.png", "model.keras", "tensorboard"} <= names
    (events,) = (tmp_path / "out" / "tensorboard").iterdir()
    written = events.read_bytes()
    assert all(tag in written for tag in (b"train/loss", b"epoch/validation_rmse_m"))
    codec = load_codec(tmp_path / "out" / "model.keras")
    assert (codec.name, codec.latents) == ("ae", 100)
    assert codec.facts["data"]["split"]["kind"] == "blocked"
    assert codec.facts["best_epoch"] == outcome.best_epoch == 1
    with pytest.raises(UsageError, match="finished"):
        train(small("ae", epochs=1), grid, tmp_path / "out")
    with pytest.raises(UsageError, match="other settings"):
        train(small("ae", epochs=2), grid, tmp_path / "out")


@pytest.mark.slow
def test_validation_is_that_of_the_saved_model(small, grid, tmp_path):
    """The RMSE that is reported is that of the file on the tiles of the validation part."""
    settings = small("ae", epochs=2)
    outcome = train(settings, grid, tmp_path / "out")
    codec = load_codec(tmp_path / "out" / "model.keras")
    tiles = read_tiles(grid, training_data.split_of(grid, settings.data).validation)
    rmse = np.sqrt(np.mean((codec.decode(codec.encode(tiles)) - tiles) ** 2))
    np.testing.assert_allclose(outcome.validation_rmse_m, rmse, rtol=1e-4)


@pytest.mark.slow
def test_other_settings_in_the_same_place_are_named(small, grid, tmp_path):
    """Which setting, what it was and what it would be; nothing is replaced."""
    training.write_settings(
        tmp_path / "out",
        small("vae"),
        {"file": "x.nc", "sha256": sha256_file(grid)},
        threads=1,
    )
    with pytest.raises(UsageError, match=r"'network\.atoms' was 32, now 48"):
        train(small("vae", network={"atoms": 48}), grid, tmp_path / "out")
    with pytest.raises(UsageError, match=r"'seed' was 0, now 3"):
        train(small("vae", seed=3), grid, tmp_path / "out")


@pytest.mark.parametrize(("asked", "taken"), [(None, 97), (97, 97), (96, 96)])
def test_threads_are_those_that_the_training_began_with(
    small, grid, tmp_path, monkeypatch, caplog, asked, taken
):
    """Unless others are asked for, which is warned of."""

    def set_threads(threads):
        assert threads == taken
        return threads

    begun(small("ae"), grid, tmp_path / "out", monkeypatch, threads=97)
    monkeypatch.setattr("exacouple.autoencoders.train.set_threads", set_threads)
    with pytest.raises(Killed):
        train(small("ae"), grid, tmp_path / "out", threads=asked)
    assert ("began with 97 threads" in caplog.text) == (taken != 97)


def begun(settings, grid, directory, monkeypatch, *, threads):
    """Leave a training that began with some threads, and let the next one end before it begins."""
    facts = {"file": "x.nc", "sha256": sha256_file(grid)}
    training.write_settings(directory, settings, facts, threads=threads)

    def deadly(**options):
        raise Killed

    monkeypatch.setattr("exacouple.autoencoders.train.prepare_devices", deadly)


@pytest.mark.parametrize("asked", [None, 97])
def test_going_on_in_a_process_that_has_other_threads_is_warned_of(
    small, grid, tmp_path, monkeypatch, caplog, asked
):
    """TensorFlow has computed already: whatever is asked for, its threads are those it has."""
    tf.zeros(1)
    begun(small("ae"), grid, tmp_path / "out", monkeypatch, threads=97)
    with pytest.raises(Killed):
        train(small("ae"), grid, tmp_path / "out", threads=asked)
    assert f"began with 97 threads of TensorFlow, and goes on with {processors()}" in caplog.text


def test_threads_that_tensorflow_really_has_are_recorded(small, grid, tmp_path):
    """Not those that were asked for too late."""
    tf.zeros(1)
    train(small("ae", epochs=1), grid, tmp_path / "out", threads=97)
    recorded = json.loads((tmp_path / "out" / "settings.json").read_text(encoding="utf-8"))
    assert recorded["threads"] == processors()


def test_the_tool_trains_before_it_loads_what_is_trained(grid, tmp_path, monkeypatch):
    """A loaded model computes, and then TensorFlow takes no other number of threads any more."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "tools")
    tool = importlib.import_module("make_model_weights")
    finished, *others = (tmp_path / f"{model}-{seed}" for model, seed in tool.RUNS)
    finished.mkdir()
    (finished / MODEL).touch()
    trained = []

    def noted(settings, grid, directory, *, threads):
        trained.append(directory)

    def deadly(path):
        raise Killed

    monkeypatch.setattr("exacouple.autoencoders.train.train", noted)
    monkeypatch.setattr("exacouple.autoencoders.keras_codec.KerasCodec.load", deadly)
    with pytest.raises(Killed):
        tool.train_all(grid, tmp_path)
    assert trained == others


def test_the_test_part_is_never_read(small, grid, tmp_path, monkeypatch):
    """Neither to train, nor to validate, nor to make the dictionary."""
    parts = []
    stream = training_data.stream_tiles

    def noted(path, tiles, **kwargs):
        parts.append(tiles.part)
        return stream(path, tiles, **kwargs)

    monkeypatch.setattr(training_data, "stream_tiles", noted)
    monkeypatch.setattr(
        training_data,
        "read_tiles",
        lambda path, tiles: (parts.append(tiles.part), read_tiles(path, tiles))[1],
    )
    train(small("vae", epochs=1), grid, tmp_path / "out")
    assert set(parts) == {"train", "validation"}


def test_another_sea_floor_in_the_test_part_changes_nothing(small, grid, tmp_path):
    """Weights, dictionary and all are the same bit for bit, whatever lies there."""
    settings = small("vae", epochs=1)
    test = training_data.split_of(grid, settings.data).test
    for name in ("one", "other"):
        path = tmp_path / f"{name}.nc"
        shutil.copy(grid, path)
        with netCDF4.Dataset(path, "a") as dataset:
            elevation = dataset["elevation"]
            elevation.actual_range = np.array([-6000.0, 0.0])
            if name == "other":
                for row, column in zip(test.rows, test.columns, strict=True):
                    place = slice(row, row + test.tile), slice(column, column + test.tile)
                    elevation[place] = -500 - elevation[place] // 2
        train(settings, path, tmp_path / name)
    same_weights(tmp_path / "one", tmp_path / "other")
    dictionaries = [np.load(tmp_path / name / "dictionary.npz") for name in ("one", "other")]
    np.testing.assert_array_equal(*(part["atoms"] for part in dictionaries))


@pytest.mark.slow
def test_divergence_term_is_annealed(small, grid, tmp_path):
    """The weight in the log grows, and so does the weighted term."""
    train(small("vae", epochs=3, loss={"annealing_epochs": 3.0}), grid, tmp_path / "out")
    rows = history(tmp_path / "out")
    weights = [row["kl_weight"] for row in rows]
    assert 0 < weights[0] < weights[1] < weights[2] < 1
    assert rows[0]["kl"] < rows[1]["kl"] < rows[2]["kl"]


def test_a_loss_that_is_not_finite_stops_with_its_cause(small, grid, tmp_path):
    """The message names term, epoch and step; the model is not written."""
    settings = small(
        "vae",
        "thesis",
        network={"kind": "convolutional"},
        optimiser={"learning_rate": 1e30, "clip_norm": 0.0},
    )
    with pytest.raises(ExacoupleError, match=r"epoch 1 at step \d+: .*learning_rate"):
        train(settings, grid, tmp_path / "out")
    assert not (tmp_path / "out" / "model.keras").exists()


@pytest.mark.slow
def test_training_stops_when_validation_no_longer_improves(small, grid, tmp_path):
    """With a learning rate of next to nothing the first epochs are as good as any."""
    settings = small(
        "ae", epochs=20, optimiser={"patience": 2, "learning_rate": 1e-30, "weight_decay": 0.0}
    )
    outcome = train(settings, grid, tmp_path / "out")
    assert outcome.stopped_early
    assert outcome.epochs == outcome.best_epoch + 2


def test_samples_are_averaged():
    """Numbered from 0; the mean of 1, 4, 9 and 16 is 7.5."""
    import tensorflow as tf

    from exacouple.autoencoders.ae import _average

    def square(number):
        return [tf.cast(number + 1, tf.float32) ** 2, tf.constant(5.0)]

    for samples, expected in ((1, 1.0), (4, 7.5)):
        found = tf.function(lambda count=samples: _average(square, count))()
        assert [float(part) for part in found] == [expected, 5.0]


@pytest.mark.slow
def test_more_samples_change_the_step(small, grid, tmp_path):
    """Two Monte-Carlo samples are not one."""
    rmse = []
    for samples in (1, 2):
        settings = small("vae", epochs=1)
        settings = dataclasses.replace(
            settings, loss=dataclasses.replace(settings.loss, samples=samples)
        )
        train(settings, grid, tmp_path / f"{samples}")
        rmse.append(history(tmp_path / f"{samples}")[0]["rmse_m"])
    assert rmse[0] != rmse[1]


def test_algorithm_2_moves_one_network_at_a_time(small):
    """Each of the three updates of Larsen et al. moves its own network and no other.

    Against a decoder that stays as it is, the discriminator then soon tells true tiles from made
    ones. One that says "made" to all is right in 2 of 3; the loss of a guess is 3 log 2.
    """
    import keras
    import tensorflow as tf

    from exacouple.autoencoders.codec import Scaling
    from exacouple.autoencoders.vaegan import VAEGAN

    keras.utils.set_random_seed(0)
    settings = small("vaegan", "thesis", network={"momentum": 0.5}, optimiser={"name": "adam"})
    model = VAEGAN(settings, Scaling(-6000.0, 0.0))
    model.compile(100)
    y, x = np.mgrid[:96, :96] / 96.0
    phases = np.random.default_rng(0).uniform(0, 6, (8, 1, 1))
    tiles = tf.constant((0.5 + 0.3 * np.sin(9 * x + 7 * y + phases))[..., None], tf.float32)
    update = tf.function(model.update)

    def weights():
        groups = model.groups().items()
        return {
            name: np.concatenate([keras.ops.convert_to_numpy(v).ravel() for v in group])
            for name, group in groups
        }

    for chosen in ("encoder", "decoder", "discriminator"):
        for name, optimiser in model.optimisers.items():
            optimiser.learning_rate = 1e-3 if name == chosen else 0.0
        before = weights()
        terms = update(tiles, tf.constant(0), tf.constant(1.0))
        after = weights()
        assert {name for name in before if (before[name] != after[name]).any()} == {chosen}
    for step in range(40):
        terms = update(tiles, tf.constant(step), tf.constant(1.0))
    assert float(terms["accuracy"]) > 0.8
    assert float(terms["adversarial"]) < 1.5 < 3 * np.log(2.0)


def test_the_discriminator_sees_roughness_and_no_level(small):
    """With a unit for differences; that of the thesis sees tiles as they are scaled."""
    from exacouple.autoencoders.codec import Scaling
    from exacouple.autoencoders.vaegan import VAEGAN

    tiles = np.random.default_rng(0).uniform(0.4, 0.5, (2, 96, 96, 1)).astype(np.float32)
    change = {}
    for name, network in (("default", {"fixed": 100}), ("thesis", {})):
        settings = small("vaegan", name, network=network)
        if name == "default":
            dictionary = select_dictionary(-3000.0 - 500.0 * tiles[..., 0], fixed=100, chosen=0)
            model = VAEGAN(settings, Scaling(-6000.0, 0.0), dictionary)
        else:
            model = VAEGAN(settings, Scaling(-6000.0, 0.0))
        plain, deeper = (
            np.asarray(model.judge(part, training=False)[1]) for part in (tiles, tiles - 0.3)
        )
        change[name] = np.abs(deeper - plain).max() / np.abs(plain).max()
    assert change["default"] < 1e-3 < 0.01 < change["thesis"]


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_as_well(small, grid, tmp_path, precision):
    """Within 2 % of float32 after one epoch."""
    import keras

    rmse = []
    try:
        for chosen in ("float32", precision):
            settings = dataclasses.replace(small("vae", epochs=1), precision=chosen)
            outcome = train(settings, grid, tmp_path / chosen)
            rmse.append(outcome.validation_rmse_m)
    finally:
        keras.config.set_dtype_policy("float32")
    assert rmse[1] == pytest.approx(rmse[0], rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "preset"),
    [
        *((model, "default") for model in ("ae", "dfcvae", "vaegan")),
        *((model, "thesis") for model in ("ae", "vae", "vaegan")),
    ],
)
def test_every_model_trains(small, grid, tmp_path, model, preset):
    """One epoch through every term of its loss gives a model that can be loaded and used."""
    train(small(model, preset, epochs=1), grid, tmp_path / "out")
    codec = load_codec(tmp_path / "out" / "model.keras")
    assert codec.name == model
    assert np.isfinite(codec.decode(codec.encode(np.full((1, 96, 96), -3000.0)))).all()


@pytest.mark.slow
def test_dfcvae_of_the_thesis_trains_on_features_of_vgg19(small, grid, tmp_path):
    """With a file of weights, which are random ones here: its loss is that of features alone."""
    import keras

    path = tmp_path / "vgg.weights.h5"
    network = keras.applications.VGG19(weights=None, include_top=False, input_shape=(32, 32, 3))
    network.save_weights(path)
    settings = small("dfcvae", "thesis", epochs=1)
    train(settings, grid, tmp_path / "out", feature_weights=str(path))
    (row,) = history(tmp_path / "out")
    assert row["features"] > 0
    assert "reconstruction" not in row
    assert load_codec(tmp_path / "out" / "model.keras").latents == 100


@pytest.mark.slow
def test_slopes_and_travel_times_can_be_added(small, grid, tmp_path):
    """Each has its own column."""
    settings = small("ae", epochs=1, loss={"gradients": 0.5, "travel_time": 0.1, "land": 0.5})
    train(settings, grid, tmp_path / "out")
    assert {"gradients", "travel_time"} <= set(history(tmp_path / "out")[0])


@pytest.mark.parametrize(
    ("loss", "felt"),
    [
        ({"land": 0.0}, {"reconstruction": (True, False)}),
        ({"land": 1.0}, {"reconstruction": (True, True)}),
        ({"travel_time": 1.0}, {"travel_time": (True, False)}),
        ({"gradients": 1.0}, {"gradients": (True, True)}),
    ],
)
@pytest.mark.parametrize("model", ["ae", "vae", "dfcvae", "vaegan"])
def test_terms_feel_what_they_should(small, model, loss, felt):
    """Errors at sea count in every term, errors on land where land has a weight or a slope."""
    import tensorflow as tf

    from exacouple.autoencoders.codec import Scaling
    from exacouple.autoencoders.train import build_model

    true = np.full((1, 96, 96, 1), -1000.0, np.float32)
    true[:, :48] = 500.0
    dictionary = select_dictionary(-3000.0 - true[..., 0], fixed=100, chosen=0)
    data = SimpleNamespace(scaling=Scaling(-6000.0, 1000.0))
    settings = small(model, loss=loss, network={"fixed": 100})
    made = build_model(settings, data, dictionary)

    def terms(sea, land):
        shifted = true + np.where(true < 0, sea, land).astype(np.float32)
        parts = (tf.constant(made.scaling.to_unit(part)) for part in (true, shifted))
        return {name: float(value[0]) for name, value in made.tile_terms(*parts).items()}

    plain, sea, land = terms(0.0, 0.0), terms(100.0, 0.0), terms(0.0, 100.0)
    for name, expected in felt.items():
        changes = abs(sea[name] - plain[name]), abs(land[name] - plain[name])
        assert tuple(change > 1e-4 for change in changes) == expected


def test_a_grid_in_metres_has_no_split_by_area(small, tmp_path):
    """Blocks of area are laid in degrees."""
    path = tmp_path / "projected.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        for name in ("y", "x"):
            dataset.createDimension(name, 200)
            axis = dataset.createVariable(name, "f8", (name,))
            axis.units = "m"
            axis[:] = 1000.0 * np.arange(200)
        variable = dataset.createVariable("z", "f4", ("y", "x"))
        variable.units = "m"
        variable[:] = -100.0
    with pytest.raises(UsageError, match="degrees"):
        train(small("ae"), path, tmp_path / "out")
