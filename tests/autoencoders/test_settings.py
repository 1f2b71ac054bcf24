"""Presets and settings of a training."""

import pytest

from exacouple.autoencoders.settings import MODELS, PRESETS, preset, read_settings
from exacouple.errors import UsageError


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", PRESETS)
def test_every_model_has_both_presets(model, name):
    """100 numbers, but for the plain autoencoder of the thesis, whose code is a feature map."""
    settings = preset(model, name)
    assert (settings.model, settings.preset) == (model, name)
    assert settings.network.latents == (0 if (model, name) == ("ae", "thesis") else 100)


def test_thesis_has_the_weights_of_the_feature_layers():
    """1, 0.75, 0.5, 0.5 on blocks 1 to 4 of VGG19, and 100 Monte-Carlo samples."""
    loss = preset("dfcvae", "thesis").loss
    assert loss.feature_weights == (1.0, 0.75, 0.5, 0.5)
    assert [layer[:6] for layer in loss.feature_layers] == [f"block{n}" for n in (1, 2, 3, 4)]
    assert (loss.feature_network, loss.samples) == ("vgg19", 100)


def test_thesis_has_the_optimisers_of_its_code():
    """Adam with 1e-2, and with 1e-6 and a clipped gradient; RMSprop with 1e-5 for the VAE-GAN."""
    found = {model: preset(model, "thesis").optimiser for model in MODELS}
    assert {
        model: (chosen.name, chosen.learning_rate, chosen.clip_norm, chosen.batch)
        for model, chosen in found.items()
    } == {
        "ae": ("adam", 1e-2, 0.0, 128),
        "vae": ("adam", 1e-6, 1.0, 128),
        "dfcvae": ("adam", 1e-6, 1.0, 128),
        "vaegan": ("rmsprop", 1e-5, 0.0, 128),
    }


def test_a_file_is_put_over_the_preset(tmp_path):
    """What the file leaves out stays as it was."""
    path = tmp_path / "train.toml"
    path.write_text("seed = 7\n[optimiser]\nepochs = 3\n[loss]\ntravel_time = 0.5\n")
    settings = read_settings("vae", "default", path)
    assert (settings.seed, settings.optimiser.epochs, settings.loss.travel_time) == (7, 3, 0.5)
    assert settings.optimiser.batch == preset("vae").optimiser.batch


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[optimiser]\nepoch = 3\n", "did you mean 'epochs'"),
        ("[network]\nlatents = 101\n", "even number"),
        ("[loss]\nsamples = 0\n", "at least 1"),
        ("[optimiser]\nlearning_rate = -1.0\n", "above 0"),
        ('model = "ae"\n', "command line"),
        ('[loss]\nfeature_network = "resnet"\n', "vgg19"),
    ],
)
def test_wrong_settings_are_refused(tmp_path, text, message):
    """The message names the key, or what is allowed."""
    path = tmp_path / "train.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_settings("vae", "default", path)


@pytest.mark.parametrize(
    ("model", "name", "text", "message"),
    [
        ("vae", "default", "features = 1.0", "'vae': it belongs to dfcvae"),
        ("ae", "default", "samples = 8", "'ae': it belongs to vae, dfcvae"),
        ("vaegan", "default", "samples = 8", "'vaegan': it belongs to vae, dfcvae"),
        ("dfcvae", "default", "adversarial = 0.1", "'dfcvae': it belongs to vaegan"),
        ("dfcvae", "thesis", "land = 0.5", "reconstruction 'none'"),
    ],
)
def test_settings_that_would_change_nothing_are_refused(tmp_path, model, name, text, message):
    """A loss that was asked for is computed, or the command ends."""
    path = tmp_path / "train.toml"
    path.write_text(f"[loss]\n{text}\n")
    with pytest.raises(UsageError, match=message):
        read_settings(model, name, path)


def test_unknown_names_are_refused():
    """Model and preset."""
    with pytest.raises(UsageError, match="dfcvae"):
        preset("vqvae")
    with pytest.raises(UsageError, match="thesis"):
        preset("vae", "best")
