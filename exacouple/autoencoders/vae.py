"""The variational autoencoder: codes are sampled, and drawn towards a standard normal law.

Minimised is the negative evidence lower bound
E_q(z|x)[-log p(x|z)] + w KL(q(z|x) || N(0, 1)) with w growing from 0 to its final value. The mean
is over K samples of z. A pursuit code has a law for its coefficients and amplitudes; the numbers
of the atoms are certain and have a uniform prior, which adds a constant only.

Reference: Kingma and Welling (2014), Auto-encoding variational Bayes, ICLR.
"""

import tensorflow as tf

from exacouple.autoencoders import losses
from exacouple.autoencoders.ae import Autoencoder, Tensor, Terms


class VariationalAutoencoder(Autoencoder):
    """An autoencoder whose encoder gives a normal law of codes."""

    variational = True

    def sample(self, mean: Tensor, log_variance: Tensor | None, seed: Tensor) -> Tensor:
        """Return mean + exp(log_variance / 2) e, e from N(0, 1)."""
        if log_variance is None:
            return mean
        noise = tf.random.stateless_normal(tf.shape(log_variance), seed=_of_replica(seed))
        deviation = tf.exp(0.5 * log_variance) * noise
        count = log_variance.shape[1]
        return tf.concat([mean[:, :count] + deviation, mean[:, count:]], axis=1)

    def code_terms(self, mean: Tensor, log_variance: Tensor | None, kl_weight: Tensor) -> Terms:
        """Return the weighted Kullback-Leibler term."""
        if log_variance is None:
            return {}
        divergence = losses.kullback_leibler(mean[:, : log_variance.shape[1]], log_variance)
        weight = self.settings.loss.kl * kl_weight
        if self.settings.loss.reconstruction == "gaussian":
            weight = weight / self.pixels
        return {"kl": weight * divergence}


def _of_replica(seed: Tensor) -> Tensor:
    """Return a seed that differs between the replicas of a distributed step."""
    context = tf.distribute.get_replica_context()
    number = 0 if context is None else context.replica_id_in_sync_group
    return seed + tf.stack([1_000_003 * tf.cast(number, seed.dtype), tf.zeros((), seed.dtype)])
