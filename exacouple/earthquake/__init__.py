"""Earthquake sources: finite-fault tables and the sea-floor displacement that follows."""

from exacouple.earthquake.displacement import (
    displacement_from_faults,
    displacement_on,
    read_displacement_netcdf,
    read_dtopo,
)
from exacouple.earthquake.fault import FaultTable, read_fault_table, write_fault_table
from exacouple.earthquake.okada import (
    RectangularFault,
    fault_frame_displacement,
    surface_displacement,
    uplift,
)

__all__ = [
    "FaultTable",
    "RectangularFault",
    "displacement_from_faults",
    "displacement_on",
    "fault_frame_displacement",
    "read_displacement_netcdf",
    "read_dtopo",
    "read_fault_table",
    "surface_displacement",
    "uplift",
    "write_fault_table",
]
