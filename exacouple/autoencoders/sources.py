"""Seabed sources that put the window through a model of tiles, for `exacouple prepare`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from exacouple.autoencoders.codec import TRAINED, Adjustable, load_codec, shipped
from exacouple.autoencoders.reconstruct import OVERLAP, reconstruct
from exacouple.bathymetry.sources import Option, Source


def codec_source(name: str, description: str) -> Source:
    """Return the source that reconstructs a window by the model of that name.

    Its options are the numbers per tile and the pixels that neighbouring tiles share.
    """

    def apply(grid: xr.DataArray, options: Mapping[str, Any]) -> xr.DataArray:
        codec = load_codec(name, latents=options["latents"])
        return reconstruct(grid, codec, overlap=options["overlap"])

    def files(options: Mapping[str, Any]) -> tuple[Path, ...]:
        weights = shipped().get(name)
        return () if weights is None else (weights,)

    return Source(
        name,
        description,
        "geographic",
        apply,
        (
            Option("latents", int, "", 100, "numbers that stand for a tile of 96 x 96 values"),
            Option("overlap", int, "pixels", OVERLAP, "what neighbouring tiles share"),
        ),
        files,
    )


def file_source(path: str | Path) -> Source:
    """Return the source that reconstructs a window by the model of a file.

    Its name is that of the file, or of the directory of the training that it lies in; the case
    records the file's SHA-256. Models that can do with fewer numbers have the option `latents`.

    Raises
    ------
    UsageError, ExacoupleError
        There is no such file, or it is no model.
    """
    path = Path(path)
    codec = load_codec(path)
    stem = path.resolve().parent.name if path.name == TRAINED else path.stem
    name = re.sub(r"[^A-Za-z0-9._+-]+", "-", stem).strip("-.") or codec.name

    def apply(grid: xr.DataArray, options: Mapping[str, Any]) -> xr.DataArray:
        used = codec
        if isinstance(codec, Adjustable) and options["latents"] != codec.latents:
            used = codec.with_latents(options["latents"])
        return reconstruct(grid, used, overlap=options["overlap"])

    options = [Option("overlap", int, "pixels", OVERLAP, "what neighbouring tiles share")]
    if isinstance(codec, Adjustable):
        many = f"numbers that stand for a tile of {codec.tile} x {codec.tile} values"
        options.insert(0, Option("latents", int, "", codec.latents, many))
    return Source(
        name,
        f"reconstructed by the model '{codec.name}' of {path.name}",
        "geographic",
        apply,
        tuple(options),
        lambda _: (path,),
    )


PCA = codec_source("pca", "reconstructed from principal components of ETOPO5 tiles")
DCT = codec_source("dct", "reconstructed from the longest cosines of each tile")
MIXTURE_PCA = codec_source(
    "mixture-pca", "reconstructed from principal components of several kinds of ETOPO5 tiles"
)
VAE = codec_source("vae", "reconstructed by a variational autoencoder trained on ETOPO5 tiles")
DFCVAE = codec_source(
    "dfcvae", "reconstructed by a feature-consistent variational autoencoder of ETOPO5 tiles"
)
VAE_FIXED = codec_source(
    "vae-fixed", "reconstructed by a variational autoencoder whose code is continuous"
)
