"""Subcommand ``train``: train an autoencoder on the tiles of a grid."""

import logging
from pathlib import Path
from typing import Literal

import click

from exacouple.cli.options import echo_json, force_option, json_option

_log = logging.getLogger(__name__)

_MODELS = ("ae", "vae", "dfcvae", "vaegan")
_PRESETS = ("default", "thesis")


@click.command()
@click.argument("model", type=click.Choice(_MODELS))
@click.option(
    "--data",
    metavar="GRID",
    help="Grid that tiles are cut from: a file, such as GEBCO or ETOPO, or an embedded one.",
)
@click.option("--preset", type=click.Choice(_PRESETS), default="default", show_default=True)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.toml",
    help="Settings to be put over the preset.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the training.  [default: trainings/MODEL-PRESET]",
)
@click.option(
    "--split",
    type=click.Choice(("blocked", "thesis")),
    help="How tiles are divided: by area, or as the thesis does.  [default: that of the preset]",
)
@click.option("--seed", type=int, help="Seed of weights, order and noise.")
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs at most.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of TensorFlow.")
@click.option(
    "--feature-weights",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Weights of VGG19 for a loss on its features.",
)
@click.option(
    "--export",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.npz",
    help="Write the model also as a file that needs no TensorFlow.",
)
@click.option("--show", is_flag=True, help="Print the settings and train nothing.")
@force_option
@json_option
def command(
    model: str,
    data: str | None,
    preset: str,
    config: Path | None,
    out: Path | None,
    split: Literal["blocked", "thesis"] | None,
    seed: int | None,
    epochs: int | None,
    threads: int | None,
    feature_weights: str | None,
    export: Path | None,
    show: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Train an autoencoder on the tiles of a grid.

    A training that was interrupted goes on when it is started again with the same settings, and
    ends with the same weights. The test part of the grid is not read.
    """
    import dataclasses

    from exacouple.autoencoders.settings import read_settings

    settings = read_settings(model, preset, config)
    if split is not None:
        data_settings = dataclasses.replace(settings.data, split=split)
        settings = dataclasses.replace(settings, data=data_settings)
    if seed is not None:
        settings = dataclasses.replace(settings, seed=seed)
    if epochs is not None:
        optimiser = dataclasses.replace(settings.optimiser, epochs=epochs)
        settings = dataclasses.replace(settings, optimiser=optimiser)
    if show:
        echo_json(dataclasses.asdict(settings))
        return
    if data is None:
        raise click.UsageError("give the grid to train on: --data FILE")
    if export is not None:
        _check_export(export, settings.network.kind, force=force)
    from exacouple.bathymetry import embedded_grids, inspect

    grid = inspect(embedded_grids().get(data, Path(data))).path

    from exacouple.autoencoders.tensorflow_setup import import_quietly, require_tensorflow

    require_tensorflow()
    import_quietly()
    from exacouple.autoencoders.train import MODEL, train

    directory = out or Path("trainings") / f"{model}-{preset}"
    outcome = train(
        settings, grid, directory, feature_weights=feature_weights, threads=threads, force=force
    )
    if export is not None:
        from exacouple.autoencoders.export import to_portable
        from exacouple.autoencoders.keras_codec import KerasCodec

        to_portable(KerasCodec.load(directory / MODEL)).save(export, force=force)
    if as_json:
        echo_json({"path": str(directory / MODEL), **dataclasses.asdict(outcome)})
        return
    if not _log.isEnabledFor(logging.INFO):
        return
    early = ", stopped early" if outcome.stopped_early else ""
    click.echo(
        f"{directory / MODEL}: {outcome.epochs} epochs{early}, best after epoch "
        f"{outcome.best_epoch}: validation RMSE {outcome.validation_rmse_m:.1f} m"
    )


def _check_export(path: Path, kind: str, *, force: bool) -> None:
    """Refuse before the training what would fail after it."""
    from exacouple.errors import UsageError

    if path.suffix != ".npz":
        raise UsageError(f"--export {path}: give a name that ends in .npz")
    if kind != "pursuit":
        raise UsageError(f"--export {path}: networks of the kind '{kind}' need TensorFlow")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already: use --force to replace it")
