"""Train a model from settings and a grid file into a directory, and save it as one file."""

import json
import logging
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from exacouple import __version__
from exacouple.atomic import atomic_file
from exacouple.autoencoders.ae import Autoencoder
from exacouple.autoencoders.alone import alone
from exacouple.autoencoders.codec import TRAINED
from exacouple.autoencoders.dfcvae import DeepFeatureVAE
from exacouple.autoencoders.dictionary import Dictionary
from exacouple.autoencoders.features import find_vgg19
from exacouple.autoencoders.keras_codec import KerasCodec
from exacouple.autoencoders.selection import select_dictionary
from exacouple.autoencoders.settings import Settings
from exacouple.autoencoders.tensorflow_setup import prepare_devices, processors, set_threads
from exacouple.autoencoders.training import CHECKPOINT, Outcome, Trainer, write_settings
from exacouple.autoencoders.training_data import TrainingData
from exacouple.autoencoders.vae import VariationalAutoencoder
from exacouple.autoencoders.vaegan import VAEGAN
from exacouple.errors import ExacoupleError, UsageError

_log = logging.getLogger(__name__)

MODEL = TRAINED
_SETTINGS = "settings.json"
_DICTIONARY = "dictionary.npz"
_LEFT_OUT = ("checkpoint_steps",)


def train(
    settings: Settings,
    grid: str | Path,
    directory: str | Path,
    *,
    feature_weights: str | None = None,
    threads: int | None = None,
    force: bool = False,
) -> Outcome:
    """Train a model, or go on with a training that was interrupted.

    Parameters
    ----------
    settings : Settings
    grid : str or Path
        The grid file that tiles are cut from.
    directory : str or Path
        Gets ``settings.json``, ``checkpoint.npz``, ``best.npz``, ``history.csv``, ``curves.png``,
        ``tensorboard/`` and at the end ``model.keras``.
    feature_weights : str, optional
        File of the weights of VGG19 for a deep-feature loss.
    threads : int, optional
        Threads of TensorFlow, on which the last digits of weights depend. Without it those that the
        training began with, or as many as there are processors.
    force : bool
        Start anew where there is a training with other settings, or a finished one.

    Raises
    ------
    UsageError
        The directory holds another or a finished training, or something is missing.
    ExacoupleError
        The training cannot go on, such as when a loss is not finite.
    """
    directory = Path(directory)
    if settings.model == "dfcvae" and settings.loss.feature_network == "vgg19":
        find_vgg19(feature_weights)
    data = TrainingData.open(
        grid, settings.data, batch=settings.optimiser.batch, seed=settings.seed
    )
    with alone(directory):
        return _train(settings, data, directory, feature_weights, threads, force=force)


def _train(
    settings: Settings,
    data: TrainingData,
    directory: Path,
    feature_weights: str | None,
    threads: int | None,
    *,
    force: bool,
) -> Outcome:
    facts = data.facts()
    began = _claim(directory, settings, facts, force=force)
    has = set_threads(threads or (None if began == processors() else began))
    _check_threads(directory, threads, began, has)
    if began is None:
        write_settings(directory, settings, facts, threads=has)
    strategy = prepare_devices(seed=settings.seed, precision=settings.precision)
    dictionary = _dictionary(directory, settings, data)
    with strategy.scope():
        model = build_model(settings, data, dictionary, feature_weights=feature_weights)
    trainer = Trainer(model, data, directory, strategy)
    if trainer.resume():
        _log.info("going on after step %d", trainer.progress.step)
    outcome = trainer.run()
    record = {
        "data": facts,
        "settings": asdict(settings),
        "epochs": outcome.epochs,
        "steps": outcome.steps,
        "best_epoch": outcome.best_epoch,
        "validation_rmse_m": round(outcome.validation_rmse_m, 3),
        "exacouple": __version__,
    }
    codec = KerasCodec.of(settings.model, model.encoder, model.decoder, data.scaling, record)
    codec.save(directory / MODEL, force=True)
    return outcome


def build_model(
    settings: Settings,
    data: TrainingData,
    dictionary: Dictionary | None,
    *,
    feature_weights: str | None = None,
) -> Autoencoder:
    """Return the untrained model of settings."""
    if settings.model == "dfcvae":
        return DeepFeatureVAE(settings, data.scaling, dictionary, feature_weights=feature_weights)
    kinds: dict[str, type[Autoencoder]] = {
        "ae": Autoencoder,
        "vae": VariationalAutoencoder,
        "vaegan": VAEGAN,
    }
    return kinds[settings.model](settings, data.scaling, dictionary)


def _claim(
    directory: Path, settings: Settings, facts: dict[str, Any], *, force: bool
) -> int | None:
    """See to it that the directory is new, or holds this very training, not finished.

    Returns the threads that this training began with; None if it is new, or if they are unknown.
    """
    path = directory / _SETTINGS
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is not a directory: give another --out")
    if path.is_file():
        differs = _difference(path, settings, facts)
        finished = (directory / MODEL).is_file()
        if not differs and not finished:
            began = json.loads(path.read_text(encoding="utf-8")).get("threads")
            return None if began is None else int(began)
        if not force:
            reason = f"of other settings ({differs})" if differs else "that is finished"
            raise UsageError(
                f"{directory} holds a training {reason}: give another --out, or --force to "
                "replace it"
            )
        shutil.rmtree(directory)
    elif directory.is_dir() and any(directory.iterdir()):
        raise UsageError(f"{directory} is not empty and holds no training: give another --out")
    return None


def _check_threads(directory: Path, asked: int | None, began: int | None, has: int) -> None:
    """Warn where TensorFlow has not the threads that the last digits of the weights depend on."""
    wanted = asked or began or has
    if has != wanted:
        _log.warning(
            "TensorFlow has computed in this process before the training, and keeps its %d threads "
            "instead of %d",
            has,
            wanted,
        )
    if has != (began or has):
        _log.warning(
            "%s began with %d threads of TensorFlow, and goes on with %d: its weights will differ "
            "in the last digits from those of a training that was not stopped",
            directory,
            began,
            has,
        )


def _difference(path: Path, settings: Settings, facts: dict[str, Any]) -> str:
    """Return the first setting in which a training in a directory differs, or nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        old = {**found["settings"], "data file": found["data"]["sha256"]}
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ExacoupleError(f"{path}: cannot be read ({exc}): give another --out") from exc
    new = {**json.loads(json.dumps(asdict(settings))), "data file": facts["sha256"]}
    for key, value in new.items():
        before = old.get(key)
        if key in _LEFT_OUT or before == value:
            continue
        if not (isinstance(value, dict) and isinstance(before, dict)):
            return f"'{key}' was {before!r}, now {value!r}"
        inner = next(name for name in {**value, **before} if before.get(name) != value.get(name))
        return f"'{key}.{inner}' was {before.get(inner)!r}, now {value.get(inner)!r}"
    return ""


def _dictionary(directory: Path, settings: Settings, data: TrainingData) -> Dictionary | None:
    """Return the dictionary of a training; it is made once and kept beside the checkpoint."""
    if settings.network.kind != "pursuit":
        return None
    path = directory / _DICTIONARY
    if path.is_file() and (directory / CHECKPOINT).is_file():
        try:
            with np.load(path, allow_pickle=False) as archive:
                return Dictionary(archive["fixed"], archive["atoms"])
        except Exception as exc:
            raise ExacoupleError(f"{path}: cannot be read ({exc})") from exc
    _log.info("making the dictionary")
    made = select_dictionary(
        data.sample_m(),
        fixed=settings.network.fixed,
        chosen=settings.network.chosen,
        atoms=settings.network.atoms,
        generations=settings.network.dictionary_generations,
        seed=settings.seed,
    )
    with atomic_file(path, force=True) as temporary:
        np.savez(temporary, fixed=made.fixed, atoms=made.atoms)
    return made
