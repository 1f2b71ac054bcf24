"""Write an evaluation: ``scores.json``, ``scores.csv``, ``tiles.csv`` and figures.

Every file and every caption says which split, data set and range its numbers belong to.
"""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from exacouple.atomic import atomic_directory, write_json
from exacouple.autoencoders.evaluation import Evaluated, Evaluation
from exacouple.autoencoders.evaluation_tiles import EvaluationTiles
from exacouple.autoencoders.scores import BANDS
from exacouple.errors import ExacoupleError
from exacouple.progress import Task

SCHEMA = "exacouple-evaluation/1"
SCORES = "scores.json"
TABLE = "scores.csv"
TILES = "tiles.csv"
HISTORY = "history.csv"

History = Sequence[Mapping[str, float]]

DEFINITIONS = {
    "total_l2": "Frobenius norm of (reconstruction - original) over all tiles, in units of the "
    "span of the range; grows with the square root of the number of tiles",
    "rmse_m": "total_l2 as metres per pixel: the RMSE over all pixels, all counted alike",
    "maximum_l2, maximum_rmse_m": "the same two for the worst tile alone",
    "sea_rmse_m, land_rmse_m": "RMSE over pixels whose original is below 0 m, and the others",
    "band_rmse_m": "RMSE by the depth of the original",
    "slope_error_m": "RMS error of the difference of neighbouring pixels, metres per grid step",
    "slope_share": "slope_error_m over the RMS of the original differences; 1: a flat sea floor",
    "ratio": "RMSE over that of PCA with as many numbers per tile, with the percentile interval of "
    "a bootstrap over blocks of area",
    "rate": "bits per tile after uniform rounding of the numbers that raises the RMSE by less than "
    "1 %, without entropy coding",
    "ratio_at_bits, numbers_at_bits": "the ratio to the PCA that costs as many bits, and how many "
    "numbers that has",
    "throughput": "tiles per second on the machine that wrote this",
    "seen": "tiles that the model may have been trained on; null where it is not known",
}
"""What the numbers mean, as it stands in ``scores.json``."""


def describe(tiles: EvaluationTiles) -> str:
    """Return in one sentence which data set, range and split numbers belong to.

    Examples
    --------
    ``test.nc, -100 to 50 m (SHA-256 0a1b2c3d...): 112 test tiles ...``
    """
    low, high = tiles.scaling.minimum_m, tiles.scaling.maximum_m
    kind = tiles.split["kind"]
    part = {
        "none": "all tiles, no split",
        "thesis": f"test part of the thesis's split, seed {tiles.split.get('seed')}",
        "blocked": f"test part of the split by area, seed {tiles.split.get('seed')}",
    }[kind]
    blocks = np.unique(tiles.blocks).size
    return (
        f"{tiles.path.name}, {low:.0f} to {high:.0f} m (SHA-256 {tiles.sha256[:8]}): {part}, "
        f"{len(tiles)} tiles of {tiles.tiles.tile} x {tiles.tiles.tile} in {blocks} "
        f"block{'s' if blocks > 1 else ''} of area."
    )


def write_report(
    evaluation: Evaluation,
    directory: str | Path,
    *,
    histories: Mapping[str, History] | None = None,
    force: bool = False,
    progress: Task | None = None,
) -> dict[str, Any]:
    """Write tables and figures into a directory, all of them or nothing.

    Parameters
    ----------
    evaluation : Evaluation
    directory : str or Path
        One that holds no ``scores.json`` is never replaced unless empty.
    histories : mapping, optional
        Loss curves by label, see `read_history`.
    force : bool
        Replace an earlier evaluation.
    progress : Task, optional
        Told what is being drawn.

    Returns
    -------
    dict
        What ``scores.json`` holds.

    Raises
    ------
    UsageError
        The directory exists and may not be replaced.
    ExacoupleError
        It cannot be written.
    """
    with atomic_directory(directory, force=force, marker=SCORES) as temporary:
        _write_scores(temporary / TABLE, evaluation)
        _write_tiles(temporary / TILES, evaluation)
        _draw(evaluation, temporary, histories or {}, progress)
        files = sorted(path.name for path in temporary.iterdir())
        result = {**to_json(evaluation), "files": [SCORES, *files]}
        write_json(temporary / SCORES, result)
    return result


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as plain JSON values."""
    tiles = evaluation.tiles
    return {
        "schema": SCHEMA,
        "about": describe(tiles),
        "definitions": DEFINITIONS,
        "data": {
            "file": tiles.path.name,
            "sha256": tiles.sha256,
            "range_m": [tiles.scaling.minimum_m, tiles.scaling.maximum_m],
        },
        "split": dict(tiles.split),
        "tiles": len(tiles),
        "blocks": np.unique(tiles.blocks).tolist(),
        "seed": evaluation.seed,
        "processors": os.cpu_count(),
        "models": [_model(evaluation, model) for model in evaluation.models],
        "pooled": {name: asdict(interval) for name, interval in evaluation.pooled.items()},
        "notes": list(evaluation.notes),
    }


def read_history(model: str | Path, facts: Mapping[str, Any]) -> History:
    """Return the loss curve of a model: that in its facts, or of the training it lies in.

    Parameters
    ----------
    model : str or Path
        Name or file of the model.
    facts : Mapping
        `Codec.facts`.

    Returns
    -------
    sequence of dict
        One row per epoch; empty where there is no curve.

    Raises
    ------
    ExacoupleError
        ``history.csv`` beside the file is no such table.
    """
    if facts.get("history"):
        return [dict(row) for row in facts["history"]]
    path = Path(model).with_name(HISTORY)
    if not (Path(model).is_file() and path.is_file()):
        return []
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            rows = [
                {key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)
            ]
        return [row for row in rows if {"epoch", "rmse_m", "validation_rmse_m"} <= set(row)]
    except (OSError, ValueError, TypeError) as exc:
        raise ExacoupleError(f"{path}: cannot be read as a loss curve ({exc})") from exc


def _model(evaluation: Evaluation, model: Evaluated) -> dict[str, Any]:
    lat, lon = evaluation.tiles.middle(model.scores.worst)
    north, east = ("lat", "lon") if evaluation.tiles.geographic else ("y_m", "x_m")
    return {
        "label": model.label,
        "model": model.name,
        "latents": model.latents,
        "seen": model.seen,
        **asdict(model.scores),
        "worst": {"tile": model.scores.worst, north: lat, east: lon},
        "reference": model.reference,
        "ratio": None if model.ratio is None else asdict(model.ratio),
        "rate": asdict(model.rate),
        "ratio_at_bits": None if model.ratio_at_bits is None else asdict(model.ratio_at_bits),
        "numbers_at_bits": model.numbers_at_bits,
        "throughput": asdict(model.throughput),
    }


def _write_scores(path: Path, evaluation: Evaluation) -> None:
    """Write one row per model, nested values as columns of their own."""
    tiles = evaluation.tiles
    rows = []
    for model in evaluation.models:
        found = _model(evaluation, model)
        bands = found.pop("band_rmse_m")
        row: dict[str, Any] = {
            "data": tiles.path.name,
            "sha256": tiles.sha256,
            "split": tiles.split["kind"],
            "split_seed": tiles.split.get("seed"),
            "tiles": len(tiles),
            "minimum_m": tiles.scaling.minimum_m,
            "maximum_m": tiles.scaling.maximum_m,
        }
        nested = ("worst", "ratio", "rate", "ratio_at_bits", "throughput")
        row |= {key: value for key, value in found.items() if key not in nested}
        row |= {f"rmse_m {band}": bands[band] for band in BANDS}
        for key in ("ratio", "ratio_at_bits"):
            interval = found[key] or {}
            row |= {key: interval.get("ratio")}
            row |= {f"{key}_{end}": interval.get(end) for end in ("low", "high")}
        row |= {"worst_" + key: value for key, value in found["worst"].items()}
        row |= {"bits_per_tile": model.rate.bits}
        row |= {
            "encode_per_s": model.throughput.encode_per_s,
            "decode_per_s": model.throughput.decode_per_s,
        }
        rows.append(row)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_tiles(path: Path, evaluation: Evaluation) -> None:
    """Write one row per tile: where it is, and the RMSE of each model."""
    tiles = evaluation.tiles
    north, east = ("lat", "lon") if tiles.geographic else ("y_m", "x_m")
    errors = [model.errors.tile_rmse_m for model in evaluation.models]
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        labels = [f"{model.label} rmse_m" for model in evaluation.models]
        writer.writerow(["tile", north, east, "block", *labels])
        y, x = tiles.middles()
        columns = [np.round(y, 4), np.round(x, 4), tiles.blocks, *(np.round(e, 3) for e in errors)]
        for number, row in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            writer.writerow([number, *row])


def _draw(
    evaluation: Evaluation,
    folder: Path,
    histories: Mapping[str, History],
    progress: Task | None,
) -> None:
    from exacouple.autoencoders import evaluation_figures as draw

    about = describe(evaluation.tiles)
    for name, plot in (
        ("tiles", draw.plot_tiles),
        ("worst", draw.plot_worst),
        ("bands", draw.plot_bands),
        ("codes", draw.plot_codes),
    ):
        if progress is not None:
            progress.update(description=f"drawing {name}")
        plot(evaluation, about, folder / f"{name}.png")
    curves = {label: rows for label, rows in histories.items() if rows}
    if curves:
        draw.plot_curves(curves, folder / "curves.png")
