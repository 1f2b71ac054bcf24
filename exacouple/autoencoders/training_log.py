"""Logs of a training: a CSV file per epoch, TensorBoard, and curves as a figure."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from exacouple.atomic import atomic_file

HISTORY = "history.csv"
FIGURE = "curves.png"
_STEPS_PER_POINT = 10
_SCALAR = tf.compat.v1.SummaryMetadata(
    plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
)
"""Marks values as scalars; ``tf.summary.scalar`` would need TensorBoard installed here."""


class TrainingLog:
    """Writes ``history.csv``, ``curves.png`` and ``tensorboard/`` into a directory."""

    def __init__(self, directory: Path, history: Sequence[Mapping[str, float]]) -> None:
        self._directory = directory
        self._history = list(history)
        self._writer = tf.summary.create_file_writer(str(directory / "tensorboard"))

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Note the terms of a step for TensorBoard, every tenth."""
        if step % _STEPS_PER_POINT == 0:
            self._scalars("train", step, values)

    def epoch(self, row: Mapping[str, float]) -> None:
        """Note an epoch and rewrite the CSV file and the figure."""
        self._history.append(dict(row))
        self._scalars("epoch", int(row["epoch"]), row)
        self._writer.flush()
        with (
            atomic_file(self._directory / HISTORY, force=True) as temporary,
            open(temporary, "w", newline="", encoding="utf-8") as stream,
        ):
            writer = csv.DictWriter(stream, fieldnames=list(row), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._history)
        with atomic_file(self._directory / FIGURE, force=True) as temporary:
            plot_history(self._history, temporary)

    def close(self) -> None:
        """Close the TensorBoard file."""
        self._writer.close()

    def _scalars(self, group: str, step: int, values: Mapping[str, float]) -> None:
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.write(
                    f"{group}/{name}", tf.constant(value, tf.float32), step, metadata=_SCALAR
                )


def read_history(directory: Path) -> list[dict[str, float]]:
    """Return the rows of ``history.csv`` of a training."""
    with open(directory / HISTORY, newline="", encoding="utf-8") as stream:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)]


def plot_history(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw RMSE, loss with its terms, and where there is one the discriminator's accuracy."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = [row["epoch"] for row in history]
    adversarial = "accuracy" in history[0]
    figure = Figure(figsize=(12 if adversarial else 8, 3.4), layout="constrained")
    axes = figure.subplots(1, 3 if adversarial else 2)
    axes[0].plot(epochs, [row["rmse_m"] for row in history], label="training, sampled codes")
    axes[0].plot(epochs, [row["validation_rmse_m"] for row in history], label="validation")
    axes[0].set(xlabel="epoch", ylabel="RMSE (m)")
    leave = {"epoch", "step", "rmse_m", "gradient_norm", "kl_weight", "accuracy"}
    for name in history[0]:
        if name not in leave and not name.startswith("validation_"):
            axes[1].plot(epochs, [row[name] for row in history], label=name)
    axes[1].plot(epochs, [row["validation_loss"] for row in history], label="validation loss")
    axes[1].set(xlabel="epoch", ylabel="terms of the loss")
    if adversarial:
        axes[2].plot(epochs, [row["accuracy"] for row in history], label="training")
        axes[2].plot(epochs, [row["validation_accuracy"] for row in history], label="validation")
        axes[2].set(xlabel="epoch", ylabel="discriminator's accuracy", ylim=(0, 1))
    for axis in axes:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    figure.savefig(path, dpi=120)
