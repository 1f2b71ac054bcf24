"""Features of VGG19 for the deep-feature loss; its weights come from the user, never at random.

Reference: Simonyan and Zisserman (2015), Very deep convolutional networks for large-scale image
recognition, ICLR.
"""

import os
from pathlib import Path
from typing import Any

import keras
from keras import ops

from exacouple.errors import ExacoupleError, UsageError

Tensor = Any

CACHE_NAMES = (
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "vgg19_weights_tf_dim_ordering_tf_kernels.h5",
)
_MEAN_BGR = (103.939, 116.779, 123.68)


def find_vgg19(path: str | Path | None = None) -> Path:
    """Return the file of the weights of VGG19: the one given, or that in the cache of Keras.

    Raises
    ------
    UsageError
        There is none. Nothing is downloaded.
    """
    if path is not None:
        found = Path(path)
        if not found.is_file():
            raise UsageError(f"{found}: no such file: give the weights of VGG19 as Keras has them")
        return found
    folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
    for name in CACHE_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise UsageError(
        f"the deep-feature loss needs the ImageNet weights of VGG19, and {folder} has no "
        f"{CACHE_NAMES[0]}: give the file by --feature-weights FILE; or fetch it where there is a "
        'network with python -c "import keras; keras.applications.VGG19(include_top=False)"; or '
        'use the feature loss that needs no weights: feature_network = "gradients" in the table '
        "[loss] of --config. Random weights are not used in its place"
    )


def feature_model(
    layers: tuple[str, ...], tile: int, *, weights: str | Path | None = None
) -> keras.Model:
    """Return VGG19 up to the last of `layers`, giving the features of each, not to be trained.

    Raises
    ------
    UsageError
        There are no weights, or there is no such layer.
    ExacoupleError
        The file does not fit VGG19.
    """
    path = find_vgg19(weights)
    network = keras.applications.VGG19(weights=None, include_top=False, input_shape=(tile, tile, 3))
    try:
        _load(network, path)
    except (OSError, ValueError, KeyError) as exc:
        raise ExacoupleError(f"{path}: these are not the weights of VGG19: {exc}") from exc
    names = [layer.name for layer in network.layers]
    for name in layers:
        if name not in names:
            raise UsageError(f"VGG19 has no layer '{name}' (there are: {', '.join(names)})")
    network.trainable = False
    return keras.Model(network.input, [network.get_layer(name).output for name in layers])


def _load(network: keras.Model, path: Path) -> None:
    """Give the convolutions their weights, out of a file with or without the dense layers."""
    try:
        network.load_weights(path)
    except ValueError:
        full = keras.applications.VGG19(weights=None, include_top=True)
        full.load_weights(path)
        for layer in network.layers[1:]:
            layer.set_weights(full.get_layer(layer.name).get_weights())


def image_of(unit: Tensor) -> Tensor:
    """Return tiles scaled to [0, 1] as images that VGG19 expects: 0 to 255, BGR, less the mean."""
    grey = 255.0 * unit
    return ops.concatenate([grey - mean for mean in _MEAN_BGR], axis=-1)
