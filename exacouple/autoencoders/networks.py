"""The networks that the models are made of, as Keras functional models.

Two families. *Convolutional*: the encoder and decoder of the thesis. *Pursuit*: an encoder that
puts a tile together from fixed cosines and chosen atoms, and a decoder that adds the waveforms up
and refines the sum by a small U-shaped network, whose output is scaled by the roughness of the
tile.
"""

from typing import Any

import keras
from keras import layers as kl

from exacouple.autoencoders.dictionary import Dictionary
from exacouple.autoencoders.layers import (
    ClippedLogVariance,
    DepthToSpace,
    DictionaryDecoder,
    PursuitEncoder,
    RefinementInputs,
    ReflectionPadding,
    Roughness,
    SharedLogVariance,
    SpaceToDepth,
    UnitScale,
)

Tensor = Any

_LEAK = 0.3
_REFINEMENT_LEAK = 0.2
_PATCH = 4


def convolutional_encoder(
    filters: tuple[int, ...],
    latents: int,
    *,
    tile: int = 96,
    variational: bool,
    momentum: float = 0.99,
    clip: bool = False,
    hidden: int = 0,
) -> keras.Model:
    """Return the encoder of the thesis: convolutions 4 x 4 of stride 2 with batch normalisation.

    Takes tiles scaled to [0, 1], shape (batch, tile, tile, 1). Gives the mean and the log-variance
    of the latents, or without `variational` and `latents` = 0 the last feature map, flattened.

    Parameters
    ----------
    filters : tuple of int
        Channels of each convolution.
    latents : int
        Numbers of the code; 0 for the feature map itself.
    variational : bool
        Give a log-variance as well.
    momentum : float
        Of the moving averages of the batch normalisation.
    clip : bool
        Hold the log-variance between bounds.
    hidden : int
        Width of a dense layer ahead of the latents; as many as latents if 0.
    """
    inputs = keras.Input((tile, tile, 1), name="tile")
    features = _downward(inputs, filters, momentum)
    features = kl.Flatten()(features)
    if not latents:
        return keras.Model(inputs, features, name="encoder")
    features = kl.Dense(hidden or latents, activation="relu", kernel_initializer="he_uniform")(
        features
    )
    mean = kl.Dense(latents, dtype="float32", name="mean")(features)
    if not variational:
        return keras.Model(inputs, mean, name="encoder")
    log_variance = kl.Dense(latents, dtype="float32", name="log_variance")(features)
    if clip:
        log_variance = ClippedLogVariance(name="clipped_log_variance")(log_variance)
    return keras.Model(inputs, [mean, log_variance], name="encoder")


def convolutional_decoder(
    filters: tuple[int, ...],
    latents: int,
    *,
    tile: int = 96,
    momentum: float = 0.99,
) -> keras.Model:
    """Return the decoder of the thesis: doubled by repetition, then convolved 3 x 3, to [0, 1].

    `filters` are those of the encoder. With `latents` = 0 it takes the flattened feature map.
    """
    small = tile // 2 ** len(filters)
    size = small * small * filters[-1]
    code = keras.Input((latents or size,), name="code")
    features = code
    if latents:
        for width in (latents, size):
            features = kl.Dense(width, activation="relu", kernel_initializer="he_uniform")(features)
    features = kl.Reshape((small, small, filters[-1]))(features)
    for count in reversed(filters[:-1]):
        features = ReflectionPadding()(kl.UpSampling2D(2)(features))
        features = kl.Conv2D(count, 3, kernel_initializer="he_uniform")(features)
        features = kl.LeakyReLU(_LEAK)(kl.BatchNormalization(momentum=momentum)(features))
    features = ReflectionPadding()(kl.UpSampling2D(2)(features))
    outputs = kl.Conv2D(
        1, 3, kernel_initializer="he_normal", activation="sigmoid", dtype="float32", name="unit"
    )(features)
    return keras.Model(code, outputs, name="decoder")


def discriminator(
    filters: tuple[int, ...], *, tile: int = 96, dense: int = 512, momentum: float = 0.99
) -> keras.Model:
    """Return the discriminator of the VAE-GAN: logit of being true, and its last hidden layer."""
    inputs = keras.Input((tile, tile, 1), name="tile")
    features = kl.Flatten()(_downward(inputs, filters, momentum))
    features = kl.Dense(dense, kernel_initializer="he_uniform")(features)
    features = kl.LeakyReLU(_LEAK)(kl.BatchNormalization(momentum=momentum)(features))
    logit = kl.Dense(1, kernel_initializer="he_normal", dtype="float32", name="logit")(features)
    hidden = kl.Activation("linear", dtype="float32", name="hidden")(features)
    return keras.Model(inputs, [logit, hidden], name="discriminator")


def pursuit_encoder(
    dictionary: Dictionary, chosen: int, *, scaling: tuple[float, float], variational: bool
) -> keras.Model:
    """Return an encoder by matching pursuit.

    Takes tiles scaled to [0, 1] by the range `scaling` (m); gives codes, and with `variational`
    a log-variance of all but the numbers of the atoms, the same for every tile.
    """
    tile = dictionary.tile
    inputs = keras.Input((tile, tile, 1), name="tile")
    kilometres = UnitScale(*(1e-3 * end for end in scaling), inverse=True, name="kilometres")
    pursuit = PursuitEncoder(
        dictionary.fixed.tolist(), dictionary.atoms.tolist(), chosen, tile, name="pursuit"
    )
    code = pursuit(kilometres(inputs))
    if not variational:
        return keras.Model(inputs, code, name="encoder")
    numbers = len(dictionary.fixed) + chosen
    return keras.Model(
        inputs, [code, SharedLogVariance(numbers, name="log_variance")(code)], name="encoder"
    )


def refining_decoder(
    dictionary: Dictionary,
    chosen: int,
    *,
    scaling: tuple[float, float],
    widths: tuple[int, ...] = (32, 64, 96),
) -> keras.Model:
    """Return a decoder that adds up waveforms and refines the sum; gives tiles scaled to [0, 1].

    The refinement r is a network on patches of 4 x 4 pixels with one level per width, halved from
    level to level: y' = y + s r(y), s the roughness of y. It starts as zero.
    """
    tile = dictionary.tile
    code = keras.Input((len(dictionary.fixed) + 2 * chosen,), name="code")
    sums = DictionaryDecoder(
        dictionary.fixed.tolist(), dictionary.atoms.tolist(), chosen, tile, name="waveforms"
    )(code)
    roughness = Roughness(name="roughness")(sums)
    features = SpaceToDepth(_PATCH)(RefinementInputs()([sums, roughness]))
    levels = []
    for level, width in enumerate(widths):
        if level:
            features = SpaceToDepth(2)(features)
        features = _convolved(_convolved(features, width), width)
        levels.append(features)
    for width, skip in zip(reversed(widths[:-1]), reversed(levels[:-1]), strict=True):
        features = DepthToSpace(2)(kl.Conv2D(4 * width, 1, padding="same")(features))
        features = _convolved(kl.Concatenate()([features, skip]), width)
        features = _convolved(features, width)
    patch = kl.Conv2D(
        _PATCH * _PATCH, 3, padding="same", kernel_initializer="zeros", dtype="float32", name="out"
    )(features)
    change = DepthToSpace(_PATCH, dtype="float32")(patch)
    change = kl.Multiply(dtype="float32")([change, roughness])
    kilometres = kl.Add(dtype="float32")([sums[..., :1], change])
    outputs = UnitScale(*(1e-3 * end for end in scaling), name="unit")(kilometres)
    return keras.Model(code, outputs, name="decoder")


def _downward(features: Tensor, filters: tuple[int, ...], momentum: float) -> Tensor:
    for count in filters:
        features = ReflectionPadding()(features)
        features = kl.Conv2D(count, 4, strides=2, kernel_initializer="he_uniform")(features)
        features = kl.LeakyReLU(_LEAK)(kl.BatchNormalization(momentum=momentum)(features))
    return features


def _convolved(features: Tensor, width: int) -> Tensor:
    convolved = kl.Conv2D(width, 3, padding="same", kernel_initializer="he_normal")(features)
    return kl.LeakyReLU(_REFINEMENT_LEAK)(convolved)
