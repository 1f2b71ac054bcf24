"""Sources of the seabed that a case is run with: the original one and what stands in for it."""

import dataclasses
import difflib
import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.ndimage import gaussian_filter

from exacouple.errors import ExacoupleError, UsageError

_log = logging.getLogger(__name__)

Apply = Callable[[xr.DataArray, Mapping[str, Any]], xr.DataArray]

_DIMS = {"geographic": ("lat", "lon"), "projected": ("y", "x")}
_SHALLOWEST_M = -1.0
_MODEL_FILES = (".npz", ".keras")
_FILE_SOURCE = "exacouple.autoencoders.sources:file_source"


@dataclass(frozen=True)
class Option:
    """One setting of a source: its type, unit and default value."""

    name: str
    type: type[float] | type[int] | type[str] | type[bool]
    unit: str
    default: float | int | str | bool
    description: str

    def parse(self, value: Any) -> float | int | str | bool:
        """Return `value`, e.g. text of the command line, in the type of the option."""
        text = str(value).strip()
        try:
            if self.type is bool:
                return {"true": True, "false": False}[text.lower()]
            parsed = self.type(text)
        except (KeyError, ValueError) as exc:
            kind = {float: "a number", int: "a whole number", bool: "true or false"}[self.type]
            raise UsageError(f"option {self.name}: expected {kind}, got '{text}'") from exc
        if isinstance(parsed, float) and not np.isfinite(parsed):
            raise UsageError(f"option {self.name}: expected a finite number, got '{text}'")
        return parsed


def _no_files(options: Mapping[str, Any]) -> tuple[Path, ...]:
    return ()


@dataclass(frozen=True)
class Source:
    """A way to make the seabed of a case.

    Attributes
    ----------
    name, description : str
    space : {"geographic", "projected"}
        The grid that `apply` takes and returns: dimensions ("lat", "lon") in degrees, or
        ("y", "x") in metres.
    apply : callable
        Takes the original elevation (metres, positive up) and the options by name, returns the
        elevation of this source on the same nodes. Land is put back by `apply_source`.
    options : tuple of Option
    files : callable
        Takes the options, returns the files besides the grid that the result depends on, such as
        the weights of a model.
    """

    name: str
    description: str
    space: Literal["geographic", "projected"]
    apply: Apply
    options: tuple[Option, ...] = ()
    files: Callable[[Mapping[str, Any]], tuple[Path, ...]] = _no_files


def register(source: Source) -> None:
    """Add a source; one of the same name is replaced."""
    _SOURCES[source.name] = source


def register_lazily(name: str, target: str) -> None:
    """Add a source that is imported only when it is asked for.

    Parameters
    ----------
    name : str
        Name of the source.
    target : str
        ``"module:attribute"`` that holds the `Source`.
    """
    _SOURCES[name] = target


def sources() -> dict[str, Source]:
    """Return all sources by name.

    Examples
    --------
    >>> list(sources())[:3]
    ['original', 'flat', 'smoothed']
    """
    return {name: get_source(name) for name in _SOURCES}


def get_source(name: str) -> Source:
    """Return a source by its name, or that of a model file (``.npz`` or ``.keras``).

    Raises
    ------
    UsageError
        There is none of that name, in which case the message gives the nearest one and the list;
        or no such file.
    ExacoupleError
        It needs a package that is not installed, or the file is no model.
    """
    if name not in _SOURCES:
        if Path(name).suffix in _MODEL_FILES:
            return _of_file(name)
        hint = _nearest(name, _SOURCES)
        raise UsageError(
            f"unknown source '{name}'{hint} (allowed: {', '.join(_SOURCES)}, or a model file "
            f"ending in {' or '.join(_MODEL_FILES)})"
        )
    found = _SOURCES[name]
    if isinstance(found, Source):
        return found
    source: Source = _imported(found, name)
    _SOURCES[name] = source
    return source


def _of_file(path: str) -> Source:
    """Return the source of a model file, by a name that no other source has."""
    source: Source = _imported(_FILE_SOURCE, path)(path)
    if source.name in _SOURCES:
        return dataclasses.replace(source, name=f"{source.name}-file")
    return source


def _imported(target: str, name: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as exc:
        raise ExacoupleError(f"source '{name}' cannot be loaded: {exc}") from exc


def resolve_options(source: Source, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for every option of a source: what is given, else the default.

    Raises
    ------
    UsageError
        An option is unknown or its value is not of its type.
    """
    known = {option.name: option for option in source.options}
    for name in given:
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise UsageError(
                f"source '{source.name}' has no option '{name}'{_nearest(name, known)} "
                f"(allowed: {allowed})"
            )
    return {name: option.parse(given.get(name, option.default)) for name, option in known.items()}


def apply_source(
    source: Source,
    grid: xr.DataArray,
    *,
    options: Mapping[str, Any] | None = None,
    keep_land: bool = True,
) -> xr.DataArray:
    """Return the seabed that a source makes of a grid.

    Parameters
    ----------
    source : Source
    grid : DataArray
        Original elevation, metres, positive up, of the dimensions that `source.space` asks for.
    options : Mapping, optional
        Options by name; numbers may be text.
    keep_land : bool
        Keep the original wherever it is land (0 m or above), and keep the sea wet: where the
        source would lift the bottom out of the sea, it is held at 1 m below sea level or at the
        original, whichever is higher.

    Returns
    -------
    DataArray
        float64, dimensions, coordinates and unit of `grid`.

    Raises
    ------
    UsageError
        An option is unknown or has a wrong value.
    ExacoupleError
        The source gives values that are not finite, or needs a sea where there is none.
    """
    if grid.dims != _DIMS[source.space]:
        raise ValueError(f"source '{source.name}' needs {_DIMS[source.space]}, not {grid.dims}")
    made = source.apply(grid, resolve_options(source, options or {}))
    values = np.array(made.transpose(*grid.dims).values, dtype=np.float64)
    if values.shape != grid.shape:
        raise ExacoupleError(
            f"source '{source.name}' made {values.shape} values of a grid of {grid.shape}"
        )
    if not np.isfinite(values).all():
        count = np.count_nonzero(~np.isfinite(values))
        raise ExacoupleError(f"source '{source.name}' made {count} values that are not finite")
    if keep_land:
        held = restore_land(values, grid.values)
        if held:
            _log.warning("source '%s': %d sea values held below sea level", source.name, held)
    return grid.copy(data=values)


def restore_land(values: npt.NDArray[Any], original: npt.NDArray[Any]) -> int:
    """Put land (0 m or above) back into `values`, and hold the sea below sea level; in place.

    Returns
    -------
    int
        Number of sea values that had to be held: at 1 m below sea level, or at the original
        where that is higher.
    """
    lifted = (values >= 0) & (original < 0)
    values[lifted] = np.maximum(original[lifted], _SHALLOWEST_M)
    land = original >= 0
    values[land] = original[land]
    return int(np.count_nonzero(lifted))


def _original(grid: xr.DataArray, options: Mapping[str, Any]) -> xr.DataArray:
    return grid


def _flat(grid: xr.DataArray, options: Mapping[str, Any]) -> xr.DataArray:
    """Give every node the mean depth of the sea, or the depth asked for."""
    depth = options["depth_m"]
    if depth < 0:
        raise UsageError(f"option depth_m: must be 0 (the mean) or above, got {depth:g}")
    if depth > 0:
        return xr.full_like(grid, -depth, dtype=np.float64)
    sea = grid.values < 0
    if not sea.any():
        raise ExacoupleError(
            "source 'flat': no value of the bathymetry lies below sea level: choose a window with "
            "sea; if the file counts depth downward, its attribute 'positive' must be 'down'"
        )
    return xr.full_like(grid, grid.values[sea].mean(dtype=np.float64), dtype=np.float64)


def _smoothed(grid: xr.DataArray, options: Mapping[str, Any]) -> xr.DataArray:
    """Smooth sea and land each within itself, so that the coast stays where it is.

    With a Gaussian G and the indicator m of the sea (or land): z' = G*(m z) / G*m.
    """
    sigma_m = 1e3 * options["sigma_km"]
    if sigma_m <= 0:
        raise UsageError(f"option sigma_km: must be above 0, got {options['sigma_km']:g}")
    values = grid.values.astype(np.float64)
    sigma = [sigma_m / float(np.diff(grid[dim].values).mean()) for dim in grid.dims]
    out = np.empty_like(values)
    for part in (values < 0, values >= 0):
        weight = _blur(part.astype(np.float64), sigma)
        out[part] = (_blur(np.where(part, values, 0.0), sigma)[part]) / weight[part]
    return grid.copy(data=out)


def _blur(values: npt.NDArray[np.float64], sigma: list[float]) -> npt.NDArray[np.float64]:
    return np.asarray(gaussian_filter(values, sigma, mode="constant"))


def _nearest(name: str, valid: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, list(valid), n=1)
    return f", did you mean '{close[0]}'?" if close else ""


_SOURCES: dict[str, Source | str] = {
    "original": Source("original", "the grid as it is", "projected", _original),
    "flat": Source(
        "flat",
        "the mean depth of the sea everywhere",
        "projected",
        _flat,
        (Option("depth_m", float, "m", 0.0, "depth to take; 0 for the mean depth of the sea"),),
    ),
    "smoothed": Source(
        "smoothed",
        "the grid smoothed by a Gaussian, sea and land each within itself",
        "projected",
        _smoothed,
        (Option("sigma_km", float, "km", 16.7, "standard deviation of the Gaussian"),),
    ),
    "pca": "exacouple.autoencoders.sources:PCA",
    "dct": "exacouple.autoencoders.sources:DCT",
    "mixture-pca": "exacouple.autoencoders.sources:MIXTURE_PCA",
    "vae": "exacouple.autoencoders.sources:VAE",
    "dfcvae": "exacouple.autoencoders.sources:DFCVAE",
    "vae-fixed": "exacouple.autoencoders.sources:VAE_FIXED",
}
