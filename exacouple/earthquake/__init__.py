"""Earthquake sources: finite-fault tables and the sea-floor displacement that follows."""

from exacouple.earthquake.displacement import (
    displacement_from_faults,
    displacement_on,
    read_displacement_netcdf,
)
from exacouple.earthquake.dtopo import read_dtopo, read_dtopo_motion
from exacouple.earthquake.fault import FaultTable, read_fault_table, write_fault_table
from exacouple.earthquake.motion import motion_from_faults, motion_on, slip_share
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
    "motion_from_faults",
    "motion_on",
    "read_displacement_netcdf",
    "read_dtopo",
    "read_dtopo_motion",
    "read_fault_table",
    "slip_share",
    "surface_displacement",
    "uplift",
    "write_fault_table",
]
