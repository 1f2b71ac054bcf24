"""Layers of the networks, and models as files."""

import numpy as np
import pytest

pytestmark = pytest.mark.train
keras = pytest.importorskip("keras", reason="needs TensorFlow: pip install 'exacouple[train]'")

layers = pytest.importorskip("exacouple.autoencoders.layers")

from exacouple.autoencoders.codec import Scaling, load_codec  # noqa: E402
from exacouple.autoencoders.dictionary import spectrum  # noqa: E402
from exacouple.autoencoders.pursuit import pursue  # noqa: E402
from exacouple.autoencoders.selection import select_dictionary  # noqa: E402
from exacouple.errors import ExacoupleError, UsageError  # noqa: E402

SCALE = Scaling(-6000.0, 1000.0)


@pytest.fixture(scope="module")
def tiles():
    """Smooth random tiles in metres."""
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(2)
    rough = gaussian_filter(random.normal(size=(12, 96, 96)), (0, 4, 4))
    return (-3000 + 8000 * rough).astype(np.float32)


@pytest.fixture(scope="module")
def dictionary(tiles):
    """A small dictionary."""
    return select_dictionary(tiles, fixed=10, chosen=6, atoms=64, candidates=128, generations=1)


@pytest.fixture(scope="module")
def codec(dictionary):
    """A pursuit model whose refinement is not zero."""
    from exacouple.autoencoders.keras_codec import KerasCodec
    from exacouple.autoencoders.networks import pursuit_encoder, refining_decoder

    keras.utils.set_random_seed(1)
    ends = (SCALE.minimum_m, SCALE.maximum_m)
    encoder = pursuit_encoder(dictionary, 6, scaling=ends, variational=True)
    decoder = refining_decoder(dictionary, 6, scaling=ends, widths=(4, 8))
    random = np.random.default_rng(0)
    kernel, bias = decoder.get_layer("out").get_weights()
    decoder.get_layer("out").set_weights(
        [0.1 * random.normal(size=kernel.shape), 0.1 * random.normal(size=bias.shape)]
    )
    for layer in (encoder.get_layer("pursuit"), decoder.get_layer("waveforms")):
        layer.mean.assign(np.linspace(-1, 1, 16))
        layer.deviation.assign(np.linspace(1, 2, 16))
    return KerasCodec.of("vae", encoder, decoder, SCALE, {"data": {"file": "sea.nc"}})


def test_space_to_depth_is_undone():
    """And puts the four pixels of a square into the channels of one."""
    values = np.arange(2 * 4 * 4 * 3, dtype=np.float32).reshape(2, 4, 4, 3)
    deep = layers.SpaceToDepth(2)(values)
    assert deep.shape == (2, 2, 2, 12)
    assert np.asarray(deep)[0, 0, 0, ::3].tolist() == values[0, :2, :2, 0].ravel().tolist()
    np.testing.assert_array_equal(layers.DepthToSpace(2)(deep), values)


def test_reflection_does_not_repeat_the_edge():
    """1 2 3 becomes 2 1 2 3 2."""
    row = np.broadcast_to(np.array([1.0, 2.0, 3.0], np.float32)[None, None, :, None], (1, 3, 3, 1))
    padded = np.asarray(layers.ReflectionPadding()(row))
    assert padded[0, 1, :, 0].tolist() == [2.0, 1.0, 2.0, 3.0, 2.0]


def test_pursuit_in_keras_is_pursuit_in_numpy(dictionary, tiles):
    """The same atoms with the same amplitudes."""
    layer = layers.PursuitEncoder(dictionary.fixed.tolist(), dictionary.atoms.tolist(), 6)
    kilometres = 1e-3 * tiles
    code = np.asarray(layer(kilometres[..., None]))
    spectra = spectrum(kilometres)
    chosen, amplitudes, _ = pursue(spectra @ dictionary.matrix.T, dictionary.gram, 6)
    np.testing.assert_array_equal(code[:, 16:], chosen)
    np.testing.assert_allclose(code[:, 10:16], amplitudes, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(code[:, :10], spectra[:, dictionary.places], rtol=1e-4, atol=1e-4)


def test_a_keras_file_holds_the_model(codec, tiles, tmp_path):
    """It loads in safe mode and gives the same tiles; name, range and facts are kept."""
    codec.save(tmp_path / "model.keras")
    again = load_codec(tmp_path / "model.keras")
    assert (again.name, again.latents, again.scale) == ("vae", 22, SCALE)
    assert again.facts == {"data": {"file": "sea.nc"}}
    np.testing.assert_allclose(
        again.decode(again.encode(tiles)), codec.decode(codec.encode(tiles)), atol=1e-2
    )


def test_the_numpy_model_is_the_keras_model(codec, tiles):
    """Codes and tiles agree to the rounding of float32: centimetres of kilometres."""
    from exacouple.autoencoders.export import to_portable

    portable = to_portable(codec)
    codes = codec.encode(tiles)
    np.testing.assert_allclose(portable.encode(tiles), codes, rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(portable.decode(codes), codec.decode(codes), atol=0.05)
    assert np.abs(portable.decode(codes) - portable.waveforms(codes)).max() > 10.0


def test_a_code_without_chosen_atoms_is_continuous(tiles, tmp_path):
    """Half a code gives a tile between; Keras, its file and numpy agree, refinement included."""
    from exacouple.autoencoders.export import to_portable
    from exacouple.autoencoders.keras_codec import KerasCodec
    from exacouple.autoencoders.networks import pursuit_encoder, refining_decoder

    plain = select_dictionary(tiles, fixed=20, chosen=0)
    ends = (SCALE.minimum_m, SCALE.maximum_m)
    encoder = pursuit_encoder(plain, 0, scaling=ends, variational=True)
    decoder = refining_decoder(plain, 0, scaling=ends, widths=(4, 8))
    kernel, bias = decoder.get_layer("out").get_weights()
    random = np.random.default_rng(0)
    decoder.get_layer("out").set_weights([0.1 * random.normal(size=kernel.shape), bias])
    codec = KerasCodec.of("vae", encoder, decoder, SCALE, {})
    codec.save(tmp_path / "model.keras")
    codes = codec.encode(tiles)
    assert codes.shape == (12, 20)
    made = codec.decode(codes)
    portable = to_portable(codec)
    np.testing.assert_allclose(portable.encode(tiles), codes, atol=1e-4)
    assert np.abs(made - portable.waveforms(codes)).max() > 10.0
    np.testing.assert_allclose(portable.decode(codes), made, atol=0.05)
    np.testing.assert_allclose(load_codec(tmp_path / "model.keras").decode(codes), made, atol=0.01)
    step = np.abs(portable.decode(codes + 1e-3) - portable.decode(codes)).max()
    assert 0.0 < step < 20.0


def test_a_convolutional_model_cannot_be_exported():
    """It has no waveforms."""
    from exacouple.autoencoders.export import to_portable
    from exacouple.autoencoders.keras_codec import KerasCodec
    from exacouple.autoencoders.networks import convolutional_decoder, convolutional_encoder

    encoder = convolutional_encoder((2, 2, 2, 2), 5, variational=False)
    decoder = convolutional_decoder((2, 2, 2, 2), 5)
    model = KerasCodec.of("ae", encoder, decoder, SCALE, {})
    with pytest.raises(UsageError, match="need"):
        to_portable(model)


def test_a_file_that_is_no_model_is_named(tmp_path):
    """A .keras file of something else."""
    path = tmp_path / "model.keras"
    path.write_bytes(b"no archive")
    with pytest.raises(ExacoupleError, match=r"model\.keras"):
        load_codec(path)


def test_code_in_a_file_is_not_executed(tmp_path):
    """A Lambda layer is refused in safe mode."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x + 1)(inputs))
    model.save(tmp_path / "model.keras")
    with pytest.raises(ExacoupleError, match="cannot be read"):
        load_codec(tmp_path / "model.keras")


def test_vgg19_without_weights_names_the_alternatives(tmp_path, monkeypatch):
    """Nothing is downloaded and no random weights are used."""
    from exacouple.autoencoders.features import feature_model

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="gradients") as raised:
        feature_model(("block1_conv2",), 96)
    assert "--feature-weights" in str(raised.value)
    bad = tmp_path / "vgg.weights.h5"
    bad.write_bytes(b"not HDF5")
    with pytest.raises(ExacoupleError, match="not the weights of VGG19"):
        feature_model(("block1_conv2",), 96, weights=bad)


def test_vgg19_weights_are_found_in_the_cache_of_keras(tmp_path, monkeypatch):
    """A file that is given goes before the one that Keras has downloaded."""
    from exacouple.autoencoders.features import CACHE_NAMES, find_vgg19

    cached, own = tmp_path / "models" / CACHE_NAMES[0], tmp_path / "own.h5"
    cached.parent.mkdir()
    for path in (cached, own):
        path.write_bytes(b"weights")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert find_vgg19() == cached
    assert find_vgg19(own) == own
    with pytest.raises(UsageError, match=r"none\.h5: no such file"):
        find_vgg19(tmp_path / "none.h5")


def test_vgg19_takes_weights_from_a_file(tmp_path):
    """Features of the layers asked for, in their sizes."""
    from exacouple.autoencoders.features import feature_model, image_of

    full = keras.applications.VGG19(weights=None, include_top=False, input_shape=(32, 32, 3))
    path = tmp_path / "vgg.weights.h5"
    full.save_weights(path)
    model = feature_model(("block1_conv2", "block2_conv2"), 32, weights=path)
    first, second = model(image_of(np.ones((1, 32, 32, 1), np.float32)))
    assert (first.shape, second.shape) == ((1, 32, 32, 64), (1, 16, 16, 128))
    np.testing.assert_allclose(
        np.asarray(image_of(np.ones((1, 1, 1, 1), np.float32))).ravel(),
        [255 - 103.939, 255 - 116.779, 255 - 123.68],
        rtol=1e-5,
    )
