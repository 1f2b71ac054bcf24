"""Pursuit models in numpy."""

import numpy as np
import pytest

from exacouple.autoencoders.codec import Scaling, load_codec
from exacouple.autoencoders.dictionary import Dictionary
from exacouple.autoencoders.portable import PursuitCodec
from exacouple.errors import ExacoupleError

SHAPES = [
    (3, 48, 4),
    (3, 4, 4),
    (3, 16, 4),
    (3, 4, 4),
    (1, 4, 16),
    (3, 8, 4),
    (3, 4, 4),
    (3, 4, 16),
]


def codec(seed=0, *, chosen=2, gain=0.0):
    """A small model of two levels; with `gain` 0 its refinement adds nothing."""
    random = np.random.default_rng(seed)
    fixed = np.array([[0, 0], [0, 1], [1, 0]])
    atoms = np.array(
        [[30, 60, 8, 8, 0, 0], [70, 20, 12, 4, 1, 0], [48, 48, 6, 6, 0, 1], [10, 10, 5, 5, 0, 2]],
        dtype=np.float32,
    )
    kernels = [
        (
            random.normal(size=(size, size, given, made)).astype(np.float32),
            random.normal(size=made).astype(np.float32),
        )
        for size, given, made in SHAPES
    ]
    kernels[-1] = tuple(gain * part for part in kernels[-1])
    count = 3 + chosen
    return PursuitCodec(
        Dictionary(fixed, atoms),
        np.linspace(-2, 1, count).astype(np.float32),
        np.linspace(1, 3, count).astype(np.float32),
        kernels,
        levels=2,
        name="vae",
        scale=Scaling(-11000.0, 9000.0),
        facts={"data": {"file": "grid.nc"}},
    )


def test_a_tile_of_its_own_waveforms_comes_back():
    """Fixed cosines and two atoms are found and added up again; metres in, metres out."""
    model = codec()
    code = np.array([[0.5, -1.0, 2.0, 1.5, -2.0, 1.0, 3.0]], dtype=np.float32)
    tile = model.waveforms(code)
    np.testing.assert_allclose(model.decode(model.encode(tile)), tile, atol=0.05)
    assert sorted(model.encode(tile)[0, 5:].tolist()) == [1.0, 3.0]


def test_every_number_of_the_code_counts():
    """Coefficients, amplitudes and the numbers of the atoms: 3 + 2 + 2."""
    assert codec().latents == 7
    assert codec().encode(np.zeros((4, 96, 96))).shape == (4, 7)


def test_the_refinement_scales_with_the_roughness():
    """Without atoms' amplitude there is nothing rough, and next to nothing is added."""
    model = codec(gain=1.0)
    rough = np.array([[0, 0, 0, 3, 3, 0, 1]], dtype=np.float32)
    flat = rough.copy()
    flat[:, 3:5] = -np.linspace(-2, 1, 5)[3:] / np.linspace(1, 3, 5)[3:]
    added = [np.abs(model.decode(code) - model.waveforms(code)).max() for code in (rough, flat)]
    assert added[1] < 0.05 * added[0]


def test_a_code_in_float16_names_the_same_atoms():
    """Storing codes as float16 costs next to nothing."""
    model = codec()
    tile = model.waveforms(np.array([[0.5, -1.0, 2.0, 1.5, -2.0, 1.0, 3.0]], dtype=np.float32))
    stored = model.encode(tile).astype(np.float16)
    np.testing.assert_allclose(model.decode(stored), tile, atol=5.0)


def test_a_model_without_chosen_atoms_has_smooth_codes():
    """With fixed = latents every number is a coefficient."""
    model = codec(chosen=0)
    tile = model.waveforms(np.array([[0.5, -1.0, 2.0]], dtype=np.float32))
    np.testing.assert_allclose(model.encode(tile), [[0.5, -1.0, 2.0]], atol=1e-4)


def test_without_chosen_atoms_the_higher_cosines_are_what_is_rough():
    """The refinement then scales with them: it can change hundreds of metres, not one."""
    model = codec(chosen=0, gain=1.0)
    tile = model.waveforms(np.array([[0.5, -1.0, 2.0]], dtype=np.float32))
    smooth = model.waveforms(np.array([[0.5, -1.0, -1.0 / 3.0]], dtype=np.float32))
    changes = [np.abs(model.decode(model.encode(each)) - each).max() for each in (tile, smooth)]
    assert changes[0] > 100.0
    assert changes[1] < 0.05 * changes[0]


def test_a_file_holds_the_model(tmp_path):
    """Weights are float16 in the file: decoded tiles differ by metres at most; facts are kept."""
    model = codec(gain=0.01)
    model.save(tmp_path / "model.npz")
    again = load_codec(tmp_path / "model.npz")
    assert isinstance(again, PursuitCodec)
    assert (again.name, again.scale, again.facts) == (model.name, model.scale, model.facts)
    code = np.array([[0.5, -1.0, 2.0, 1.5, -2.0, 1.0, 3.0]], dtype=np.float32)
    difference = np.abs(again.decode(code) - model.decode(code)).max()
    assert difference < 0.01 * np.abs(model.decode(code) - model.waveforms(code)).max()


def test_a_damaged_file_is_named(tmp_path):
    """Half a file is no model."""
    path = tmp_path / "model.npz"
    codec().save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ExacoupleError, match=r"model\.npz"):
        load_codec(path)


def test_shapes_are_checked():
    """Tiles of another size and codes of another length are refused."""
    with pytest.raises(ValueError, match="96"):
        codec().encode(np.zeros((1, 64, 64)))
    with pytest.raises(ValueError, match="7"):
        codec().decode(np.zeros((1, 100)))
