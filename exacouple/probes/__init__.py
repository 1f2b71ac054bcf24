"""Read the gauges of simulations, in all dialects of their files, into SI units.

Dialects are those of ExaHyPE 1 and the embedded engine (`exahype1`), of ExaHyPE 2 (`tracers`) and
of GeoClaw (`geoclaw`); the content of a file tells which one it is. Here ``h`` is the water depth,
``hu`` and ``hv`` the discharge per width, ``b`` the bottom elevation (up) and ``eta = h + b`` the
water height above mean sea level.
"""

from exacouple.cases.application import METRES
from exacouple.gauge import Gauge, read_observed
from exacouple.probes.cases import CaseProbes, find_probe_files, read_case_probes
from exacouple.probes.dialects import Dialect, find_gauge_files, read_probe, recognise
from exacouple.probes.exahype1 import read_exahype1
from exacouple.probes.geoclaw import read_geoclaw
from exacouple.probes.places import nearest_gauge
from exacouple.probes.tracers import read_tracers
from exacouple.probes.values import COLUMNS

__all__ = [
    "COLUMNS",
    "METRES",
    "CaseProbes",
    "Dialect",
    "Gauge",
    "find_gauge_files",
    "find_probe_files",
    "nearest_gauge",
    "read_case_probes",
    "read_exahype1",
    "read_geoclaw",
    "read_observed",
    "read_probe",
    "read_tracers",
    "recognise",
]
