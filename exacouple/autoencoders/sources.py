"""Seabed sources that put the window through a model of tiles, for `exacouple prepare`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from exacouple.autoencoders.codec import load_codec, shipped
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


PCA = codec_source("pca", "reconstructed from principal components of ETOPO5 tiles")
DCT = codec_source("dct", "reconstructed from the longest cosines of each tile")
MIXTURE_PCA = codec_source(
    "mixture-pca", "reconstructed from principal components of several kinds of ETOPO5 tiles"
)
VAE = codec_source("vae", "reconstructed by a variational autoencoder trained on ETOPO5 tiles")
DFCVAE = codec_source(
    "dfcvae", "reconstructed by a feature-consistent variational autoencoder of ETOPO5 tiles"
)
