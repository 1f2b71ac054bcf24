"""Open NetCDF files made by others, and say in one message what is wrong with a bad one."""

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import netCDF4

from exacouple.errors import ExacoupleError, UsageError

_OTHER_FORMATS = (
    (b"II*\x00", "a GeoTIFF: convert it with 'gdal_translate -of netCDF'"),
    (b"MM\x00*", "a GeoTIFF: convert it with 'gdal_translate -of netCDF'"),
    (b"PK\x03\x04", "a ZIP archive: unpack it first"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"version https://git-lfs", "a Git LFS pointer: fetch the data with 'git lfs pull'"),
    (b"<", "a web page or XML, as servers send instead of data: download it again"),
    (b"ncols", "an ESRI text grid: convert it with 'gdal_translate -of netCDF'"),
    (b"NCOLS", "an ESRI text grid: convert it with 'gdal_translate -of netCDF'"),
)
_NETCDF_STARTS = (b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF")
_TYPE_SIZES = dict(zip(range(1, 12), (1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8), strict=True))


@contextmanager
def open_netcdf(path: str | Path) -> Iterator[netCDF4.Dataset]:
    """Open a NetCDF file for reading, and tell damage apart from other errors.

    NetCDF classic files that were cut short are found before anything is read: the NetCDF
    library itself would return zeros for the missing part, which is a coast, not an error.

    Parameters
    ----------
    path : str or Path
        A file in NetCDF classic (CDF-1, CDF-2, CDF-5) or NetCDF-4 format.

    Yields
    ------
    netCDF4.Dataset
        The open file. Read errors inside the ``with`` block are reported as damage to the file.

    Raises
    ------
    UsageError
        There is no such file.
    ExacoupleError
        The file is not NetCDF (the message says what it looks like), damaged or cut short, or
        may not be read.

    References
    ----------
    NetCDF classic format specification, NetCDF User's Guide, Unidata.
    """
    path = Path(path)
    _check_start(path)
    try:
        dataset = netCDF4.Dataset(path)
    except (OSError, RuntimeError) as exc:
        raise _damaged(path, exc) from exc
    try:
        with dataset:
            yield dataset
    except (OSError, RuntimeError) as exc:
        raise _damaged(path, exc) from exc


def _damaged(path: Path, exc: Exception) -> ExacoupleError:
    reason = getattr(exc, "strerror", None) or exc
    size = f"{path.stat().st_size} bytes" if path.exists() else "gone"
    return ExacoupleError(
        f"cannot read {path} ({size}): the file is damaged or cut short ({reason}); "
        "copy or download it again"
    )


def _check_start(path: Path) -> None:
    """Refuse what is not NetCDF by its first bytes, and classic files that end too early."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(64)
            if start[:4] in _NETCDF_STARTS[:3]:
                _check_classic_length(path, stream)
    except FileNotFoundError as exc:
        raise UsageError(f"{path}: no such file") from exc
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror or exc}") from exc
    if start.startswith(_NETCDF_STARTS):
        return
    looks_like = "empty" if not start else "in an unknown format"
    for other, name in _OTHER_FORMATS:
        if start.lstrip().startswith(other):
            looks_like = name
    raise ExacoupleError(f"{path} is not a NetCDF file but {looks_like}")


def _check_classic_length(path: Path, stream: BinaryIO) -> None:
    stream.seek(0)
    try:
        needed = _ClassicHeader(stream).data_end()
    except (struct.error, KeyError, IndexError, OverflowError) as exc:
        raise ExacoupleError(
            f"cannot read {path}: its header is damaged or cut short; copy or download it again"
        ) from exc
    size = path.stat().st_size
    if size < needed:
        raise ExacoupleError(
            f"{path} is cut short: {size} of {needed} bytes are there; copy or download it again"
        )


class _ClassicHeader:
    """The part of a CDF-1, CDF-2 or CDF-5 header that tells where its data end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        version = stream.read(4)[3]
        self._count_format = ">q" if version == 5 else ">i"
        self._offset_format = ">i" if version == 1 else ">q"

    def data_end(self) -> int:
        """Return the number of bytes that the file must at least have."""
        records = self._number(self._count_format)
        lengths = [self._dimension() for _ in range(self._list_length())]
        self._skip_attributes()
        variables = [self._variable(lengths) for _ in range(self._list_length())]
        record_sizes = [size for _, size, grows in variables if grows]
        stride = record_sizes[0] if len(record_sizes) == 1 else sum(map(_padded, record_sizes))
        ends = [self._stream.tell()]
        for begin, size, grows in variables:
            if not grows:
                ends.append(begin + size)
            elif records > 0:
                ends.append(begin + (records - 1) * stride + size)
        return max(ends)

    def _number(self, form: str) -> int:
        return int(struct.unpack(form, self._stream.read(struct.calcsize(form)))[0])

    def _skip(self, size: int) -> None:
        if size < 0:
            raise OverflowError(size)
        self._stream.seek(size, 1)

    def _list_length(self) -> int:
        self._number(">i")
        return self._number(self._count_format)

    def _skip_name(self) -> None:
        self._skip(_padded(self._number(self._count_format)))

    def _dimension(self) -> int:
        self._skip_name()
        return self._number(self._count_format)

    def _skip_attributes(self) -> None:
        for _ in range(self._list_length()):
            self._skip_name()
            item = _TYPE_SIZES[self._number(">i")]
            self._skip(_padded(item * self._number(self._count_format)))

    def _variable(self, lengths: list[int]) -> tuple[int, int, bool]:
        """Return where the data begin, their bytes (of one record), and whether they grow."""
        self._skip_name()
        rank = self._number(self._count_format)
        shape = [lengths[self._number(self._count_format)] for _ in range(rank)]
        self._skip_attributes()
        item = _TYPE_SIZES[self._number(">i")]
        self._number(self._count_format)
        begin = self._number(self._offset_format)
        grows = bool(shape) and shape[0] == 0
        return begin, item * math.prod(shape[1:] if grows else shape), grows


def _padded(size: int) -> int:
    return -(-size // 4) * 4
