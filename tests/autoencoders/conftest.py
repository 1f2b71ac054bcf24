"""A small grid, and settings small enough to train in seconds."""

import dataclasses

import netCDF4
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from exacouple.autoencoders.settings import preset


@pytest.fixture(scope="session")
def grid(tmp_path_factory):
    """A rough sea floor of 300 x 900 nodes, blocks of 10 degrees hold one tile each."""
    random = np.random.default_rng(0)
    rough = gaussian_filter(random.normal(size=(300, 900)), 5.0)
    path = tmp_path_factory.mktemp("grid") / "sea.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        for name, size in (("lat", 300), ("lon", 900)):
            dataset.createDimension(name, size)
            dataset.createVariable(name, "f8", (name,))[:] = np.arange(size) / 10.0
        variable = dataset.createVariable("elevation", "i2", ("lat", "lon"))
        variable.units = "m"
        variable[:] = -3000 + 10000 * rough
    return path


@pytest.fixture
def small():
    """Return a function that makes small settings of a model."""

    def make(model, name="default", *, seed=0, epochs=2, loss=None, optimiser=None, network=None):
        chosen = preset(model, name)
        return dataclasses.replace(
            chosen,
            seed=seed,
            checkpoint_steps=2,
            network=dataclasses.replace(
                chosen.network,
                **{
                    "fixed": 96,
                    "atoms": 32,
                    "dictionary_generations": 1,
                    "widths": (4,),
                    "filters": (4, 4, 4, 8),
                    **(network or {}),
                },
            ),
            loss=dataclasses.replace(
                chosen.loss, samples=min(chosen.loss.samples, 2), **(loss or {})
            ),
            optimiser=dataclasses.replace(
                chosen.optimiser, **{"epochs": epochs, "batch": 4, **(optimiser or {})}
            ),
            data=dataclasses.replace(
                chosen.data, split="blocked", block_deg=10.0, border=0, stride=96
            ),
        )

    return make
