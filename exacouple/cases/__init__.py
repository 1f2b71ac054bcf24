"""Regions, and the cases that are prepared from them."""

from exacouple.cases.case import Case, CasePlan, plan_case
from exacouple.cases.ground import Ground
from exacouple.cases.region import Region, load_region, region_names
from exacouple.cases.site import Site, load_site, site_names
from exacouple.cases.writing import prepare_case, write_case

__all__ = [
    "Case",
    "CasePlan",
    "Ground",
    "Region",
    "Site",
    "load_region",
    "load_site",
    "plan_case",
    "prepare_case",
    "region_names",
    "site_names",
    "write_case",
]
