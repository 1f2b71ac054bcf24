"""Turn a trained pursuit model into a file that needs no TensorFlow."""

from typing import TYPE_CHECKING

import keras
import numpy as np

from exacouple.autoencoders.portable import PursuitCodec
from exacouple.errors import UsageError

if TYPE_CHECKING:
    from exacouple.autoencoders.keras_codec import KerasCodec


def to_portable(codec: "KerasCodec") -> PursuitCodec:
    """Return the same model in numpy, its kernels rounded only when it is saved.

    Raises
    ------
    UsageError
        The model is not of the kind ``pursuit``.
    """
    _, decoder = codec.networks
    names = [layer.name for layer in decoder.layers]
    if "waveforms" not in names:
        raise UsageError(
            f"model '{codec.name}' has convolutional networks and needs TensorFlow: only models "
            "of the kind 'pursuit' can be exported"
        )
    waveforms = decoder.get_layer("waveforms")
    convolutions = [layer for layer in decoder.layers if isinstance(layer, keras.layers.Conv2D)]
    kernels = [
        (np.asarray(layer.kernel, np.float32), np.asarray(layer.bias, np.float32))
        for layer in convolutions
    ]
    return PursuitCodec(
        waveforms.dictionary,
        np.asarray(waveforms.mean),
        np.asarray(waveforms.deviation),
        kernels,
        levels=(len(kernels) + 2) // 5,
        name=codec.name,
        scale=codec.scale,
        facts=codec.facts,
    )
