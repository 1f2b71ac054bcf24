"""Start an engine on a case, watch it, and judge whether its result can be used."""

from exacouple.launch.background import end_process, start_in_background
from exacouple.launch.claim import CaseBusyError, refuse_running
from exacouple.launch.engines import ENGINES, Engine, get_engine
from exacouple.launch.exahype import site_engine
from exacouple.launch.jobend import Job, open_job
from exacouple.launch.local import run_case
from exacouple.launch.outcome import Outcome, expectation, finished_before
from exacouple.launch.process import StopRequest
from exacouple.launch.progress import Progress
from exacouple.launch.state import CaseStatus, RunState, case_status, read_state, unfinished_end
from exacouple.launch.submit import submit_cases
from exacouple.launch.verdict import Expected, Verdict, judge
from exacouple.launch.watch import watch_jobs, watch_process

__all__ = [
    "ENGINES",
    "CaseBusyError",
    "CaseStatus",
    "Engine",
    "Expected",
    "Job",
    "Outcome",
    "Progress",
    "RunState",
    "StopRequest",
    "Verdict",
    "case_status",
    "end_process",
    "expectation",
    "finished_before",
    "get_engine",
    "judge",
    "open_job",
    "read_state",
    "refuse_running",
    "run_case",
    "site_engine",
    "start_in_background",
    "submit_cases",
    "unfinished_end",
    "watch_jobs",
    "watch_process",
]
