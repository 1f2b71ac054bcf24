"""Figures of an evaluation: tiles and reconstructions, worst ones, depth bands, codes, curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from exacouple.autoencoders.evaluation import Evaluated, Evaluation
from exacouple.autoencoders.scores import BANDS
from exacouple.figures import BLACK, GREY, PALETTE, WIDTH_IN, degrees, figure, save

Floats = npt.NDArray[Any]

_ELEVATION = "cividis"
_DIFFERENCE = "PuOr_r"
_MARKERS = "osD^vPX<>*"
_ROW_IN = 1.3
_HEAD_IN = 0.3
_CAPTION_IN = 0.75
_LOGARITHMIC = 10.0
_CURVES = ("rmse_m", "validation_rmse_m")


def plot_tiles(evaluation: Evaluation, about: str, path: Path) -> None:
    """Draw some tiles and below each what every model makes of it.

    Parameters
    ----------
    evaluation : Evaluation
    about : str
        What has to be said of the tiles, see `exacouple.autoencoders.evaluation_report.describe`.
    path : Path
        PNG to write.
    """
    true = evaluation.shown_true
    rows = [("original", true), *((model.label, model.shown) for model in evaluation.models)]
    height = _ROW_IN * len(rows) + _HEAD_IN + _CAPTION_IN
    with figure(height, width=WIDTH_IN * min(1.0, (len(true) + 0.5) / 6)) as fig:
        axes = fig.subplots(len(rows), len(true), squeeze=False)
        for row, (label, made) in enumerate(rows):
            for column in range(len(true)):
                panel = axes[row, column]
                _show(panel, made[column], true[column])
                if row:
                    rmse = float(np.sqrt(np.mean((made[column] - true[column]) ** 2.0)))
                    panel.set_xlabel(f"{rmse:.0f} m", labelpad=2)
            axes[row, 0].set_ylabel(label, fontweight="bold")
        for column in range(len(true)):
            place = _place(evaluation, int(evaluation.sample[column]))
            axes[0, column].set_title(place, loc="center", fontsize=7.0, fontweight="normal")
            low, high = float(true[column].min()), float(true[column].max())
            axes[0, column].set_xlabel(f"{low:.0f} to {high:.0f} m", labelpad=2)
        save(
            fig,
            path,
            f"Tiles drawn at random (seed {evaluation.seed}) and their reconstructions. Colours: "
            "elevation, dark low, each column over the range of its original, which is given "
            f"below it; white line: coast. Below reconstructions: RMSE. {about}",
        )


def plot_worst(evaluation: Evaluation, about: str, path: Path) -> None:
    """Draw the worst reconstruction of every model: original, reconstruction, difference."""
    models = evaluation.models
    with figure(
        1.25 * _ROW_IN * len(models) + _HEAD_IN + _CAPTION_IN, width=0.75 * WIDTH_IN
    ) as fig:
        axes = fig.subplots(len(models), 3, squeeze=False)
        for row, model in zip(axes, models, strict=True):
            _draw_worst(row, model, _place(evaluation, model.scores.worst))
        for panel, title in zip(axes[0], ("original", "reconstruction", "difference"), strict=True):
            panel.set_title(title)
        save(
            fig,
            path,
            "The tile of the largest RMSE of every model. Elevation: dark low, both panels over "
            "the range of the original; white line: coast. Difference: reconstruction minus "
            f"original. {about}",
        )


def plot_bands(evaluation: Evaluation, about: str, path: Path) -> None:
    """Draw the RMSE of every model by the depth of the sea floor."""
    with figure(3.0 + _CAPTION_IN, width=0.8 * WIDTH_IN) as fig:
        axes = fig.subplots()
        width = 0.7 / len(evaluation.models)
        for number, model in enumerate(evaluation.models):
            offset = (number - (len(evaluation.models) - 1) / 2) * width
            values = [model.scores.band_rmse_m[band] for band in BANDS]
            axes.plot(
                np.arange(len(BANDS)) + offset,
                [np.nan if value is None else value for value in values],
                **_style(number),
                linestyle="none",
                label=model.label,
            )
        pixels = evaluation.models[0].errors.pixels.sum(axis=0)
        shares = 100 * pixels / pixels.sum()
        axes.set_xticks(
            np.arange(len(BANDS)),
            [f"{band}\n({share:.2g} %)" for band, share in zip(BANDS, shares, strict=True)],
            fontsize=7.0,
        )
        axes.set_ylabel("RMSE (m)")
        axes.set_xlabel("depth of the original (share of the pixels)")
        axes.set_ylim(bottom=0.0)
        axes.grid(True, axis="y")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        fig.legend(loc="outside upper left", ncols=min(len(evaluation.models), 6))
        save(fig, path, f"RMSE by the depth of the original sea floor. {about}")


def plot_codes(evaluation: Evaluation, about: str, path: Path) -> None:
    """Draw the codes of tiles (means, where codes are sampled): the two that vary most, and all."""
    models = evaluation.models
    with figure(1.9 * len(models) + _HEAD_IN + _CAPTION_IN) as fig:
        grid = fig.subplots(len(models), 2, squeeze=False)
        points = None
        for (left, right), model in zip(grid, models, strict=True):
            codes = model.codes.astype(np.float64)
            whole = (codes == np.rint(codes)).all(axis=0)
            spread = np.where(whole, 0.0, codes.std(axis=0))
            order = np.argsort(-spread, kind="stable")
            first, second = order[0], order[min(1, order.size - 1)]
            standard = (codes - codes.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
            points = left.scatter(
                standard[:, first],
                standard[:, second],
                c=evaluation.sample_elevation_m,
                cmap=_ELEVATION,
                s=9,
                linewidths=0.0,
            )
            left.set_xlabel(f"number {first + 1} of the code")
            left.set_ylabel(f"number {second + 1}")
            left.set_title(model.label)
            _draw_spread(right, spread[order], int(np.count_nonzero(whole)))
        assert points is not None
        fig.colorbar(points, ax=grid[:, 0], location="left", shrink=0.7, aspect=30).set_label(
            "mean elevation of the tile (m)"
        )
        for axes in grid.ravel():
            axes.spines[["top", "right"]].set_visible(False)
        save(
            fig,
            path,
            f"Codes of {len(evaluation.sample)} tiles, for variational models their means. Left: "
            "the two numbers that vary most, less their mean, in standard deviations; a dot per "
            "tile. Right: standard deviation over the tiles of all numbers, in falling order, in "
            f"the unit of each model. {about}",
        )


def plot_curves(histories: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> None:
    """Draw the RMSE over the epochs of training of some models.

    Parameters
    ----------
    histories : mapping
        Rows of ``history.csv`` by label: ``epoch``, ``rmse_m`` and ``validation_rmse_m``.
    path : Path
        PNG to write.
    """
    with figure(2.8 + _CAPTION_IN, width=0.8 * WIDTH_IN) as fig:
        axes = fig.subplots()
        for number, (label, rows) in enumerate(histories.items()):
            epochs = [row["epoch"] for row in rows]
            style = _style(number)
            axes.plot(
                epochs,
                [row["rmse_m"] for row in rows],
                color=style["color"],
                linestyle=(0, (4, 2)),
                linewidth=1.0,
                label=f"{label}, training",
            )
            axes.plot(
                epochs,
                [row["validation_rmse_m"] for row in rows],
                **style,
                linewidth=1.4,
                label=f"{label}, validation",
            )
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("RMSE (m)")
        errors = [row[key] for rows in histories.values() for row in rows for key in _CURVES]
        if max(errors) > _LOGARITHMIC * min(errors) > 0:
            axes.set_yscale("log")
        axes.grid(True)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        fig.legend(loc="outside upper left", ncols=3)
        save(
            fig,
            path,
            "RMSE after each epoch of training, on the training part (dashed; codes sampled, tiles "
            "turned) and the validation part (solid) of the split that the model was trained with.",
        )


def _draw_worst(row: Sequence[Axes], model: Evaluated, place: str) -> None:
    true, made = model.worst_true, model.worst_made
    difference = made - true
    image = _show(row[0], true, true)
    _show(row[1], made, true)
    row[0].set_ylabel(model.label, fontweight="bold")
    row[0].set_xlabel(place, fontsize=7.0)
    row[1].set_xlabel(f"RMSE {model.scores.maximum_rmse_m:.0f} m", fontsize=7.0)
    _figure(row[0]).colorbar(image, ax=row[1], shrink=0.8, label="m")
    limit = float(np.abs(difference).max()) or 1.0
    image = row[2].imshow(
        difference, cmap=mpl.colormaps[_DIFFERENCE], vmin=-limit, vmax=limit, origin="lower"
    )
    row[2].set_xlabel(f"at most {limit:.0f} m", fontsize=7.0)
    row[2].set(xticks=[], yticks=[])
    _figure(row[0]).colorbar(image, ax=row[2], shrink=0.8, label="m")


def _draw_spread(axes: Axes, spread: Floats, whole: int) -> None:
    numbers = np.arange(1, spread.size + 1)
    there = spread > 0
    axes.plot(numbers[there], spread[there], color=BLACK, marker=".", markersize=3, linewidth=0.6)
    if there.any() and spread.max() > _LOGARITHMIC * spread[there].min():
        axes.set_yscale("log")
    axes.set_xlabel("rank" + (f" (whole numbers left out: {whole})" if whole else ""))
    axes.set_ylabel("standard deviation")
    axes.grid(True)
    axes.set_axisbelow(True)


def _show(axes: Axes, tile: Floats, original: Floats) -> Any:
    low, high = float(original.min()), float(original.max())
    image = axes.imshow(
        tile, cmap=_ELEVATION, vmin=low, vmax=high if high > low else low + 1.0, origin="lower"
    )
    if tile.min() < 0.0 <= tile.max():
        axes.contour(tile, [0.0], colors="white", linewidths=0.5)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color(GREY)
    return image


def _place(evaluation: Evaluation, number: int) -> str:
    y, x = evaluation.tiles.middle(number)
    if not evaluation.tiles.geographic:
        return f"{x / 1e3:.0f} km, {y / 1e3:.0f} km"
    return f"{degrees(round(y, 1), 'N', 'S')} {degrees(round(x, 1), 'E', 'W')}"


def _style(number: int) -> dict[str, Any]:
    return {
        "color": PALETTE[number % len(PALETTE)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "markersize": 5,
    }


def _figure(axes: Axes) -> Figure:
    found = axes.get_figure(root=True)
    assert found is not None
    return found
