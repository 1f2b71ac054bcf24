"""The plain autoencoder, and what all models share: networks, losses of tiles, and a step."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from exacouple.autoencoders import losses, networks
from exacouple.autoencoders.codec import Scaling
from exacouple.autoencoders.dictionary import Dictionary
from exacouple.autoencoders.settings import OptimiserSettings, Settings

Tensor = Any
Terms = dict[str, Tensor]

_ERROR_M = 200.0


class Autoencoder:
    """An encoder and a decoder that are trained together.

    Parameters
    ----------
    settings : Settings
    scaling : Scaling
        Range of the data set; the networks work on tiles scaled by it to [0, 1].
    dictionary : Dictionary, optional
        Waveforms of networks of the kind ``pursuit``.

    Attributes
    ----------
    encoder, decoder : keras.Model
    optimisers : dict of str to keras Optimizer
        By the name of what they move; empty until `compile`.
    """

    variational = False

    def __init__(
        self, settings: Settings, scaling: Scaling, dictionary: Dictionary | None = None
    ) -> None:
        self.settings, self.scaling = settings, scaling
        self.optimisers: dict[str, keras.optimizers.Optimizer] = {}
        self.log_variance = keras.Variable(
            0.0, trainable=True, name="pixel_log_variance", dtype="float32"
        )
        network = settings.network
        if network.kind == "pursuit":
            if dictionary is None:
                raise ValueError("networks of the kind 'pursuit' need a dictionary")
            ends = (scaling.minimum_m, scaling.maximum_m)
            self.encoder = networks.pursuit_encoder(
                dictionary, network.chosen, scaling=ends, variational=self.variational
            )
            self.decoder = networks.refining_decoder(
                dictionary, network.chosen, scaling=ends, widths=network.widths
            )
        else:
            self.encoder = networks.convolutional_encoder(
                network.filters,
                network.latents,
                variational=self.variational,
                momentum=network.momentum,
                clip=network.clip_log_variance,
            )
            self.decoder = networks.convolutional_decoder(
                network.filters, network.latents, momentum=network.momentum
            )

    def networks(self) -> dict[str, keras.Model]:
        """Return all networks by name."""
        return {"encoder": self.encoder, "decoder": self.decoder}

    def groups(self) -> dict[str, list[keras.Variable]]:
        """Return the variables that each optimiser moves."""
        moved = self.encoder.trainable_variables + self.decoder.trainable_variables
        if self.settings.loss.reconstruction == "gaussian":
            moved = [*moved, self.log_variance]
        return {"model": moved}

    def compile(self, steps: int) -> None:
        """Make the optimisers for a training of that many steps."""
        for name, variables in self.groups().items():
            self.optimisers[name] = _optimiser(self.settings.optimiser, steps)
            self.optimisers[name].build(variables)

    def fit_codes(self, tiles: np.ndarray) -> None:
        """Give the numbers of a pursuit code mean 0 and deviation 1 over tiles scaled to [0, 1].

        The log-variances start where they would be for an error of `unit_m` per pixel and
        orthonormal waveforms without refinement: s^2 / (s^2 + t^2) for the deviation t of a number.
        """
        if self.settings.network.kind != "pursuit":
            return
        encode = self.encoder.get_layer("pursuit")
        kilometres = self.encoder.get_layer("kilometres")
        count = encode.mean.shape[0]
        numbers = np.concatenate(
            [
                np.asarray(encode(kilometres(tiles[start : start + 64])))[:, :count]
                for start in range(0, len(tiles), 64)
            ]
        )
        deviation = np.maximum(numbers.std(axis=0), 1e-6)
        for layer in (encode, self.decoder.get_layer("waveforms")):
            layer.mean.assign(numbers.mean(axis=0))
            layer.deviation.assign(deviation)
        if self.variational:
            error = 1e-3 * (self.settings.loss.unit_m or _ERROR_M)
            law = self.encoder.get_layer("log_variance")
            law.value.assign(-np.log1p((deviation / error) ** 2))

    def code(self, tiles: Tensor, *, training: bool) -> tuple[Tensor, Tensor | None]:
        """Return mean and log-variance of the codes of tiles; None where there is no variance."""
        outputs = self.encoder(tiles, training=training)
        return (outputs[0], outputs[1]) if isinstance(outputs, list | tuple) else (outputs, None)

    def sample(self, mean: Tensor, log_variance: Tensor | None, seed: Tensor) -> Tensor:
        """Return a code: `mean` for a model without variance."""
        return mean

    def terms(self, tiles: Tensor, seed: Tensor, kl_weight: Tensor, *, training: bool) -> Terms:
        """Return the terms of the loss, means over the batch; ``loss`` is their sum.

        Parameters
        ----------
        tiles : tensor, shape (batch, tile, tile, 1)
            Scaled to [0, 1].
        seed : tensor of int, shape (2,)
            Of the noise.
        kl_weight : tensor
            Weight of the Kullback-Leibler term.
        training : bool
            Sampled codes and statistics of the batch, or mean codes and moving averages.
        """
        mean, log_variance = self.code(tiles, training=training)
        code = self.sample(mean, log_variance, seed) if training else mean
        made = self.decoder(code, training=training)
        terms = self.tile_terms(tiles, made)
        terms |= self.code_terms(mean, log_variance, kl_weight)
        terms = {name: tf.reduce_mean(term) for name, term in terms.items()}
        terms["loss"] = tf.add_n(list(terms.values()))
        terms["rmse_m"] = self.scaling.span_m * tf.sqrt(tf.reduce_mean(tf.square(made - tiles)))
        return terms

    def tile_terms(self, true: Tensor, made: Tensor) -> Terms:
        """Return the terms that compare tiles, per tile."""
        loss = self.settings.loss
        true_m, made_m = (
            part * self.scaling.span_m + self.scaling.minimum_m for part in (true, made)
        )
        factor = self.scaling.span_m / loss.unit_m if loss.unit_m else 1.0
        first, second = true * factor, made * factor
        weight = losses.sea_weight(true_m, loss.land) if loss.land != 1.0 else None
        terms: Terms = {}
        if loss.reconstruction == "gaussian":
            likelihood = losses.gaussian_likelihood(
                first, second, self.log_variance.value, weight=weight
            )
            terms["reconstruction"] = likelihood / self.pixels
        elif loss.reconstruction == "squared":
            terms["reconstruction"] = losses.squared(first, second, weight=weight)
        elif loss.reconstruction != "none":
            whole = loss.reconstruction == "charbonnier_sum"
            terms["reconstruction"] = losses.charbonnier(
                first, second, reduction="sum" if whole else "mean", weight=weight
            )
        if loss.gradients:
            terms["gradients"] = loss.gradients * losses.multiscale_gradient(first, second)
        if loss.travel_time:
            terms["travel_time"] = loss.travel_time * losses.travel_time(true_m, made_m)
        return terms

    def code_terms(self, mean: Tensor, log_variance: Tensor | None, kl_weight: Tensor) -> Terms:
        """Return the terms that depend on the code alone, per tile."""
        return {}

    @property
    def pixels(self) -> float:
        """What a likelihood of a tile is divided by so that the loss is of the order of 1."""
        return float(np.prod(self.encoder.input_shape[1:]))

    def update(self, tiles: Tensor, step: Tensor, kl_weight: Tensor) -> Terms:
        """Take one step on a batch and return the terms of its loss."""
        variables = self.groups()["model"]
        optimiser = self.optimisers["model"]

        def one(number: Tensor) -> list[Tensor]:
            seed = tf.stack([self.settings.seed, step * self.settings.loss.samples + number])
            with tf.GradientTape() as tape:
                terms = self.terms(tiles, seed, kl_weight, training=True)
                scaled = optimiser.scale_loss(terms["loss"] / self._replicas)
            self._names = list(terms)
            gradients = tape.gradient(scaled, variables)
            return [*gradients, *terms.values()]

        total = _average(one, self.settings.loss.samples)
        gradients, values = total[: len(variables)], total[len(variables) :]
        optimiser.apply(gradients, variables)
        terms = dict(zip(self._names, values, strict=True))
        terms["gradient_norm"] = self.norm(gradients, optimiser)
        return terms

    def norm(self, gradients: list[Tensor], optimiser: keras.optimizers.Optimizer) -> Tensor:
        """Return the norm of gradients that were taken of a scaled loss."""
        scale = getattr(optimiser, "dynamic_scale", None)
        factor = self._replicas if scale is None else self._replicas / scale.value
        return tf.linalg.global_norm(gradients) * factor

    @property
    def _replicas(self) -> int:
        return int(tf.distribute.get_strategy().num_replicas_in_sync)


def _average(one: Any, samples: int) -> list[Tensor]:
    """Return the mean of `one(0)` ... `one(samples - 1)`, holding one of them at a time."""
    first = one(tf.constant(0))
    if samples == 1:
        return list(first)
    _, total = tf.while_loop(
        lambda number, total: number < samples,
        lambda number, total: (
            number + 1,
            [old + new for old, new in zip(total, one(number), strict=True)],
        ),
        (tf.constant(1), list(first)),
        parallel_iterations=1,
    )
    return [part / samples for part in total]


def _optimiser(settings: OptimiserSettings, steps: int) -> keras.optimizers.Optimizer:
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, max(steps, 1), alpha=0.01)
    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "rmsprop": keras.optimizers.RMSprop,
    }
    options: dict[str, Any] = {"global_clipnorm": settings.clip_norm or None}
    if settings.weight_decay:
        options["weight_decay"] = settings.weight_decay
    made = kinds[settings.name](rate, **options)
    if settings.weight_decay:
        made.exclude_from_weight_decay(var_names=["log_variance", "bias"])
    if keras.config.dtype_policy().name == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(made)
    return made
