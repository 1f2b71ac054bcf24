"""Does the sea floor matter for the wave?

Prepares, runs and compares the Tohoku tsunami over sea floors of 100 numbers per tile, the smoothed
and the flat one, and prints a table in Markdown. Those of tiles are made four times, with tiles
that overlap by other numbers of pixels and so lie elsewhere: differences between models that are
smaller than those between these four mean nothing.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from exacouple.autoencoders.codec import load_codec
from exacouple.autoencoders.provenance import part_shares
from exacouple.bathymetry import unproject_points
from exacouple.cases import Case
from exacouple.waveforms import compare, select_named

REGION = "tohoku"
CELLS = 79
ORIGINAL = "original"
MODELS = ("dfcvae", "vae", "vae-fixed", "mixture-pca", "pca", "dct")
OTHERS = ("smoothed", "flat")
OVERLAPS = (8, 16, 24, 32)
"""Pixels that neighbouring tiles share; the first is the default of `prepare`."""


class Made(NamedTuple):
    """A sea floor as it is prepared; `overlap` is None for one without tiles."""

    source: str
    overlap: int | None = None

    @property
    def folder(self) -> str:
        """Name of the case's directory."""
        plain = self.overlap in (None, OVERLAPS[0])
        return self.source if plain else f"{self.source}-overlap-{self.overlap}"


def main(arguments: Sequence[str]) -> int:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "out",
        type=Path,
        nargs="?",
        default=Path("runs/wave"),
        metavar="DIR",
        help="keeps cases and pictures; what is there is not made again (default: runs/wave)",
    )
    out = parser.parse_args(arguments).out
    every = [Made(ORIGINAL), *map(Made, OTHERS), *(Made(m, o) for m in MODELS for o in OVERLAPS)]
    for made in every:
        if not (out / made.folder / "case.json").is_file():
            _prepare(made, out)
    _exacouple("run", *(str(out / made.folder) for made in every))
    shown = [str(out / name) for name in (ORIGINAL, *MODELS, *OTHERS)]
    _exacouple("compare", *shown, "--out", str(out / "compare"), "--force")
    print("\n".join(table(out)))
    print("\n".join(("", *parts(out))))
    return 0


def table(out: Path) -> Iterator[str]:
    """Yield the lines of the table: a row per sea floor, and three columns per buoy."""
    every = [*(Made(m, o) for m in MODELS for o in OVERLAPS), *map(Made, OTHERS)]
    selection = select_named([out / ORIGINAL, *(out / made.folder for made in every)])
    comparison = compare(selection.reference, selection.others)
    by_place = {
        (run.case.path.name, score.buoy, score.against is not None): score
        for run in comparison.runs
        for score in comparison.scores
        if score.case == run.label
    }
    buoys = [buoy.id for buoy in comparison.buoys]
    heads = [f"{b}: {what}" for b in buoys for what in ("nRMSE", "lag (s)", "peak ratio")]
    yield "| sea floor | RMS difference (m) | " + " | ".join(heads) + " |"
    yield "|---|" + "---:|" * (len(heads) + 1)
    for source in (*MODELS, *OTHERS):
        alike = [made.folder for made in every if made.source == source]
        cells = [_range([_difference(out, folder) for folder in alike], ".0f")]
        for buoy in buoys:
            scored = [by_place[folder, buoy, True] for folder in alike]
            peak = _number(by_place[ORIGINAL, buoy, False].peak_m)
            cells += [
                _range([_number(score.nrmse_lag_removed) for score in scored], ".3f"),
                _range([_number(score.lag_s) for score in scored], "+.1f"),
                _range([_number(score.peak_m) / peak for score in scored], ".3f"),
            ]
        yield f"| `{source}` | " + " | ".join(cells) + " |"


def parts(out: Path) -> Iterator[str]:
    """Yield which part of each model's split the sea of the case lies in."""
    case = Case.open(out / ORIGINAL)
    grid = case.bathymetry()
    x, y = np.meshgrid(grid["x"].values, grid["y"].values)
    sea = grid.values < 0
    lon, lat = unproject_points(case.manifest["projection"], x[sea], y[sea])
    for name in MODELS:
        shares = part_shares(load_codec(name), lat, lon)
        words = [f"{100 * share:.0f} % {part}" for part, share in (shares or {}).items()]
        yield f"`{name}`: {', '.join(words) or 'not learnt'}"


def _difference(out: Path, folder: str) -> float:
    """Return the RMS difference to the original over the sea of the case's grid, metres."""
    original = Case.open(out / ORIGINAL).bathymetry().values
    made = Case.open(out / folder).bathymetry().values
    sea = original < 0
    return float(np.sqrt(np.mean((made - original)[sea] ** 2.0)))


def _range(values: Sequence[float], pattern: str) -> str:
    """Write the first value, and from where to where all of them are."""
    first, low, high = (format(v, pattern) for v in (values[0], min(values), max(values)))
    return first if len(values) == 1 else f"{first} ({low} to {high})"


def _number(value: float | None) -> float:
    if value is None:
        raise SystemExit("error: a case has no scores at a buoy: see what compare says")
    return value


def _prepare(made: Made, out: Path) -> None:
    settings = [] if made.overlap is None else ["--set", f"overlap={made.overlap}"]
    _exacouple(
        "prepare",
        *("--source", made.source),
        *settings,
        *("--region", REGION),
        *("--cells", str(CELLS)),
        *("--out", str(out / made.folder)),
    )


def _exacouple(*arguments: str) -> None:
    print("exacouple", *arguments, file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "exacouple", *arguments], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
