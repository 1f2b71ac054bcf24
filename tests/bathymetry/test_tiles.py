"""Tiles cover a grid, and splits keep their parts apart."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exacouple.bathymetry.tiles import (
    PARTS,
    Split,
    TileSet,
    blocked_split,
    thesis_split,
    tile_starts,
    turn,
)
from exacouple.errors import UsageError

GEBCO = (43200, 86400)
LAT, LON = np.linspace(-90, 90, 361), np.arange(720) / 2


@pytest.fixture(scope="module")
def gebco() -> Split:
    """The split of the thesis on the grid of GEBCO."""
    return thesis_split(GEBCO, seed=3)


@pytest.fixture(scope="module")
def half_degree() -> Split:
    """The split by area of a grid of half a degree with tiles of 8 degrees."""
    return blocked_split(LAT, LON, tile=16, stride=4, seed=1)


def test_thesis_counts(gebco: Split) -> None:
    """GEBCO gives the thesis's 731,025 / 38,475 / 20,250 tiles after rotation."""
    assert [len(gebco.part(part)) for part in PARTS] == [731_025, 38_475, 20_250]
    assert (731_025 + 38_475) / 2 + 20_250 == 405_000


def test_thesis_samples_are_drawn_once(gebco: Split) -> None:
    """Every tile that is not tested is there as it is and transposed, and no sample is twice."""
    parts = [gebco.train, gebco.validation]
    number = np.concatenate([part.block * 2 + part.symmetry for part in parts])
    assert np.unique(number).size == number.size == 2 * (405_000 - 20_250)
    assert np.intersect1d(number // 2, gebco.test.block).size == 0
    assert not gebco.test.symmetry.any()


def test_thesis_validation_leaks(gebco: Split) -> None:
    """The flip side of that split: 95 % of the validation tiles are trained on, transposed."""
    seen = np.isin(gebco.validation.block, gebco.train.block).mean()
    assert seen == pytest.approx(0.95, abs=0.01)


def test_thesis_tiles_lie_side_by_side(gebco: Split) -> None:
    """Tiles are whole multiples of 96 apart and stay on the grid."""
    for part in PARTS:
        tiles = gebco.part(part)
        assert not (tiles.rows % 96).any()
        assert not (tiles.columns % 96).any()
        assert tiles.rows.max() <= GEBCO[0] - 96
        assert tiles.columns.max() <= GEBCO[1] - 96


@given(size=st.integers(96, 3000), stride=st.integers(1, 96))
def test_tiles_cover_an_axis(size: int, stride: int) -> None:
    """From the first to the last node, no gap, nothing beyond, at most a stride apart."""
    starts = tile_starts(size, stride=stride)
    assert starts[0] == 0
    assert starts[-1] == size - 96
    assert (np.diff(starts) > 0).all()
    assert np.diff(starts).max(initial=0) <= stride


def test_short_axis_is_refused() -> None:
    """An axis shorter than a tile is not padded."""
    with pytest.raises(ValueError, match="95 nodes holds no tile of 96"):
        tile_starts(95)


def test_symmetries_are_all_different_and_keep_neighbours() -> None:
    """The eight turned copies of a tile differ, and opposite corners stay opposite."""
    tile = np.arange(9).reshape(1, 3, 3)
    turned = turn(np.repeat(tile, 8, axis=0), np.arange(8))
    assert len({values.tobytes() for values in turned}) == 8
    assert (turned[:, 1, 1] == 4).all()
    assert (turned[:, 0, 0] + turned[:, 2, 2] == 8).all()
    assert (turned[1] == tile[0].T).all()
    assert (turned[2] == tile[0, ::-1]).all()
    assert (turned[4] == tile[0, :, ::-1]).all()


def _pixels(tiles: TileSet, border: int = 0) -> npt.NDArray[np.bool_]:
    """Return which nodes the tiles touch, each grown by a border, round the Earth."""
    touched = np.zeros((LAT.size, LON.size), dtype=bool)
    for row, column in zip(tiles.rows.tolist(), tiles.columns.tolist(), strict=True):
        rows = np.arange(max(row - border, 0), min(row + tiles.tile + border, LAT.size))
        columns = np.arange(column - border, column + tiles.tile + border) % LON.size
        touched[rows[:, None], columns] = True
    return touched


def test_parts_keep_a_tile_apart(half_degree: Split) -> None:
    """Within one tile of what is trained on, date line included, nothing is tested."""
    train, validation, test = (half_degree.part(part) for part in PARTS)
    assert not (_pixels(train, border=16) & (_pixels(test) | _pixels(validation))).any()
    assert not (_pixels(validation, border=16) & _pixels(test)).any()


def test_test_part_is_whole_blocks(half_degree: Split) -> None:
    """The test part covers its blocks of 30 degrees, a tenth of the Earth's, from rim to rim."""
    blocks = half_degree.facts["test_blocks"]
    assert len(blocks) == round(0.1 * 72)
    wanted = np.zeros((LAT.size, LON.size), dtype=bool)
    for block in blocks:
        south, west = -90 + 30 * (block // 12), -180 + 30 * (block % 12)
        inside = np.minimum((LAT + 90) // 30, 5) == (south + 90) // 30
        wanted |= inside[:, None] & ((LON - west) % 360 < 30)
    assert (_pixels(half_degree.test) == wanted).all()


def test_tiles_of_a_block_carry_its_number(half_degree: Split) -> None:
    """The number of the block tells where a tile is."""
    for part in PARTS:
        tiles = half_degree.part(part)
        row, column = tiles.block // 12, tiles.block % 12
        assert (row == np.minimum((LAT[tiles.rows] + 90) // 30, 5)).all()
        assert (column == (LON[tiles.columns] + 180) % 360 // 30).all()


def test_most_of_the_earth_is_trained_on(half_degree: Split) -> None:
    """Border and other parts leave more than half of the Earth for training."""
    assert _pixels(half_degree.train).mean() > 0.5


def test_same_blocks_at_any_resolution() -> None:
    """A model trained on one grid is tested on unseen sea floor on another one."""
    fine = blocked_split(LAT, LON, tile=16, seed=5)
    lat, lon = -89.5 + np.arange(180), -179.5 + np.arange(360)
    coarse = blocked_split(lat, lon, tile=8, seed=5)
    for key in ("test_blocks", "validation_blocks"):
        assert fine.facts[key] == coarse.facts[key]
    assert fine.facts != blocked_split(LAT, LON, tile=16, seed=6).facts


def test_split_is_the_same_every_time(half_degree: Split) -> None:
    """The same seed gives the same tiles in the same order."""
    again = blocked_split(LAT, LON, tile=16, stride=4, seed=1)
    for part in PARTS:
        assert (again.part(part).rows == half_degree.part(part).rows).all()
        assert (again.part(part).columns == half_degree.part(part).columns).all()


def test_regional_grid_has_all_parts() -> None:
    """A grid of some blocks is split among those that it has."""
    lat, lon = np.arange(10, 60, 0.5), np.arange(115, 180, 0.5)
    split = blocked_split(lat, lon, tile=12, block_deg=15)
    assert all(len(split.part(part)) for part in PARTS)
    assert max(split.test.rows) <= lat.size - 12


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"block_deg": 25.0}, "180 must be a multiple of it, got 25"),
        ({"block_deg": 2.0}, "the train part has no tile of 16 x 16"),
        ({"test": 0.0}, "test: a share between 0 and 1"),
        ({"test": 0.6, "validation": 0.4}, "leaves too little to train"),
        ({"tile": 400}, "holds no tile of 400 x 400"),
    ],
)
def test_settings_without_tiles_are_refused(settings: dict[str, float], said: str) -> None:
    """Settings that leave a part empty are named."""
    with pytest.raises(UsageError, match=said):
        blocked_split(LAT, LON, **{"tile": 16, **settings})  # type: ignore[arg-type]
