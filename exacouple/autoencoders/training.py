"""Train a model: epochs of tiles, validation, early stopping, checkpoints, logs.

A training is a directory. A killed one goes on from its last checkpoint and ends with the same
weights, bit for bit, as one that was not interrupted: the order of the tiles and the noise depend
on the seed and the step alone. The test part is never read.
"""

import logging
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from exacouple import progress as shown
from exacouple.atomic import write_json
from exacouple.autoencoders.ae import Autoencoder
from exacouple.autoencoders.checkpoint import (
    Progress,
    assign,
    load_checkpoint,
    save_checkpoint,
)
from exacouple.autoencoders.losses import annealed_weight
from exacouple.autoencoders.settings import Settings
from exacouple.autoencoders.training_data import TrainingData
from exacouple.autoencoders.training_log import TrainingLog
from exacouple.errors import ExacoupleError

_log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.npz"
BEST = "best.npz"
RATE_OVER_STEPS = 50
_VALIDATION_BATCH = 64
_BATCHES_AHEAD = 4
_KEPT = "the last checkpoint is from before"
_NOT_KEPT = "there is no checkpoint yet"


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes
    ----------
    epochs, steps : int
        Done in all.
    best_epoch : int
        The epoch whose weights are kept.
    validation_rmse_m : float
        RMSE of these on the validation part, metres.
    stopped_early : bool
    """

    epochs: int
    steps: int
    best_epoch: int
    validation_rmse_m: float
    stopped_early: bool


class Trainer:
    """Trains one model in one directory.

    Parameters
    ----------
    model : Autoencoder
        Made within the scope of `strategy`.
    data : TrainingData
    directory : Path
        Where checkpoints and logs go; an earlier checkpoint there is taken up.
    strategy : tf.distribute.Strategy
    """

    def __init__(
        self, model: Autoencoder, data: TrainingData, directory: Path, strategy: Any
    ) -> None:
        self.model, self.data, self.directory, self.strategy = model, data, directory, strategy
        self.settings: Settings = model.settings
        batch = self.settings.optimiser.batch
        self._batches = math.ceil(len(data.split.train) / batch)
        self._total = self._batches * self.settings.optimiser.epochs
        with strategy.scope():
            model.compile(self._total)
        self._update = tf.function(self._distributed_update)
        self._evaluate = tf.function(
            lambda tiles: model.terms(
                tiles, tf.zeros((2,), tf.int32), tf.constant(1.0), training=False
            )
        )
        self.progress = Progress()

    def variables(self) -> dict[str, Any]:
        """Return every variable of networks and optimisers, by names that processes agree on."""
        found = {"pixel_log_variance": self.model.log_variance}
        for name, network in self.model.networks().items():
            for number, variable in enumerate(network.variables):
                found[f"{name}/{number}"] = variable
        for name, optimiser in self.model.optimisers.items():
            for number, variable in enumerate(optimiser.variables):
                found[f"optimiser-{name}/{number}"] = variable
        return found

    def resume(self) -> bool:
        """Take up the last checkpoint; False if there is none."""
        path = self.directory / CHECKPOINT
        if not path.is_file():
            return False
        arrays, self.progress = load_checkpoint(path)
        assign(self.variables(), arrays, path)
        return True

    def run(self) -> Outcome:
        """Train to the end and leave the best weights in the model.

        Raises
        ------
        ExacoupleError
            A loss or gradient is not finite; the message names it, the place and what may help.
        """
        state, optimiser = self.progress, self.settings.optimiser
        if state.step == 0 and not state.history:
            self.model.fit_codes(self.data.sample())
        log = TrainingLog(self.directory, state.history)
        stopped = False
        with shown.task(f"training {self.settings.model}", self._total, "steps") as bar:
            while state.epoch < optimiser.epochs and not state.finished:
                self._epoch(bar, log)
                row = self._end_epoch(log)
                stopped = bool(optimiser.patience) and (
                    state.epoch - state.best_epoch >= optimiser.patience
                )
                state.finished = stopped or state.epoch == optimiser.epochs
                self._save()
                _log.info("%s", _sentence(row, state))
        log.close()
        arrays, _ = load_checkpoint(self.directory / BEST)
        assign(self.variables(), arrays, self.directory / BEST)
        best = state.history[state.best_epoch - 1]
        return Outcome(
            state.epoch,
            state.step,
            state.best_epoch,
            best["validation_rmse_m"],
            state.epoch < optimiser.epochs,
        )

    def _epoch(self, bar: Any, log: TrainingLog) -> None:
        state, settings = self.progress, self.settings
        marks = [(time.monotonic(), 0)]
        done = 0
        for tiles in _read_ahead(self.data.batches(state.epoch, skip=state.batch)):
            weight = annealed_weight(
                state.epoch + state.batch / self._batches,
                shape=settings.loss.annealing,
                epochs=settings.loss.annealing_epochs,
            )
            terms = self._update(
                self._shared(tiles),
                tf.constant(state.step, tf.int32),
                tf.constant(weight, tf.float32),
            )
            values = {name: float(value) for name, value in terms.items()}
            self._guard(values, tiles)
            values["kl_weight"] = weight
            state.batch += 1
            state.step += 1
            done += len(tiles)
            for name, value in values.items():
                state.sums[name] = state.sums.get(name, 0.0) + value
            marks = [*marks[-RATE_OVER_STEPS:], (time.monotonic(), done)]
            bar.update(completed=state.step, description=self._description(marks))
            log.step(state.step, values)
            if state.step % settings.checkpoint_steps == 0 and state.batch < self._batches:
                self._save()

    def _end_epoch(self, log: TrainingLog) -> Mapping[str, float]:
        state = self.progress
        row: dict[str, float] = {"epoch": state.epoch + 1, "step": state.step}
        row |= {name: total / state.batch for name, total in state.sums.items()}
        row |= {f"validation_{name}": value for name, value in self.validate().items()}
        state.history.append(row)
        state.epoch, state.batch, state.sums = state.epoch + 1, 0, {}
        if not math.isfinite(row["validation_loss"]):
            raise ExacoupleError(
                f"the validation loss is {row['validation_loss']} after epoch {state.epoch}: lower "
                "the learning rate; the last checkpoint is of the epoch before"
            )
        if state.best_loss is None or row["validation_loss"] < state.best_loss:
            state.best_loss, state.best_epoch = row["validation_loss"], state.epoch
            save_checkpoint(self.directory / BEST, self.variables(), state)
        log.epoch(row)
        return row

    def validate(self) -> dict[str, float]:
        """Return the terms of the loss on the validation part, all its tiles counted alike."""
        sums: dict[str, float] = {}
        count = 0
        for tiles in self.data.validation_batches(_VALIDATION_BATCH):
            terms = self._evaluate(tf.constant(tiles))
            for name, value in terms.items():
                mean = float(value) ** 2 if name == "rmse_m" else float(value)
                sums[name] = sums.get(name, 0.0) + mean * len(tiles)
            count += len(tiles)
        means = {name: total / count for name, total in sums.items()}
        return {**means, "rmse_m": math.sqrt(means["rmse_m"])}

    def _distributed_update(self, tiles: Any, step: Any, kl_weight: Any) -> Any:
        terms = self.strategy.run(self.model.update, args=(tiles, step, kl_weight))
        mean = tf.distribute.ReduceOp.MEAN
        return {name: self.strategy.reduce(mean, term, axis=None) for name, term in terms.items()}

    def _shared(self, tiles: np.ndarray) -> Any:
        """Return a batch cut into a part for each replica."""
        replicas = self.strategy.num_replicas_in_sync
        if replicas == 1:
            return tf.constant(tiles)
        padded = np.concatenate([tiles, tiles[: -len(tiles) % replicas]])
        parts = np.split(padded, replicas)
        return self.strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )

    def _guard(self, values: Mapping[str, float], tiles: np.ndarray) -> None:
        mixed = self.settings.precision in ("auto", "mixed_float16")
        bad = [
            name
            for name, value in values.items()
            if not math.isfinite(value)
            and not (mixed and name == "gradient_norm" and _scales(self.model))
        ]
        if not bad:
            return
        state = self.progress
        if not np.isfinite(tiles).all():
            cause = "the tiles of this batch hold values that are not finite"
        elif bad == ["gradient_norm"]:
            cause = "the loss is finite, its gradient is not"
        else:
            first = next((name for name in bad if name not in ("loss", "gradient_norm")), bad[0])
            cause = f"the term '{first}' is {values[first]}"
        terms = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        kept = _KEPT if (self.directory / CHECKPOINT).is_file() else _NOT_KEPT
        raise ExacoupleError(
            f"training stopped in epoch {state.epoch + 1} at step {state.step + 1}: {cause} "
            f"({terms}). Lower learning_rate ({self.settings.optimiser.learning_rate:g}), set "
            f"clip_norm, or set clip_log_variance; {kept}"
        )

    def _description(self, marks: list[tuple[float, int]]) -> str:
        (start, first), (end, last) = marks[0], marks[-1]
        rate = (last - first) / max(end - start, 1e-9)
        state = self.progress
        left = (self._total - state.step) * self.settings.optimiser.batch / max(rate, 1e-9)
        return (
            f"training {self.settings.model}: epoch {state.epoch + 1} of "
            f"{self.settings.optimiser.epochs}, {rate:.0f} samples/s, {_duration(left)} left"
        )

    def _save(self) -> None:
        save_checkpoint(self.directory / CHECKPOINT, self.variables(), self.progress)


def write_settings(
    directory: Path, settings: Settings, facts: Mapping[str, Any], *, threads: int
) -> None:
    """Write ``settings.json``: all settings, what the data are, and the threads of TensorFlow."""
    record = {"settings": asdict(settings), "data": dict(facts), "threads": threads}
    write_json(directory / "settings.json", record)


def _scales(model: Autoencoder) -> bool:
    return any(hasattr(optimiser, "dynamic_scale") for optimiser in model.optimisers.values())


def _sentence(row: Mapping[str, float], state: Progress) -> str:
    return (
        f"epoch {int(row['epoch'])}: loss {row['loss']:.5g}, validation loss "
        f"{row['validation_loss']:.5g}, validation RMSE {row['validation_rmse_m']:.1f} m (best "
        f"after epoch {state.best_epoch})"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _read_ahead(batches: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield batches that tf.data reads ahead while the model is at work."""
    failures: list[ExacoupleError] = []

    def guarded() -> Iterator[np.ndarray]:
        try:
            yield from batches
        except ExacoupleError as exc:
            failures.append(exc)

    spec = tf.TensorSpec((None, None, None, 1), tf.float32)
    dataset = tf.data.Dataset.from_generator(guarded, output_signature=spec)
    yield from dataset.prefetch(_BATCHES_AHEAD).as_numpy_iterator()
    if failures:
        raise failures[0]
