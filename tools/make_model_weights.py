"""Make the shipped autoencoders: python tools/make_model_weights.py ETOPO5.nc WORK [DIR [IMAGES]].

WORK keeps the trainings, about five minutes each on two cores; a killed one goes on where it was.
DIR, by default the package, gets ``vae.npz``, ``dfcvae.npz`` and ``vae-fixed.npz`` with a model
card beside each;
IMAGES, by default docs/images/models, gets their figures. The pca of the package is what they are
compared with, so tools/make_linear_weights.py comes first.
"""

import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from shrink_png import shrink

import exacouple.autoencoders
from exacouple.atomic import atomic_file, write_text
from exacouple.autoencoders.codec import Codec, load_codec
from exacouple.autoencoders.evaluation import Evaluated, Evaluation, evaluate
from exacouple.autoencoders.evaluation_tiles import lay_tiles
from exacouple.autoencoders.portable import PursuitCodec
from exacouple.autoencoders.scores import Interval
from exacouple.autoencoders.settings import Settings, preset
from exacouple.errors import ExacoupleError
from exacouple.hashing import sha256_file

EPOCHS = 10
SEEDS = (0, 1, 2)
SHIPPED_SEED = 0
MODELS = ("vae", "dfcvae", "vae-fixed")
RUNS = tuple((model, seed) for seed in SEEDS for model in MODELS)
CURVE = ("epoch", "loss", "rmse_m", "validation_loss", "validation_rmse_m", "kl_weight", "kl")

SOURCE = (
    "ETOPO5, 5 arc-minute gridded elevation of the Earth: NOAA National Geophysical Data Center, "
    "Boulder, Colorado, Data Announcement 88-MGG-02, 1988; public domain"
)
TITLES = {
    "vae": "Variational autoencoder",
    "dfcvae": "Feature-consistent variational autoencoder",
    "vae-fixed": "Variational autoencoder with a continuous code",
}
_BOUND = "Trained on the evidence lower bound with a Gaussian likelihood of trained variance."
TEXTS = {
    "vae": _BOUND,
    "dfcvae": (
        "Trained on the evidence lower bound and a loss on features. The features are slopes on a "
        "pyramid of grids (`multiscale_gradient`), **not** VGG19: its ImageNet weights were not at "
        "hand where this was trained."
    ),
    "vae-fixed": (
        f"{_BOUND} Codes are searched for from the coefficients on, by ten steps down the gradient "
        "of the error of the decoded tile; the RMSE of training and validation below are of codes "
        "before the search."
    ),
}


def settings_of(model: str, seed: int) -> Settings:
    """Return the settings of a shipped model."""
    chosen = preset(model.removesuffix("-fixed"))
    chosen = replace(chosen, seed=seed, optimiser=replace(chosen.optimiser, epochs=EPOCHS))
    if model != "vae-fixed":
        return chosen
    network = replace(chosen.network, fixed=chosen.network.latents, widths=(24, 40, 64))
    return replace(chosen, network=network, data=replace(chosen.data, stride=32))


def train_all(grid: Path, work: Path) -> None:
    """Train and export what is not there yet.

    The trained models are loaded after all trainings, as TensorFlow can be given its number of
    threads only before it computes, and the last digits of the weights depend on that.
    """
    from exacouple.autoencoders.export import to_portable
    from exacouple.autoencoders.keras_codec import KerasCodec
    from exacouple.autoencoders.train import MODEL, train
    from exacouple.autoencoders.training_log import read_history

    for model, seed in RUNS:
        directory = work / f"{model}-{seed}"
        if not (directory / MODEL).is_file():
            train(settings_of(model, seed), grid, directory, threads=2)
    for model, seed in RUNS:
        directory = work / f"{model}-{seed}"
        codec = KerasCodec.load(directory / MODEL)
        rows = read_history(directory)
        curve = [{key: round(row[key], 5) for key in CURVE if key in row} for row in rows]
        codec.name = model
        codec.facts = {"source": SOURCE, **codec.facts, "history": curve}
        to_portable(codec).save(work / f"{model}-{seed}.npz", force=True)


def pack(grid: Path, work: Path, directory: Path, images: Path) -> None:
    """Score all seeds on the test part, and write weights, cards and figures of the first."""
    codecs: dict[str, Codec] = {
        f"{model}-{seed}": load_codec(work / f"{model}-{seed}.npz") for model, seed in RUNS
    }
    evaluation = evaluate(codecs, lay_tiles(grid, "blocked"), baseline=load_codec("pca"))
    for model in TITLES:
        shipped = codecs[f"{model}-{SHIPPED_SEED}"]
        assert isinstance(shipped, PursuitCodec)
        path = directory / f"{model}.npz"
        shipped.save(path, force=True)
        card = describe(shipped, evaluation, path)
        write_text(path.with_suffix(".md"), card, force=True)
        draw_curve(shipped.facts["history"], images / f"{model}-curve.png")
        draw_tiles(evaluation, model, images / f"{model}-tiles.png")
        print(card)


def describe(codec: PursuitCodec, evaluation: Evaluation, path: Path) -> str:
    """Return the model card of a shipped model."""
    data, settings = codec.facts["data"], codec.facts["settings"]
    network, optimiser, split = settings["network"], settings["optimiser"], data["split"]
    kind = "cosines" if network["fixed"] == network["latents"] else "waveforms"
    found = {model.label: model for model in evaluation.models}
    seeds = [found[f"{name}-{seed}"] for name, seed in RUNS if name == codec.name]
    reference = next(model for model in evaluation.models if model.name == "pca")
    pooled = evaluation.pooled.get(f"{codec.name}-{codec.latents}")
    blocks = ", ".join(str(number) for number in split["test_blocks"])
    lines = [
        f"# {TITLES[codec.name]} (`{codec.name}`)",
        "",
        f"{codec.latents} numbers per tile of 96 x 96 values: {_code(network)} The decoder adds "
        f"them up and refines the sum by a small network. {TEXTS[codec.name]} Needs no TensorFlow.",
        "",
        f"- Data: {SOURCE}. SHA-256 of the file `{data['file']}`: `{data['sha256']}`.",
        f"- Range: {data['range_m'][0]:.0f} to {data['range_m'][1]:.0f} m.",
        f"- Split: by area, blocks of {split['block_deg']:g} degrees, seed {split['seed']}: "
        f"{data['tiles']['train']} tiles to train on (every {split['stride']} pixels, turned at "
        f"random), {data['tiles']['validation']} to validate, {len(evaluation.tiles)} to test; "
        f"{split['border']} unused pixels between the parts. Test blocks (counted eastward from "
        f"180 W, row by row from 90 S): {blocks}. The {kind} too are chosen "
        "on training tiles.",
        f"- Training: {codec.facts['epochs']} epochs of batches of {optimiser['batch']}, "
        f"{optimiser['name']} with learning rate {optimiser['learning_rate']:g} "
        f"({optimiser['schedule']}), seed {settings['seed']}; weights of epoch "
        f"{codec.facts['best_epoch']}, the best in validation "
        f"({codec.facts['validation_rmse_m']:.1f} m RMSE).",
        f"- File: {path.stat().st_size} bytes, kernels as float16, SHA-256 `{sha256_file(path)}`; "
        "the scores are those of the file.",
        "",
        "Test part, land and sea, metres per value:",
        "",
        "| model | RMSE | ratio to PCA | 95 % interval | slope error, m per pixel |",
        "|---|---|---|---|---|",
        _row(reference, "`pca`"),
        *(_row(model, f"`{codec.name}`, seed {number}") for number, model in enumerate(seeds)),
        "",
        "The intervals are of a bootstrap over the blocks of area; with so few of them they are "
        "rough.",
        *([] if pooled is None else _pooled(pooled)),
        "",
        "| epoch | training RMSE, sampled codes, m | validation RMSE, m | weight of KL |",
        "|---|---|---|---|",
        *(
            f"| {row['epoch']:.0f} | {row['rmse_m']:.1f} | {row['validation_rmse_m']:.1f} | "
            f"{row['kl_weight']:.2f} |"
            for row in codec.facts["history"]
        ),
        "",
    ]
    return "\n".join(lines)


def _code(network: Mapping[str, Any]) -> str:
    """Return what the numbers of a code are."""
    chosen = (network["latents"] - network["fixed"]) // 2
    if not chosen:
        return (
            "coefficients of the same cosines for every tile. No waveforms are chosen, so that the "
            "code is continuous: a small change of it is a small change of the tile."
        )
    return (
        f"{network['fixed']} coefficients of fixed cosines, {chosen} amplitudes and {chosen} "
        f"numbers of waveforms, which are chosen out of {network['atoms']} by matching pursuit."
    )


def _pooled(found: Interval) -> list[str]:
    return [
        f"All {found.models} seeds together, drawn as well: ratio {found.ratio:.3f}, 95 % interval "
        f"{found.low:.3f} to {found.high:.3f}."
    ]


def _row(model: Evaluated, label: str) -> str:
    ratio = model.ratio
    ends = "" if ratio is None else f"{ratio.low:.3f} to {ratio.high:.3f}"
    return (
        f"| {label} | {model.scores.rmse_m:.1f} | {'1' if ratio is None else f'{ratio.ratio:.3f}'}"
        f" | {ends} | {model.scores.slope_error_m:.1f} |"
    )


def draw_curve(history: list[Mapping[str, float]], path: Path) -> None:
    """Draw RMSE and loss by epoch."""
    from exacouple.autoencoders.training_log import plot_history

    with atomic_file(path, force=True) as temporary:
        plot_history(history, temporary)
        shrink(temporary, temporary)


def draw_tiles(evaluation: Evaluation, model: str, path: Path) -> None:
    """Draw test tiles, and what PCA and the model make of them."""
    from matplotlib.figure import Figure

    found = {item.label: item for item in evaluation.models}
    pca = next(item for item in evaluation.models if item.name == "pca")
    rows: list[tuple[str, Any]] = [
        ("true", evaluation.shown_true),
        ("pca", pca.shown),
        (model, found[f"{model}-{SHIPPED_SEED}"].shown),
    ]
    count = len(evaluation.shown_true)
    figure = Figure(figsize=(2 * count, 6.4), layout="constrained")
    axes = figure.subplots(len(rows), count)
    for column in range(count):
        low, high = evaluation.shown_true[column].min(), evaluation.shown_true[column].max()
        for row, (label, tiles) in enumerate(rows):
            axis = axes[row, column]
            axis.imshow(
                tiles[column],
                origin="lower",
                cmap="cividis",
                vmin=low,
                vmax=high,
                interpolation="nearest",
            )
            axis.set_xticks([])
            axis.set_yticks([])
            if not column:
                axis.set_ylabel(label)
            if not row:
                axis.set_title(f"{low:.0f} to {high:.0f} m", fontsize="small")
    with atomic_file(path, force=True) as temporary:
        figure.savefig(temporary, dpi=100)
        shrink(temporary, temporary)


def main(arguments: list[str]) -> int:
    """Train, score, pack."""
    if len(arguments) not in (2, 3, 4):
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    package = Path(exacouple.autoencoders.__file__).with_name("weights")
    images = Path(__file__).resolve().parent.parent / "docs" / "images" / "models"
    grid, work, *rest = (Path(argument) for argument in arguments)
    try:
        train_all(grid, work)
        pack(grid, work, rest[0] if rest else package, rest[1] if len(rest) > 1 else images)
    except ExacoupleError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return exc.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
