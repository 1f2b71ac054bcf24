"""Refuse by name what a specfile may ask of ExaHyPE but not of the embedded engine."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exacouple.engine import sections
from exacouple.errors import UsageError

ORDERS = (1, 2, 3, 4)
SCHEMES = ("godunov", "musclhancock")
STATE = ("h", "hu", "hv", "b")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Refusal:
    """Makes the error for a key of one specfile: ``refuse(key, problem)``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, key: str, problem: str) -> UsageError:
        return UsageError(f"{self.path}: {key} {problem}")


def check_name(refuse: Refusal, key: str, name: str) -> None:
    """Refuse a name that C++ would not take for an identifier, as ExaHyPE does."""
    if not _NAME.fullmatch(name):
        raise refuse(key, f"must be letters, digits and _, not starting with a digit, got {name!r}")


def check_domain(refuse: Refusal, domain: sections.Domain) -> None:
    """Refuse domains that are not a rectangle with one end, or have a mesh of another kind."""
    where = "computational_domain"
    if domain.dimension != 2:
        raise refuse(f"{where}.dimension", f"must be 2, got {domain.dimension}")
    for key, values in (("offset", domain.offset), ("width", domain.width)):
        if len(values) != 2:
            raise refuse(f"{where}.{key}", f"must be two numbers, got {list(values)}")
    if min(domain.width) <= 0.0:
        raise refuse(f"{where}.width", f"must be positive, got {list(domain.width)}")
    if (domain.end_time is None) == (domain.time_steps is None):
        raise refuse(where, "must have exactly one of 'end_time' and 'time_steps'")
    for key in ("end_time", "time_steps", "outside_cells_left", "outside_cells_right"):
        value = getattr(domain, key)
        if value is not None and value < 0:
            raise refuse(f"{where}.{key}", f"must not be negative, got {value:g}")
    if domain.ranks_per_dimension != 1:
        raise refuse(
            f"{where}.ranks_per_dimension",
            f"changes the mesh and is not supported, got {domain.ranks_per_dimension}; remove it",
        )


def check_solver(refuse: Refusal, solver: sections.Solver) -> None:
    """Refuse other unknowns, other solver types, adaptive meshes and other subcell patches."""
    where = "solvers[0]"
    check_name(refuse, f"{where}.name", solver.name)
    if solver.type != "Limiting-ADER-DG":
        raise refuse(f"{where}.type", f"must be 'Limiting-ADER-DG', got {solver.type!r}")
    if _variable_names(solver.variables) != STATE:
        raise refuse(f"{where}.variables", f"must be {', '.join(STATE)}, got {solver.variables!r}")
    for key in ("material_parameters", "global_observables", "point_sources"):
        if getattr(solver, key):
            raise refuse(f"{where}.{key}", f"is not supported, got {getattr(solver, key)!r}")
    if solver.order not in ORDERS:
        raise refuse(f"{where}.order", f"must be one of {ORDERS}, got {solver.order}")
    if solver.maximum_mesh_size <= 0.0:
        raise refuse(
            f"{where}.maximum_mesh_size", f"must be positive, got {solver.maximum_mesh_size:g}"
        )
    if solver.maximum_mesh_depth > 0:
        raise refuse(
            f"{where}.maximum_mesh_depth",
            f"above 0 asks for adaptive refinement, which is not supported, "
            f"got {solver.maximum_mesh_depth}",
        )
    subcells = 2 * solver.order + 1
    if solver.patch_size not in ("default", subcells):
        raise refuse(
            f"{where}.patch_size",
            f"must be {subcells} or 'default' at order {solver.order}, got {solver.patch_size!r}",
        )
    if solver.limiter.limiter_buffer_cells != 1:
        raise refuse(
            f"{where}.limiter.limiter_buffer_cells",
            f"must be 1, got {solver.limiter.limiter_buffer_cells}",
        )
    if not 0 <= solver.limiter.dmp_observables <= len(STATE):
        raise refuse(
            f"{where}.limiter.dmp_observables",
            f"must be 0 to {len(STATE)}, got {solver.limiter.dmp_observables}",
        )


def check_kernels(refuse: Refusal, solver: sections.Solver) -> None:
    """Refuse terms, bases and schemes that would give other equations or numerics."""
    where = "solvers[0].aderdg_kernel"
    kernel = solver.aderdg_kernel
    _check_terms(refuse, f"{where}.terms", kernel.terms, required=("flux", "ncp"), optional=())
    for key, allowed in (
        ("implementation", ("generic", "optimised")),
        ("nonlinear", (True,)),
        ("basis", ("Legendre",)),
        ("transform_riemann_data", (False,)),
    ):
        _check_value(refuse, f"{where}.{key}", getattr(kernel, key), allowed)
    split = kernel.space_time_predictor.split_ck
    _check_value(refuse, f"{where}.space_time_predictor.split_ck", split, (False,))

    where = "solvers[0].fv_kernel"
    limiter = solver.fv_kernel
    _check_terms(refuse, f"{where}.terms", limiter.terms, required=("flux",), optional=("ncp",))
    _check_value(
        refuse, f"{where}.implementation", limiter.implementation, ("generic", "optimised")
    )
    _check_value(refuse, f"{where}.scheme", limiter.scheme, SCHEMES)
    if limiter.scheme != "godunov" and limiter.slope_limiter is not None:
        raise refuse(f"{where}.slope_limiter", "cannot be chosen in this engine; remove it")


def _check_value(refuse: Refusal, key: str, value: Any, allowed: Sequence[Any]) -> None:
    if value not in allowed:
        choices = " or ".join(json.dumps(choice) for choice in allowed)
        raise refuse(key, f"must be {choices} here, got {json.dumps(value)}")


def _check_terms(
    refuse: Refusal,
    key: str,
    terms: Sequence[str],
    *,
    required: Sequence[str],
    optional: Sequence[str],
) -> None:
    for term in terms:
        if term not in (*required, *optional):
            raise refuse(key, f"'{term}' is not part of the equations solved here")
    for term in required:
        if term not in terms:
            raise refuse(key, f"must hold '{term}', got {list(terms)}")


def _variable_names(variables: Any) -> tuple[str, ...]:
    """Names of the solver's unknowns from a count, a list of names or a list of objects."""
    if variables == len(STATE) and not isinstance(variables, bool):
        return STATE
    names: list[str] = []
    for item in variables if isinstance(variables, list) else ():
        if isinstance(item, str):
            names.append(item)
        elif isinstance(item, dict) and set(item) <= {"name", "multiplicity"}:
            names.extend([str(item.get("name"))] * (item.get("multiplicity", 1) == 1))
    return tuple(names)
