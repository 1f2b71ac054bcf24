"""NetCDF files are opened, or refused with what is wrong."""

import os
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from exacouple.errors import ExacoupleError, UsageError
from exacouple.netcdf import open_netcdf

FORMATS = ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4"]


def _write(path: Path, form: str) -> Path:
    with netCDF4.Dataset(path, "w", format=form) as dataset:
        dataset.createDimension("x", 20)
        dataset.createDimension("y", 10)
        dataset.title = "odd"
        dataset.createVariable("z", "f4", ("y", "x"))[:] = -1000.0
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_intact_file_is_read(tmp_path: Path, form: str) -> None:
    """A whole file of every NetCDF format gives its values."""
    with open_netcdf(_write(tmp_path / "a.nc", form)) as dataset:
        assert (dataset["z"][:] == -1000).all()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kept", [0.1, 0.6, 0.999])
def test_file_cut_short_is_refused(tmp_path: Path, form: str, kept: float) -> None:
    """The missing end of a file is an error that names it, not a stretch of zeros."""
    path = _write(tmp_path / "a.nc", form)
    os.truncate(path, int(path.stat().st_size * kept))
    with pytest.raises(ExacoupleError, match=r"a\.nc.*cut short"), open_netcdf(path) as dataset:
        dataset["z"][:]


@pytest.mark.parametrize("form", FORMATS[:3])
@pytest.mark.parametrize("types", [["i2"], ["i2", "f8"], ["i1", "i2", "f4"]])
def test_last_byte_of_growing_variables_counts(tmp_path: Path, form: str, types: list[str]) -> None:
    """Records of odd sizes end where the classic format says: whole it opens, less it does not."""
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w", format=form) as dataset:
        dataset.createDimension("t", None)
        dataset.createDimension("x", 3)
        dataset.note = np.arange(5, dtype="i2")
        for index, kind in enumerate(types):
            dataset.createVariable(f"v{index}", kind, ("t", "x"))[:4] = np.ones((4, 3))
    with open_netcdf(path) as dataset:
        assert dataset["v0"][:].sum() == 12
    os.truncate(path, path.stat().st_size - 4)
    with pytest.raises(ExacoupleError, match="cut short"), open_netcdf(path):
        pass


def test_damaged_compressed_values_are_refused(tmp_path: Path) -> None:
    """Bytes changed inside compressed values are reported as damage when they are read."""
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        dataset.createDimension("x", 40_000)
        values = np.random.default_rng(1).normal(size=40_000)
        dataset.createVariable("z", "f8", ("x",), zlib=True)[:] = values
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    with pytest.raises(ExacoupleError, match=r"a\.nc.*damaged"), open_netcdf(path) as dataset:
        dataset["z"][:]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"II*\x00\x08\x00\x00\x00", "GeoTIFF"),
        (b"PK\x03\x04\x14\x00", "ZIP archive: unpack"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\n<!DOCTYPE html><html>404", "web page"),
        (b"ncols 10\nnrows 20\n", "ESRI"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"0.0 1.0 -20.0\n", "unknown format"),
    ],
)
def test_other_formats_are_named(tmp_path: Path, content: bytes, said: str) -> None:
    """A file that is not NetCDF is refused with what it is and what to do."""
    path = tmp_path / "gebco.nc"
    path.write_bytes(content)
    with pytest.raises(ExacoupleError, match=rf"gebco\.nc is not a NetCDF file but.*{said}"):
        open_netcdf(path).__enter__()


@pytest.mark.parametrize("start", [b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF\r\n\x1a\n"])
@pytest.mark.parametrize("filler", [b"\x07", b"\x33", b"\xff"])
def test_garbage_after_a_right_start_is_refused(
    tmp_path: Path, start: bytes, filler: bytes
) -> None:
    """A file with the mark of NetCDF and nonsense behind it ends in an error, not a hang."""
    path = tmp_path / "a.nc"
    path.write_bytes(start + 3000 * filler)
    with pytest.raises(ExacoupleError, match=r"a\.nc"), open_netcdf(path) as dataset:
        dataset["z"]


def test_missing_file_is_a_wrong_request(tmp_path: Path) -> None:
    """A path with nothing behind it is the user's error and is named."""
    with pytest.raises(UsageError, match=r"nothing\.nc: no such file"):
        open_netcdf(tmp_path / "nothing.nc").__enter__()


def test_directory_is_refused(tmp_path: Path) -> None:
    """A directory in place of a file is named."""
    with pytest.raises(ExacoupleError, match=f"cannot read {tmp_path}"):
        open_netcdf(tmp_path).__enter__()
