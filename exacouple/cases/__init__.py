"""Regions, and the cases that are prepared from them."""

from exacouple.cases.case import Case, CasePlan, plan_case, prepare_case, write_case
from exacouple.cases.ground import Ground
from exacouple.cases.region import Region, load_region, region_names

__all__ = [
    "Case",
    "CasePlan",
    "Ground",
    "Region",
    "load_region",
    "plan_case",
    "prepare_case",
    "region_names",
    "write_case",
]
