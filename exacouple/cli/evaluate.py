"""Subcommand ``evaluate``: score models of the sea floor on tiles that they were not made from."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exacouple.cli.options import echo_json, force_option, json_option
from exacouple.cli.tables import ScoreTable, number, table_console

if TYPE_CHECKING:
    from exacouple.autoencoders.codec import Codec
    from exacouple.autoencoders.evaluation import Evaluated, Evaluation
    from exacouple.autoencoders.evaluation_tiles import EvaluationTiles, SplitName
    from exacouple.autoencoders.scores import Interval

_log = logging.getLogger(__name__)

EMBEDDED = "etopo5-northwest-pacific"
OUT = Path("runs/evaluate")


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--data",
    metavar="GRID",
    help=f"Grid to cut tiles from: a file or an embedded one.  [default: {EMBEDDED}]",
)
@click.option(
    "--split",
    type=click.Choice(["blocked", "thesis", "none"]),
    help="Test part of the split by area, or of the thesis's; none takes all tiles of the grid.  "
    "[default: blocked; none for an embedded grid]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=OUT,
    show_default=True,
    metavar="DIR",
    help="Where to write tables and figures.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of the bootstrap, and of which tiles are drawn.",
)
@force_option
@json_option
def command(
    models: tuple[str, ...],
    data: str | None,
    split: "SplitName | None",
    out: Path,
    seed: int,
    force: bool,
    as_json: bool,
) -> None:
    """Score models on tiles of the sea floor.

    MODEL is the name of one that comes with exacouple (pca, dct, mixture-pca, vae, dfcvae,
    vae-fixed) or a file that was saved. Each is compared with PCA of as many numbers per tile. The
    seed and the shares of the split are those that the first MODEL was trained with; what a model
    may have been trained on is said.

    Writes scores.json, scores.csv, tiles.csv and figures.
    """
    from exacouple.autoencoders.evaluation import evaluate
    from exacouple.autoencoders.evaluation_report import (
        SCORES,
        describe,
        read_history,
        write_report,
    )
    from exacouple.errors import UsageError
    from exacouple.progress import task

    if out.is_dir() and any(out.iterdir()) and not (force and (out / SCORES).is_file()):
        raise UsageError(
            f"{out} exists already: use --force to replace it, or give another --out"
            if (out / SCORES).is_file()
            else f"{out} holds no {SCORES}, so it is not replaced: give another --out"
        )
    codecs = _load(models)
    tiles = _tiles(data, split, list(codecs.values()))
    _log.info("%s", describe(tiles))
    with task("evaluating", total=len(tiles), unit="tiles") as progress:
        evaluation = evaluate(codecs, tiles, baseline=_baseline(), seed=seed, progress=progress)
        histories = {
            label: read_history(model, codec.facts)
            for model, (label, codec) in zip(models, codecs.items(), strict=True)
        }
        result = write_report(evaluation, out, histories=histories, force=force, progress=progress)
    for note in evaluation.notes:
        _log.warning("warning: %s", note)
    if as_json:
        echo_json({"directory": str(out), **result})
    elif _log.isEnabledFor(logging.INFO):
        _print(evaluation)
        click.echo(f"written to {out}: {', '.join(result['files'])}")


def _load(models: tuple[str, ...]) -> "dict[str, Codec]":
    """Return the models by labels that tell them apart."""
    from exacouple.autoencoders.codec import TRAINED, load_codec
    from exacouple.errors import UsageError

    if len(set(models)) < len(models):
        raise UsageError("a model is given twice")
    paths = [Path(model) for model in models]
    stems = [path.parent.name if path.name == TRAINED else path.stem for path in paths]
    labels = [
        stem if stems.count(stem) == 1 else f"{path.parent.name}/{stem}"
        for stem, path in zip(stems, paths, strict=True)
    ]
    if len(set(labels)) < len(labels):
        labels = list(models)
    return {label: load_codec(model) for label, model in zip(labels, models, strict=True)}


def _baseline() -> "Codec | None":
    from exacouple.autoencoders.codec import load_codec, shipped
    from exacouple.autoencoders.evaluation import BASELINE

    return load_codec(BASELINE) if BASELINE in shipped() else None


def _tiles(data: str | None, split: "SplitName | None", codecs: "list[Codec]") -> "EvaluationTiles":
    from exacouple.autoencoders.evaluation_tiles import lay_tiles
    from exacouple.autoencoders.provenance import split_facts
    from exacouple.bathymetry import embedded_grids

    embedded = embedded_grids()
    path = embedded.get(data or EMBEDDED, Path(data or ""))
    default: SplitName = "none" if path in embedded.values() else "blocked"
    kind = split or default
    splits = [found for found in map(split_facts, codecs) if found is not None]
    like = next((found for found in splits if found.get("kind") == kind), None)
    return lay_tiles(path, kind, like=like, tile=codecs[0].tile)


def _print(evaluation: "Evaluation") -> None:
    from exacouple.autoencoders.evaluation_report import describe

    console = table_console()
    console.print(f"{describe(evaluation.tiles)}\n")
    for table in (_errors(evaluation), _details(evaluation), _costs(evaluation)):
        table.print(console)
    for name, interval in evaluation.pooled.items():
        ends = _ends(interval.low, interval.high)
        console.print(f"{name}, {interval.models} models together: {interval.ratio:.3f}{ends}")
    console.print(
        "Total L2: norm over all tiles, maximum: of the worst tile, in units of the range's span; "
        "beside both metres per pixel. Slope: error of the step between neighbouring pixels, and "
        "its share of the true steps. To PCA: RMSE over that of PCA, and 95 % interval over "
        f"blocks of area (bootstrap, seed {evaluation.seed}). Seen: tiles that the model may have "
        "been trained on. Bits: after rounding of the numbers that costs less than 1 % of RMSE."
    )


def _errors(evaluation: "Evaluation") -> ScoreTable:
    table = ScoreTable(
        "Errors",
        "model",
        "num-\nbers",
        "total\nL2",
        "\nm/px",
        "maximum\nL2",
        "\nm/px",
        "to PCA at\nas many numbers",
        "seen",
    )
    for model in evaluation.models:
        found = model.scores
        table.add_row(
            model.label,
            str(model.latents),
            f"{found.total_l2:.3f}",
            f"{found.rmse_m:.1f}",
            f"{found.maximum_l2:.3f}",
            f"{found.maximum_rmse_m:.1f}",
            _ratio(model.ratio, model),
            "not known" if model.seen is None else str(model.seen),
        )
    return table


def _details(evaluation: "Evaluation") -> ScoreTable:
    from exacouple.autoencoders.scores import BANDS

    heads = [band.replace(" to ", " to\n").replace("below ", "below\n") for band in BANDS[:-1]]
    table = ScoreTable(
        "RMSE by depth (m)", "model", *heads, "sea", "land", "slope\nm/step", "slope\nshare"
    )
    for model in evaluation.models:
        found = model.scores
        values = [found.band_rmse_m[band] for band in BANDS[:-1]]
        table.add_row(
            model.label,
            *(number(value, ".1f") for value in (*values, found.sea_rmse_m, found.land_rmse_m)),
            number(found.slope_error_m, ".1f"),
            number(found.slope_share, ".2f"),
        )
    return table


def _costs(evaluation: "Evaluation") -> ScoreTable:
    table = ScoreTable(
        "Cost, and extremes",
        "model",
        "bits per\ntile",
        "bits per\nnumber",
        "to PCA at\nas many bits",
        "encode\ntiles/s",
        "decode\ntiles/s",
        "worst tile\nat",
        "worst\npixel, m",
    )
    for model in evaluation.models:
        y, x = evaluation.tiles.middle(model.scores.worst)
        place = f"{y:.1f}, {x:.1f}" if evaluation.tiles.geographic else f"{y:.0f}, {x:.0f}"
        table.add_row(
            model.label,
            str(model.rate.bits),
            str(model.rate.bits_per_number),
            _ratio(model.ratio_at_bits, model),
            f"{model.throughput.encode_per_s:.0f}",
            f"{model.throughput.decode_per_s:.0f}",
            place,
            f"{model.scores.largest_m:.0f}",
        )
    return table


def _ratio(interval: "Interval | None", model: "Evaluated") -> str:
    if interval is None:
        return "reference" if model.name == "pca" else "none"
    return f"{interval.ratio:.3f}{_ends(interval.low, interval.high)}"


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
