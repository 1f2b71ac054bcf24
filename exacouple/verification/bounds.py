"""Bounds that checks share, each with its source, and the measurements against them."""

from collections.abc import Iterable, Iterator

from exacouple.verification.results import EPSILON, Measurement

NTHMP_ANALYTIC = "NTHMP (Synolakis et al. 2007, OAR PMEL-135): 5 % for analytic solutions"
NTHMP_LABORATORY = "NTHMP (Synolakis et al. 2007, OAR PMEL-135): 10 % for laboratory data"
NTHMP_MASS = "NTHMP (Synolakis et al. 2007, OAR PMEL-135): mass to 5 %; here to rounding"
ROUNDING = "rounding: one unit in the last place a step"
MOVING_SHORE = "order 1 at a moving shoreline, where velocity and slope jump, less 0.1"


def analytic(quantity: str, error: float) -> Measurement:
    """Relative error against an analytic solution: at most 5 %."""
    return Measurement(quantity, float(error), 0.05, NTHMP_ANALYTIC)


def laboratory(quantity: str, error: float) -> Measurement:
    """Relative error against a laboratory experiment: at most 10 %."""
    return Measurement(quantity, float(error), 0.1, NTHMP_LABORATORY)


def rate(quantity: str, power: float, least: float, source: str) -> Measurement:
    """Power of the cell size with which an error falls: at least what the order promises."""
    return Measurement(quantity, float(power), least, source, at_least=True)


def mean_errors(what: str, errors: Iterable[float], names: Iterable[str]) -> Iterator[Measurement]:
    """Relative mean errors of the fields against an analytic solution."""
    for name, error in zip(names, errors, strict=True):
        yield analytic(f"{what}: mean error of {name}", error)


def errors_and_rates(
    what: str,
    errors: Iterable[float],
    powers: Iterable[float],
    least: float,
    source: str,
) -> Iterator[Measurement]:
    """Mean errors of h and hu against an analytic solution, and how they fall with the cells."""
    for name, error, power in zip(("h", "hu"), errors, powers, strict=True):
        yield analytic(f"{what}: mean error of {name}", error)
        yield rate(f"{what}: rate of {name}", power, least, source)


def mass_kept(what: str, error: float, steps: int, source: str = ROUNDING) -> Measurement:
    """Relative change of the mass: at most one unit in the last place a step."""
    return Measurement(f"{what}: change of mass", error, steps * EPSILON, source)
