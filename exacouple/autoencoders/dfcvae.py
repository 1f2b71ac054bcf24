"""The deep-feature-consistent VAE: tiles are compared by features instead of, or besides, pixels.

Reference: Hou, Shen, Sun and Qiu (2017), Deep feature consistent variational autoencoder, WACV.
"""

from typing import Any

from exacouple.autoencoders import losses
from exacouple.autoencoders.ae import Tensor, Terms
from exacouple.autoencoders.features import feature_model, image_of
from exacouple.autoencoders.vae import VariationalAutoencoder


class DeepFeatureVAE(VariationalAutoencoder):
    """A variational autoencoder with a loss on features.

    Parameters
    ----------
    *arguments
        As `Autoencoder`.
    feature_weights : str or Path, optional
        File with the weights of VGG19; the cache of Keras if left out.
    """

    def __init__(self, *arguments: Any, feature_weights: str | None = None) -> None:
        super().__init__(*arguments)
        loss = self.settings.loss
        self.features = None
        if loss.features and loss.feature_network == "vgg19":
            tile = self.encoder.input_shape[1]
            self.features = feature_model(loss.feature_layers, tile, weights=feature_weights)

    def tile_terms(self, true: Tensor, made: Tensor) -> Terms:
        """Return the terms of the pixels and of the features, per tile."""
        terms = super().tile_terms(true, made)
        loss = self.settings.loss
        if not loss.features:
            return terms
        if self.features is None:
            factor = self.scaling.span_m / loss.unit_m if loss.unit_m else 1.0
            difference = losses.multiscale_gradient(true * factor, made * factor)
        else:
            whole = losses.feature_difference(
                self.features(image_of(true)),
                self.features(image_of(made)),
                loss.feature_weights,
            )
            difference = whole if loss.reconstruction == "none" else whole / self.pixels
        return {**terms, "features": loss.features * difference}
