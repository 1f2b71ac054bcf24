"""The VAE-GAN: tiles are compared by what a discriminator sees in them, trained along.

One step of Algorithm 2 of Larsen et al. on a batch X, with codes Z of X, X~ = Dec(Z), codes Zp of
the prior, Xp = Dec(Zp), and F the last hidden layer of the discriminator D:

L_prior = KL(q(Z|X) || N(0, 1)), L_like = 1/2 mean |F(X) - F(X~)|^2,
L_GAN = -log D(X) - log(1 - D(X~)) - log(1 - D(Xp));
the encoder descends L_prior + L_like, the decoder gamma L_like - w L_GAN, the discriminator L_GAN.
The paper has w = 1. With a unit for differences, the discriminator sees tiles without their mean,
in that unit: scaled by the range of a data set, roughness is a thousandth of what it sees.

Reference: Larsen, Sonderby, Larochelle and Winther (2016), Autoencoding beyond pixels using a
learned similarity metric, ICML, Algorithm 2.
"""

from typing import Any

import keras
import tensorflow as tf

from exacouple.autoencoders import losses, networks
from exacouple.autoencoders.ae import Tensor, Terms
from exacouple.autoencoders.vae import VariationalAutoencoder, _of_replica


class VAEGAN(VariationalAutoencoder):
    """A variational autoencoder with a discriminator."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        network = self.settings.network
        self.discriminator = networks.discriminator(network.filters, momentum=network.momentum)

    def networks(self) -> dict[str, keras.Model]:
        """Return all networks by name."""
        return {**super().networks(), "discriminator": self.discriminator}

    def groups(self) -> dict[str, list[keras.Variable]]:
        """Return the variables that each of the three optimisers moves."""
        decoder = self.decoder.trainable_variables
        if self.settings.loss.reconstruction == "gaussian":
            decoder = [*decoder, self.log_variance]
        return {
            "encoder": self.encoder.trainable_variables,
            "decoder": decoder,
            "discriminator": self.discriminator.trainable_variables,
        }

    def update(self, tiles: Tensor, step: Tensor, kl_weight: Tensor) -> Terms:
        """Take one step of Algorithm 2 on a batch and return losses and accuracy."""
        loss = self.settings.loss
        seed = tf.stack([self.settings.seed, step])
        groups = self.groups()
        with tf.GradientTape(persistent=True) as tape:
            mean, log_variance = self.code(tiles, training=True)
            code = self.sample(mean, log_variance, seed)
            made = self.decoder(code, training=True)
            drawn = self.decoder(self.prior_code(mean, log_variance, seed), training=True)
            (true_logit, true_hidden), (made_logit, made_hidden), (drawn_logit, _) = (
                self.judge(part, training=True) for part in (tiles, made, drawn)
            )
            prior = tf.reduce_mean(self.code_terms(mean, log_variance, kl_weight)["kl"])
            like = tf.reduce_mean(
                0.5 * tf.reduce_mean(tf.square(true_hidden - made_hidden), axis=-1)
            )
            pixel = tf.add_n(
                [tf.reduce_mean(term) for term in self.tile_terms(tiles, made).values()]
                or [tf.zeros(())]
            )
            judged = self._mean_entropy([(true_logit, 1.0), (made_logit, 0.0), (drawn_logit, 0.0)])
            if loss.non_saturating:
                fooled = self._mean_entropy([(made_logit, 1.0), (drawn_logit, 1.0)])
            else:
                fooled = -self._mean_entropy([(made_logit, 0.0), (drawn_logit, 0.0)])
            targets = {
                "encoder": prior + like + pixel,
                "decoder": loss.similarity * like + pixel + loss.adversarial * fooled,
                "discriminator": judged,
            }
            scaled = {
                name: self.optimisers[name].scale_loss(target / self._replicas)
                for name, target in targets.items()
            }
        norms = []
        gradients = {name: tape.gradient(scaled[name], groups[name]) for name in groups}
        del tape
        for name, parts in gradients.items():
            self.optimisers[name].apply(parts, groups[name])
            norms.append(self.norm(parts, self.optimisers[name]))
        right = [true_logit > 0, made_logit < 0, drawn_logit < 0]
        return {
            "loss": targets["decoder"] + prior,
            "kl": prior,
            "similarity": like,
            "reconstruction": pixel,
            "adversarial": judged,
            "accuracy": tf.reduce_mean(tf.cast(tf.concat(right, axis=0), tf.float32)),
            "rmse_m": self.scaling.span_m * tf.sqrt(tf.reduce_mean(tf.square(made - tiles))),
            "gradient_norm": tf.reduce_max(norms),
        }

    def terms(self, tiles: Tensor, seed: Tensor, kl_weight: Tensor, *, training: bool) -> Terms:
        """Return the terms of the validation: likeness, divergence, accuracy, and the pixels."""
        mean, log_variance = self.code(tiles, training=False)
        made = self.decoder(mean, training=False)
        true_logit, true_hidden = self.judge(tiles, training=False)
        made_logit, made_hidden = self.judge(made, training=False)
        right = tf.concat([true_logit > 0, made_logit < 0], axis=0)
        square = tf.reduce_mean(tf.square(made - tiles))
        return {
            "loss": square * (self.scaling.span_m / 200.0) ** 2,
            "kl": tf.reduce_mean(self.code_terms(mean, log_variance, kl_weight)["kl"]),
            "similarity": 0.5 * tf.reduce_mean(tf.square(true_hidden - made_hidden)),
            "accuracy": tf.reduce_mean(tf.cast(right, tf.float32)),
            "rmse_m": self.scaling.span_m * tf.sqrt(square),
        }

    def judge(self, tiles: Tensor, *, training: bool) -> tuple[Tensor, Tensor]:
        """Return the discriminator's logits of tiles, and its last hidden layer."""
        if self.settings.loss.unit_m:
            level = tf.reduce_mean(tiles, axis=(1, 2, 3), keepdims=True)
            tiles = (tiles - level) * (self.scaling.span_m / self.settings.loss.unit_m)
        logit, hidden = self.discriminator(tiles, training=training)
        return logit, hidden

    def prior_code(self, mean: Tensor, log_variance: Tensor | None, seed: Tensor) -> Tensor:
        """Return codes of the prior; the numbers of atoms are those of another tile."""
        assert log_variance is not None
        count = log_variance.shape[1]
        other = _of_replica(seed) + tf.constant([7_919, 0])
        drawn = tf.random.stateless_normal(tf.shape(log_variance), seed=other)
        return tf.concat([drawn, tf.roll(mean[:, count:], shift=1, axis=0)], axis=1)

    @staticmethod
    def _mean_entropy(parts: list[tuple[Tensor, float]]) -> Tensor:
        return tf.add_n(
            [tf.reduce_mean(losses.binary_cross_entropy(logit, target)) for logit, target in parts]
        )
