"""Models are found by name or file, and what is missing is told."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from exacouple.autoencoders.codec import THESIS_SCALING, Scaling, load_codec, shipped
from exacouple.errors import UsageError
from exacouple.hashing import sha256_file


def test_thesis_range_and_back() -> None:
    """The range of GEBCO 2019 becomes 0 to 1, and comes back to a millimetre."""
    metres = np.array([-10880.5879, -3700.0, 0.0, 8613.1563])
    unit = THESIS_SCALING.to_unit(metres)
    assert unit[[0, -1]].tolist() == [0, 1]
    np.testing.assert_allclose(THESIS_SCALING.to_metres(unit), metres, atol=2e-3)
    assert THESIS_SCALING.span_m == pytest.approx(19493.7442)


def test_range_must_rise() -> None:
    """A range turned round is refused."""
    with pytest.raises(ValueError, match="must be below"):
        Scaling(100.0, -100.0)


def test_linear_models_come_by_name_with_any_number() -> None:
    """Shipped models and the cosine transform need no file and no TensorFlow."""
    for name in ("pca", "mixture-pca", "dct"):
        assert load_codec(name).latents == 100
        codec = load_codec(name, latents=37)
        assert (codec.name, codec.latents, codec.tile) == (name, 37, 96)


def test_shipped_models_are_files() -> None:
    """Names and files of the shipped weights."""
    assert {"pca", "mixture-pca"} <= set(shipped())
    assert all(path.is_file() for path in shipped().values())


def test_cards_name_the_files_that_they_describe() -> None:
    """Size and SHA-256 of every shipped file stand in its card."""
    for path in shipped().values():
        card = path.with_suffix(".md").read_text(encoding="utf-8")
        assert f"{path.stat().st_size} bytes" in card
        assert f"SHA-256 `{sha256_file(path)}`" in card


def test_unknown_name_gives_the_nearest() -> None:
    """The message holds the nearest name, the list and what files are understood."""
    with pytest.raises(UsageError, match=r"'pac', did you mean 'pca'\?.*dct, .*\.npz or \.keras"):
        load_codec("pac")


def test_absent_file_is_told(tmp_path: Path) -> None:
    """A name with the ending of a model is a file."""
    with pytest.raises(UsageError, match=r"mine\.npz: no such file"):
        load_codec(tmp_path / "mine.npz")


def test_trained_model_without_keras_says_what_to_install(tmp_path: Path) -> None:
    """Where Keras is not there, a .keras file ends with the extra to install."""
    path = tmp_path / "vae.keras"
    path.write_bytes(b"")
    code = (
        "import sys; sys.modules['keras'] = None\n"
        "from exacouple.autoencoders.codec import load_codec\n"
        "from exacouple.errors import ExacoupleError\n"
        "try: load_codec(sys.argv[1])\n"
        "except ExacoupleError as exc: print(exc)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    ).stdout
    assert "'vae.keras' cannot be loaded" in said
    assert "pip install 'exacouple[train]'" in said


def test_fixed_number_of_latents_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that cannot be cut down says its number."""
    from exacouple.autoencoders import codec as module

    class Fixed:
        name, latents, tile, scale = "fixed", 12, 96, THESIS_SCALING

    monkeypatch.setattr(module, "_load", lambda name: Fixed())
    assert load_codec("fixed", latents=12).latents == 12
    with pytest.raises(UsageError, match="'fixed' has 12 latents and cannot have 13"):
        load_codec("fixed", latents=13)


def test_linear_models_import_nothing_heavy() -> None:
    """Neither TensorFlow nor Numba nor matplotlib come with the linear models."""
    code = (
        "import sys; from exacouple.autoencoders.codec import load_codec; load_codec('pca')\n"
        "print(sorted({'tensorflow', 'keras', 'numba', 'matplotlib'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "[]"
