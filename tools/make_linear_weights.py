"""Make the shipped linear models: python tools/make_linear_weights.py ETOPO5.nc [DIR].

Principal components and a mixture of them, fitted to the training part of the split by area; a
model card with scores on its test part is written beside each. ETOPO5 is in the public domain.
The same input and the same versions of NumPy and SciPy give the same models up to rounding.
"""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import exacouple.autoencoders
from exacouple.atomic import write_text
from exacouple.autoencoders.codec import Codec, Scaling, load_codec
from exacouple.autoencoders.linear import DctCodec, MixturePcaCodec, PcaCodec
from exacouple.autoencoders.linear_fit import fit_mixture, fit_pca
from exacouple.bathymetry.reading import open_grid
from exacouple.bathymetry.streaming import elevation_range, read_tiles, stream_tiles
from exacouple.bathymetry.tiles import Split, blocked_split
from exacouple.errors import ExacoupleError
from exacouple.hashing import sha256_file

COMPONENTS = 400
KINDS = 4
KIND_COMPONENTS = 99
STRIDE = 24
SEED = 0
LATENTS = (25, 50, 100, 200, 400)

Floats = npt.NDArray[np.float32]

SOURCE = (
    "ETOPO5, 5 arc-minute gridded elevation of the Earth: NOAA National Geophysical Data Center, "
    "Boulder, Colorado, Data Announcement 88-MGG-02, 1988; public domain"
)
TEXTS: Mapping[str, tuple[str, str]] = {
    "pca": (
        "Principal components",
        "The {components} first eigenvectors of the covariance of tiles of 96 x 96 values and of "
        "their copies turned by the symmetries of the square, made of the {band} longest cosines "
        "of a tile. Any number of them up to {components} can be used; 100 is the default.",
    ),
    "mixture-pca": (
        "Mixture of principal components",
        "{kinds} kinds of tiles, each with its own mean and {components} eigenvectors, made of "
        "the {band} longest cosines of a tile. A tile takes the kind that fits it best; the "
        "number of the kind is the first of the latents, so that 100 latents are the kind and 99 "
        "amplitudes.",
    ),
}


def main(arguments: list[str]) -> int:
    """Write both models with their cards, and say what they score."""
    if len(arguments) not in (1, 2):
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    default = Path(exacouple.autoencoders.__file__).with_name("weights")
    directory = Path(arguments[1]) if len(arguments) == 2 else default
    try:
        make(Path(arguments[0]), directory)
    except ExacoupleError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return exc.exit_code
    return 0


def make(etopo5: Path, directory: Path) -> None:
    """Fit, save, read again, score on the test part and describe."""
    with open_grid(etopo5) as reader:
        split = blocked_split(reader.y.values, reader.x.values, seed=SEED, stride=STRIDE)
    scale = Scaling(*elevation_range(etopo5))
    facts: dict[str, Any] = {
        "source": SOURCE,
        "data": {
            "file": etopo5.name,
            "sha256": sha256_file(etopo5),
            "range_m": [scale.minimum_m, scale.maximum_m],
            "split": split.facts,
            "tiles": {"train": len(split.train), "validation": len(split.validation)},
            "augment": True,
        },
        "seed": SEED,
    }
    batches = (tiles for tiles, _ in stream_tiles(etopo5, split.train, batch=1024))
    pca = fit_pca(batches, components=COMPONENTS, scale=scale, facts={"model": "pca", **facts})
    mixture = fit_mixture(
        read_tiles(etopo5, split.train),
        kinds=KINDS,
        components=KIND_COMPONENTS,
        seed=SEED,
        scale=scale,
        facts={"model": "mixture-pca", **facts},
    )
    parts = {name: read_tiles(etopo5, split.part(name)) for name in ("validation", "test")}
    for model in (pca, mixture):
        path = directory / f"{model.name}.npz"
        model.save(path, force=True)
        card = describe(path, split, parts)
        write_text(path.with_suffix(".md"), card, force=True)
        print(card)


def describe(path: Path, split: Split, parts: Mapping[str, Floats]) -> str:
    """Return the model card of a saved model."""
    model = load_codec(path)
    assert isinstance(model, PcaCodec | MixturePcaCodec)
    title, text = TEXTS[model.name]
    data, sizes = model.facts["data"], model.sizes
    lines = [
        f"# {title} (`{model.name}`)",
        "",
        text.format(kinds=sizes[0] if len(sizes) == 3 else 1, components=sizes[-2], band=sizes[-1]),
        "",
        f"- Data: {SOURCE}. SHA-256 of the file `{data['file']}`: `{data['sha256']}`.",
        f"- Range: {data['range_m'][0]:g} to {data['range_m'][1]:g} m; reconstructions are kept "
        "within it.",
        f"- Split: by area, blocks of {split.facts['block_deg']:g} degrees, seed "
        f"{split.facts['seed']}: {len(split.train)} tiles to train on (every "
        f"{split.facts['stride']} pixels), {len(split.validation)} to validate, {len(split.test)} "
        f"to test; {split.facts['border']} unused pixels between the parts. Test blocks (counted "
        f"eastward from 180 W, row by row from 90 S): "
        f"{', '.join(map(str, split.facts['test_blocks']))}.",
        f"- Seed: {model.facts['seed']}. File: {path.stat().st_size} bytes, components as float16, "
        f"SHA-256 `{sha256_file(path)}`.",
        "- A tile is 96 x 96 values: 8 degrees of ETOPO5, 0.4 degrees of GEBCO.",
        "",
        "RMSE in metres per value, land and sea, beside the fixed cosines (`dct`):",
        "",
        "| latents | test | test, `dct` | validation | validation, `dct` |",
        "|---|---|---|---|---|",
    ]
    most = sizes[-2] + (len(sizes) == 3)
    for latents in (number for number in LATENTS if number <= most):
        scores = [
            rmse(codec, parts[part])
            for part in ("test", "validation")
            for codec in (model.with_latents(latents), DctCodec(latents))
        ]
        lines.append(f"| {latents} | " + " | ".join(f"{score:.1f}" for score in scores) + " |")
    return "\n".join(lines) + "\n"


def rmse(codec: Codec, tiles: Floats) -> float:
    """Return the root mean square error in metres over all values of all tiles."""
    errors = codec.decode(codec.encode(tiles)) - tiles
    return float(np.sqrt(np.mean(errors.astype(np.float64) ** 2)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
