"""Evaluate models of the sea floor on tiles: scores, ratios to PCA at equal numbers, cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.autoencoders.codec import Adjustable, Codec
from exacouple.autoencoders.evaluation_tiles import EvaluationTiles
from exacouple.autoencoders.rate import Rate, Throughput, rate, throughput
from exacouple.autoencoders.scores import (
    Interval,
    Scores,
    TileErrors,
    joined,
    rmse_ratio,
    scores,
    tile_errors,
)
from exacouple.bathymetry.streaming import read_tiles, stream_tiles
from exacouple.errors import ExacoupleError, UsageError
from exacouple.progress import Task

Floats: TypeAlias = npt.NDArray[np.float32]

BASELINE = "pca"
BATCH = 64
SAMPLE = 256
SHOWN = 6


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A model and how it did.

    Attributes
    ----------
    label : str
        What it is called in tables and figures.
    name : str
        Kind of model.
    latents : int
    scores : Scores
    errors : TileErrors
    ratio : Interval or None
        RMSE over that of PCA with as many numbers; None for that PCA itself, and where there is
        none.
    reference : str or None
        Label of that PCA.
    rate : Rate
    ratio_at_bits : Interval or None
        RMSE over that of PCA with as many bits, which has other numbers of components.
    numbers_at_bits : int or None
        The numbers per tile of that PCA.
    throughput : Throughput
    seen : int or None
        How many of the tiles it may have been trained on; None where that is not known.
    codes : ndarray of float32, shape (sample, latents)
        Of the sample of tiles.
    shown : ndarray of float32, shape (shown, tile, tile)
        Reconstructions of the first tiles of the sample, metres.
    worst_true, worst_made : ndarray of float32, shape (tile, tile)
        The tile with the largest RMSE, and its reconstruction, metres.
    """

    label: str
    name: str
    latents: int
    scores: Scores
    errors: TileErrors
    ratio: Interval | None
    reference: str | None
    rate: Rate
    ratio_at_bits: Interval | None
    numbers_at_bits: int | None
    throughput: Throughput
    seen: int | None
    codes: Floats
    shown: Floats
    worst_true: Floats
    worst_made: Floats


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All models on the same tiles.

    Attributes
    ----------
    tiles : EvaluationTiles
    models : tuple of Evaluated
        PCA with as many numbers stands behind the models that were asked for, if it was not.
    pooled : dict of str to Interval
        Ratio to PCA of all models of one kind and number of latents together, by ``kind-latents``,
        where there are several: trained with different seeds.
    sample : ndarray of int
        Which tiles codes are kept of and rates measured with; the first are shown.
    shown_true : ndarray of float32, shape (shown, tile, tile)
        Metres.
    sample_elevation_m : ndarray, shape (sample,)
        Mean elevation of the tiles of the sample.
    seed : int
        Seed of the sample and of the bootstrap.
    notes : tuple of str
        What has to be kept in mind.
    """

    tiles: EvaluationTiles
    models: tuple[Evaluated, ...]
    pooled: dict[str, Interval]
    sample: npt.NDArray[np.int64]
    shown_true: Floats
    sample_elevation_m: npt.NDArray[np.float64]
    seed: int
    notes: tuple[str, ...]


def evaluate(
    codecs: Mapping[str, Codec],
    tiles: EvaluationTiles,
    *,
    baseline: Codec | None = None,
    seed: int = 0,
    progress: Task | None = None,
) -> Evaluation:
    """Return the scores of models on tiles.

    Parameters
    ----------
    codecs : mapping of str to Codec
        Models by label.
    tiles : EvaluationTiles
    baseline : Codec, optional
        PCA, from which that of as many numbers as each model is made; it is evaluated as well. Of
        `codecs` those of the name ``pca`` are taken first.
    seed : int
        Of the bootstrap, and of the sample of tiles that are shown and that rates are measured
        with.
    progress : Task, optional
        Told the tiles that are done.

    Raises
    ------
    UsageError
        There is no model, or one works on tiles of another size.
    ExacoupleError
        The grid cannot be read, or a model gives values that are not finite.
    """
    if not codecs:
        raise UsageError("no model to evaluate")
    for label, codec in codecs.items():
        if codec.tile != tiles.tiles.tile:
            raise UsageError(
                f"model '{label}' works on tiles of {codec.tile} pixels, the others on "
                f"{tiles.tiles.tile}: evaluate it alone"
            )
    everyone, references, notes = _with_references(codecs, baseline)
    errors = _errors(everyone, tiles, progress)
    random = np.random.default_rng(seed)
    sample = random.permutation(len(tiles))[:SAMPLE]
    sample_m = read_tiles(tiles.path, tiles.tiles.select(sample))
    codes = {label: codec.encode(sample_m) for label, codec in everyone.items()}
    rates = {label: rate(codec, sample_m, codes[label]) for label, codec in everyone.items()}
    at_bits = _with_as_many_bits(everyone, references, rates)
    at_bits_errors = _errors({str(pca.latents): pca for pca in at_bits.values()}, tiles, None)

    def ratio(label: str, reference: TileErrors) -> Interval | None:
        if not reference.tile_squared_m2.any():
            return None
        return rmse_ratio([errors[label]], reference, tiles.blocks, seed=seed)

    models = []
    for label, codec in everyone.items():
        found = scores(errors[label], span_m=tiles.scaling.span_m, tile=codec.tile)
        worst = read_tiles(tiles.path, tiles.tiles.select(np.array([found.worst])))
        reference, pca = references.get(label), at_bits.get(label)
        model = Evaluated(
            label=label,
            name=codec.name,
            latents=codec.latents,
            scores=found,
            errors=errors[label],
            ratio=ratio(label, errors[reference]) if reference is not None else None,
            reference=reference,
            rate=rates[label],
            ratio_at_bits=ratio(label, at_bits_errors[str(pca.latents)]) if pca else None,
            numbers_at_bits=pca.latents if pca else None,
            throughput=throughput(codec, sample_m[:BATCH]),
            seen=tiles.seen_by(codec),
            codes=codes[label],
            shown=codec.decode(codec.encode(sample_m[:SHOWN])),
            worst_true=worst[0],
            worst_made=codec.decode(codec.encode(worst))[0],
        )
        models.append(model)
    return Evaluation(
        tiles,
        tuple(models),
        _pooled(everyone, references, errors, tiles, seed),
        sample,
        sample_m[:SHOWN],
        sample_m.mean(axis=(1, 2), dtype=np.float64),
        seed,
        (*notes, *_cautions(models, tiles)),
    )


def _with_references(
    codecs: Mapping[str, Codec], baseline: Codec | None
) -> tuple[dict[str, Codec], dict[str, str], list[str]]:
    """Return the models with the PCA that they need, the label of that of each, and notes."""
    everyone, references, notes = dict(codecs), {}, []
    own = {codec.latents: label for label, codec in codecs.items() if codec.name == BASELINE}
    pca = next((codec for codec in codecs.values() if codec.name == BASELINE), baseline)
    for label, codec in codecs.items():
        if codec.name == BASELINE:
            continue
        if codec.latents not in own:
            made, reason = _with_latents(pca, codec.latents, codec.tile)
            if made is None:
                notes.append(f"{label}: no ratio to PCA with {codec.latents} numbers: {reason}")
                continue
            own[codec.latents] = _free_label(f"{BASELINE}-{codec.latents}", everyone)
            everyone[own[codec.latents]] = made
        references[label] = own[codec.latents]
    return everyone, references, notes


def _with_latents(pca: Codec | None, latents: int, tile: int) -> tuple[Codec | None, str]:
    if pca is None:
        return None, "there is no PCA model"
    if pca.tile != tile:
        return None, f"the PCA model works on tiles of {pca.tile} pixels, not {tile}"
    if pca.latents == latents:
        return pca, ""
    if not isinstance(pca, Adjustable):
        return None, f"the PCA model has {pca.latents} and cannot have others"
    try:
        return pca.with_latents(latents), ""
    except UsageError as exc:
        return None, str(exc)


def _with_as_many_bits(
    codecs: Mapping[str, Codec], references: Mapping[str, str], rates: Mapping[str, Rate]
) -> dict[str, Codec]:
    """Return, for each model that has a reference, the PCA that costs as many bits as it."""
    found = {}
    for label, reference in references.items():
        numbers = rates[label].bits // max(rates[reference].bits_per_number, 1)
        made, _ = _with_latents(codecs[reference], numbers, codecs[reference].tile)
        if made is not None and numbers > 0:
            found[label] = made
    return found


def _free_label(label: str, taken: Mapping[str, Any]) -> str:
    return label if label not in taken else f"{label} (reference)"


def _errors(
    codecs: Mapping[str, Codec], tiles: EvaluationTiles, progress: Task | None
) -> dict[str, TileErrors]:
    parts: dict[str, list[TileErrors]] = defaultdict(list)
    order: list[npt.NDArray[np.int64]] = []
    done = 0
    for true, index in stream_tiles(tiles.path, tiles.tiles, batch=BATCH):
        for label, codec in codecs.items():
            try:
                found = tile_errors(true, codec.decode(codec.encode(true)))
            except ValueError as exc:
                raise ExacoupleError(f"model '{label}': {exc}") from exc
            parts[label].append(found)
        order.append(index)
        done += index.size
        if progress is not None:
            progress.update(completed=done)
    back = np.argsort(np.concatenate(order))
    return {label: joined(found).select(back) for label, found in parts.items()}


def _pooled(
    codecs: Mapping[str, Codec],
    references: Mapping[str, str],
    errors: Mapping[str, TileErrors],
    tiles: EvaluationTiles,
    seed: int,
) -> dict[str, Interval]:
    groups: dict[str, list[str]] = defaultdict(list)
    for label in references:
        groups[f"{codecs[label].name}-{codecs[label].latents}"].append(label)
    return {
        group: rmse_ratio(
            [errors[label] for label in labels],
            errors[references[labels[0]]],
            tiles.blocks,
            seed=seed,
        )
        for group, labels in groups.items()
        if len(labels) > 1 and errors[references[labels[0]]].tile_squared_m2.any()
    }


def _cautions(models: Sequence[Evaluated], tiles: EvaluationTiles) -> list[str]:
    notes = []
    for model in models:
        if model.seen:
            notes.append(
                f"{model.label}: {model.seen} of {len(tiles)} tiles lie where it may have been "
                "trained: its scores are too good there"
            )
        elif model.seen is None:
            notes.append(f"{model.label}: not known which of the tiles it was trained on")
    if tiles.split["kind"] == "thesis":
        notes.append(
            "the split of the thesis draws single tiles: neighbours of test tiles were trained on"
        )
    return notes
