"""Linear models code tiles by orthogonal projection, survive a file, and count their numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.fft import dctn

from exacouple.autoencoders.codec import Scaling, load_codec, shipped
from exacouple.autoencoders.cosines import CosineBand, whole_shells, zonal_order
from exacouple.autoencoders.linear import DctCodec, MixturePcaCodec, PcaCodec, load_linear
from exacouple.autoencoders.linear_fit import fit_mixture, fit_pca
from exacouple.bathymetry.tiles import turn
from exacouple.errors import ExacoupleError, UsageError

Floats = npt.NDArray[np.float32]
TILE = 16


def _rough(count: int, seed: int = 0, tile: int = TILE) -> Floats:
    """Return tiles with a red spectrum around 3 km depth, longer waves along the first axis."""
    random = np.random.default_rng(seed)
    u, v = np.meshgrid(np.arange(tile), np.arange(tile), indexing="ij")
    power = 1 / (1 + (2 * u) ** 2 + v**2)
    noise = random.standard_normal((count, tile, tile)) * power
    values = dctn(noise, type=3, norm="ortho", axes=(1, 2))
    return (-3000 + 4000 * values).astype(np.float32)


def _rmse(codec: Any, tiles: Floats) -> float:
    return float(np.sqrt(np.mean((codec.decode(codec.encode(tiles)) - tiles) ** 2)))


def test_cosines_are_those_of_scipy() -> None:
    """Coefficients are the orthonormal DCT-II, in the order of the wave number."""
    tiles = _rough(3)
    u, v = zonal_order(TILE)
    wanted = dctn(tiles.astype(float), type=2, norm="ortho", axes=(1, 2))[:, u, v]
    np.testing.assert_allclose(CosineBand(TILE, 60).forward(tiles), wanted[:, :60], atol=0.05)
    assert (np.diff(u**2 + v**2) >= 0).all()


def test_all_cosines_lose_nothing() -> None:
    """As many cosines as pixels give the tile back."""
    tiles = _rough(4)
    np.testing.assert_allclose(
        DctCodec(TILE**2, tile=TILE).decode(DctCodec(TILE**2, tile=TILE).encode(tiles)),
        tiles,
        atol=0.05,
    )


def test_shells_are_closed_under_turning() -> None:
    """A whole shell holds (v, u) with every (u, v)."""
    for count in (1, 2, 5, 37, 100):
        size = whole_shells(TILE, count)
        u, v = (wave[:size].tolist() for wave in zonal_order(TILE))
        assert size >= count
        assert set(zip(u, v, strict=True)) == set(zip(v, u, strict=True))


@pytest.mark.parametrize("name", ["dct", "pca", "mixture-pca"])
def test_coding_twice_changes_nothing(name: str) -> None:
    """Encoding a reconstruction gives the reconstruction: the models are projections."""
    codec: Any = {
        "dct": lambda: DctCodec(20, tile=TILE),
        "pca": lambda: fit_pca([_rough(300)], components=20, tile=TILE),
        "mixture-pca": lambda: fit_mixture(_rough(200), kinds=3, components=19, band=60),
    }[name]()
    once = codec.decode(codec.encode(_rough(10, seed=1)))
    np.testing.assert_allclose(codec.decode(codec.encode(once)), once, atol=0.5)


def test_pca_is_the_best_linear_model_of_its_tiles() -> None:
    """The error on the turned training tiles is the sum of the variances left out."""
    tiles = _rough(200)
    turned = np.concatenate([turn(tiles, np.full(200, k)) for k in range(8)]).reshape(1600, -1)
    variances = np.linalg.eigvalsh(np.cov(turned.astype(float).T, bias=True))[::-1]
    for components in (1, 5, 30):
        codec = fit_pca([tiles[:70], tiles[70:]], components=components, band=TILE**2, tile=TILE)
        left = _rmse(codec, turned.reshape(-1, TILE, TILE)) ** 2
        assert left == pytest.approx(variances[components:].sum() / TILE**2, rel=1e-3)


def test_pca_does_not_know_directions() -> None:
    """Turned tiles are coded as well as the tiles themselves, though these had a grain."""
    codec = fit_pca([_rough(400)], components=12, tile=TILE)
    test = _rough(100, seed=1)
    for symmetry in range(1, 8):
        turned = turn(test, np.full(100, symmetry))
        assert _rmse(codec, turned) == pytest.approx(_rmse(codec, test), rel=1e-3)


def test_fewer_latents_are_those_of_a_smaller_model() -> None:
    """Cutting a model down is the same as making it small, and more latents never do worse."""
    tiles, test = _rough(200), _rough(50, seed=1)
    large = fit_pca([tiles], components=40, tile=TILE)
    small = fit_pca([tiles], components=10, tile=TILE)
    assert _rmse(large.with_latents(10), test) == pytest.approx(_rmse(small, test), rel=1e-4)
    errors = [_rmse(large.with_latents(n), test) for n in (1, 2, 5, 10, 20, 40)]
    assert errors == sorted(errors, reverse=True)
    errors = [_rmse(DctCodec(n, tile=TILE), test) for n in (1, 2, 5, 10, 20, 40)]
    assert errors == sorted(errors, reverse=True)


def test_mixture_finds_two_kinds() -> None:
    """Tiles of two planes, each of two dimensions, are coded exactly by kind and two numbers."""
    random = np.random.default_rng(2)
    band = CosineBand(TILE, 40)
    coefficients = np.zeros((400, 40))
    coefficients[:200, [1, 2]] = 5000 * random.standard_normal((200, 2))
    coefficients[200:, [3, 8]] = 5000 * random.standard_normal((200, 2))
    tiles = band.inverse(coefficients)
    mixture = fit_mixture(tiles, kinds=2, components=2, band=40)
    assert mixture.latents == 3
    kinds = mixture.encode(tiles)[:, 0]
    assert len({*kinds[:200].tolist()}) == len({*kinds[200:].tolist()}) == 1
    assert kinds[0] != kinds[200]
    assert _rmse(mixture, tiles) < 1
    assert _rmse(fit_pca([tiles], components=3, band=40, tile=TILE), tiles) > 50


@pytest.mark.parametrize("kinds", [1, 2, 4])
def test_mixture_counts_the_kind(kinds: int) -> None:
    """100 latents are the number of the kind and 99 amplitudes; one kind is PCA with one less."""
    tiles = _rough(300)
    mixture = fit_mixture(tiles, kinds=kinds, components=9, band=60)
    codes = mixture.encode(tiles)
    assert mixture.latents == codes.shape[1] == 10
    assert set(codes[:, 0].tolist()) <= set(range(kinds))
    turned = np.concatenate([turn(tiles, np.full(300, k)) for k in range(8)])
    plain = _rmse(fit_pca([tiles], components=9, band=60, tile=TILE), turned)
    if kinds == 1:
        assert _rmse(mixture, turned) == pytest.approx(plain, rel=1e-3)
    else:
        assert _rmse(mixture, turned) < plain


def test_mixture_is_the_same_every_time() -> None:
    """The seed decides."""
    first, second = (
        fit_mixture(_rough(100), kinds=3, components=8, band=60, seed=4) for _ in range(2)
    )
    assert (first.encode(_rough(20, 1)) == second.encode(_rough(20, 1))).all()


def test_unknown_kind_is_refused() -> None:
    """A code that names a kind that there is not is told."""
    mixture = fit_mixture(_rough(100), kinds=2, components=4, band=60)
    with pytest.raises(ValueError, match="kinds 0 to 7 of 0 to 1"):
        mixture.decode(np.array([[0, 1, 1, 1, 1], [7, 1, 1, 1, 1]]))


@pytest.mark.parametrize("name", ["dct", "pca", "mixture-pca"])
def test_files_cost_less_than_a_percent(tmp_path: Path, name: str) -> None:
    """What is read again codes as before, in float16, and says where it is from."""
    settings: Any = {"latents": 8, "scale": Scaling(-9000, 500), "facts": {"data": {"file": "x"}}}
    codec: Any = {
        "dct": lambda: DctCodec(8, tile=TILE, scale=Scaling(-9000, 500)),
        "pca": lambda: fit_pca([_rough(200)], components=20, tile=TILE, **settings),
        "mixture-pca": lambda: fit_mixture(
            _rough(200), kinds=2, components=20, band=60, **settings
        ),
    }[name]()
    path = tmp_path / "model.npz"
    codec.save(path)
    again: Any = load_codec(path)
    assert (again.name, again.latents, again.tile) == (name, 8, TILE)
    assert again.scale == Scaling(-9000, 500)
    assert dict(again.facts) == dict(codec.facts)
    test = _rough(30, seed=1)
    assert _rmse(again, test) == pytest.approx(_rmse(codec, test), rel=1e-3)
    assert type(again).load(path).encode(test).shape == (30, 8)
    if name != "dct":
        with np.load(path, allow_pickle=False) as stored:
            assert stored["components"].dtype == np.float16


def test_file_is_not_overwritten_without_force(tmp_path: Path) -> None:
    """Models are written as everything else is."""
    path = tmp_path / "dct.npz"
    DctCodec(4).save(path)
    with pytest.raises(UsageError, match="--force"):
        DctCodec(5).save(path)
    DctCodec(5).save(path, force=True)
    assert load_codec(path).latents == 5


@pytest.mark.parametrize("damage", ["cut", "text", "pickle", "schema", "shape", "model"])
def test_damaged_files_are_refused(tmp_path: Path, damage: str) -> None:
    """A file that is not a linear model of exacouple is named, and nothing in it is run."""
    path = tmp_path / "pca.npz"
    fit_pca([_rough(50)], components=5, tile=TILE).save(path)
    with np.load(path) as stored:
        header, arrays = json.loads(str(stored["header"])), {k: stored[k] for k in stored.files}
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:900])
    elif damage == "text":
        path.write_text("not a model")
    elif damage == "pickle":
        np.savez(path, header=np.array({"a": print}, dtype=object))
    else:
        header |= {"schema": "other/1"} if damage == "schema" else {}
        header |= {"model": "other"} if damage == "model" else {}
        arrays["mean"] = arrays["mean"][: -1 if damage == "shape" else None]
        np.savez(path, **{**arrays, "header": np.array(json.dumps(header))})
    with pytest.raises(ExacoupleError, match=r"pca\.npz is no linear model of exacouple"):
        load_linear(path)


def test_file_of_another_model_is_told(tmp_path: Path) -> None:
    """Reading principal components as a mixture says what the file holds."""
    path = tmp_path / "x.npz"
    fit_pca([_rough(50)], components=5, tile=TILE).save(path)
    with pytest.raises(UsageError, match="holds model 'pca', not 'mixture-pca'"):
        MixturePcaCodec.load(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: DctCodec(0), "1 to 9216 latents, not 0"),
        (lambda: load_codec("pca", latents=401), "1 to 400 latents, not 401"),
        (lambda: load_codec("mixture-pca", latents=1), "2 to 100 latents, not 1"),
        (lambda: fit_pca([], components=5), "no tiles"),
        (lambda: fit_pca([_rough(9)], components=9, band=4, tile=TILE), "9 components cannot"),
        (lambda: fit_mixture(_rough(2), kinds=17, components=2), "16 tiles cannot be sorted"),
    ],
)
def test_impossible_numbers_are_refused(make: Any, said: str) -> None:
    """A wrong number is named with what is allowed."""
    with pytest.raises(UsageError, match=said):
        make()


@pytest.mark.parametrize("name", ["pca", "mixture-pca", "dct"])
def test_wrong_shapes_are_refused(name: str) -> None:
    """Tiles of another size and codes of another length are told."""
    codec = load_codec(name)
    with pytest.raises(ValueError, match=r"\(count, 96, 96\) are needed, not \(2, 64, 64\)"):
        codec.encode(np.zeros((2, 64, 64)))
    with pytest.raises(ValueError, match=r"\(count, 100\) are needed, not \(2, 99\)"):
        codec.decode(np.zeros((2, 99)))


def test_shipped_weights_are_small_and_say_where_they_are_from() -> None:
    """The linear models are below 1 MB together, with data, split, seed and a card each."""
    files = {name: shipped()[name] for name in ("pca", "mixture-pca")}
    assert sum(path.stat().st_size for path in files.values()) < 1e6
    for name, path in files.items():
        codec = load_codec(name)
        assert codec.latents == 100
        assert isinstance(codec, PcaCodec | MixturePcaCodec)
        data = codec.facts["data"]
        assert data["split"]["kind"] == "blocked"
        assert len(data["sha256"]) == 64
        assert -12000 < codec.scale.minimum_m < -10000
        card = path.with_suffix(".md").read_text()
        assert data["sha256"] in card
        assert "| 100 |" in card
