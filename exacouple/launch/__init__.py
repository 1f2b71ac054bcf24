"""Start an engine on a case, watch it, and judge whether its result can be used."""

from exacouple.launch.engines import ENGINES, Engine, get_engine
from exacouple.launch.exahype import site_engine
from exacouple.launch.local import CaseBusyError, Outcome, expectation, finished_before, run_case
from exacouple.launch.process import StopRequest
from exacouple.launch.progress import Progress
from exacouple.launch.state import CaseStatus, RunState, case_status, read_state
from exacouple.launch.verdict import Expected, Verdict, judge

__all__ = [
    "ENGINES",
    "CaseBusyError",
    "CaseStatus",
    "Engine",
    "Expected",
    "Outcome",
    "Progress",
    "RunState",
    "StopRequest",
    "Verdict",
    "case_status",
    "expectation",
    "finished_before",
    "get_engine",
    "judge",
    "read_state",
    "run_case",
    "site_engine",
]
