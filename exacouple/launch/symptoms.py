"""What an engine's log lines mean and what to change: ExaHyPE's known complaints."""

import re
from dataclasses import dataclass

_PREPARE = "prepare the case again (exacouple prepare --force)"
_LONGEST_QUOTE = 400


@dataclass(frozen=True)
class Symptom:
    """A complaint that an engine prints.

    Attributes
    ----------
    topic : str
        Of several complaints about one topic only the one that stands first in `SYMPTOMS` is told.
    pattern : re.Pattern of bytes
        Found in a log line.
    advice : str
        What it means and what to change; ``{0}``, ``{1}`` are the groups of the pattern.
    """

    topic: str
    pattern: re.Pattern[bytes]
    advice: str


def _symptom(topic: str, pattern: bytes, advice: str) -> Symptom:
    return Symptom(topic, re.compile(pattern), advice)


SYMPTOMS = (
    _symptom(
        "specfile",
        rb"can't open '([^']*)': \[Errno 2\]",
        "the engine finds no specfile {0}: " + _PREPARE,
    ),
    _symptom(
        "specfile",
        rb"Additional properties are not allowed \((.+?) w(?:as|ere) unexpected\)",
        "the specfile has the key {0}, which the engine does not know: correct or remove it",
    ),
    _symptom(
        "specfile",
        rb"did not pass the schema validation step\. The error message is: (.+)",
        "the specfile breaks the engine's schema: {0}: correct this value",
    ),
    _symptom(
        "specfile",
        rb"json\.exception\.parse_error\S* (.+?)(?: \(file:|$)",
        "the specfile is not valid JSON ({0}): " + _PREPARE,
    ),
    _symptom(
        "specfile",
        rb"All file formats tested failed|File could not be understood|not a valid JSON file",
        "the specfile is not valid JSON (`python -m json.tool tsunami.exahype2` says where): "
        + _PREPARE,
    ),
    _symptom(
        "specfile",
        rb"Could not properly call toolkit",
        "the engine could not check the specfile: it needs python3 and its own source tree where "
        "it was built",
    ),
    _symptom(
        "specfile",
        rb"error\s+exahype::main\(\)\s+Usage:",
        "the engine was started without a specfile: name tsunami.exahype2 as its argument",
    ),
    _symptom(
        "build",
        rb"\('([^']*)'\) differs from identifier used in implementation \('([^']*)'\)",
        "the specfile names the solver {0}, this executable was compiled with {1}: use that name "
        "or compile it again from this specfile",
    ),
    _symptom(
        "build",
        rb"Parser::checkSolverConsistency\s+(.+?)(?: \(file:|$)",
        "the specfile does not fit this executable ({0}): use the values that it was compiled "
        "with or compile it again from this specfile",
    ),
    _symptom(
        "build",
        rb"/plotters/\d+/\w+ \(\[json\.exception\.out_of_range\.401\]",
        "the specfile has fewer plotters (buoys) than this executable was compiled with: use as "
        "many, or compile it again from this specfile",
    ),
    _symptom(
        "build",
        rb"dimension: value (\d+) in specification file does not match",
        "the specfile says dimension {0}, this executable was compiled for another: set "
        "computational_domain/dimension to 2",
    ),
    _symptom(
        "build",
        rb"Missing entry (/distributed_memory/\S+)",
        "the specfile lacks {0}, without which an MPI build runs no time step: add a section "
        "distributed_memory with ranks_per_node",
    ),
    _symptom("build", rb"Missing entry (/\S+)", "the specfile lacks {0}: add it"),
    _symptom(
        "build",
        rb"isValueValidDouble\(\)\s+No parameters found at all",
        "a plotter (buoy) of the specfile lacks its position: add select with x and y: " + _PREPARE,
    ),
    _symptom(
        "start",
        rb"error while loading shared libraries: ([^\s:]+)",
        "the executable does not find the library {0}: load its module or set LD_LIBRARY_PATH in "
        "the site profile (`exacouple doctor --site` lists all that are missing)",
    ),
    _symptom(
        "start",
        rb"module: command not found",
        "there is no command `module` here: remove `modules` from the site profile, or run where "
        "environment modules are set up",
    ),
    _symptom(
        "start",
        rb"Unable to locate a modulefile for|following module\(s\) are unknown",
        "a module of the site profile is not known here: correct `modules` (`module avail`)",
    ),
    _symptom(
        "start",
        rb"mpirun has detected an attempt to run as root",
        "mpirun refuses to run as root: run as another user, or set mpirun.arguments = "
        '["--allow-run-as-root"] in the site profile',
    ),
    _symptom(
        "start",
        rb"not enough slots available in the system to satisfy the (\d+)",
        "mpirun has no room for {0} ranks here: ask for fewer `ranks` in the site profile, or set "
        'mpirun.arguments = ["--oversubscribe"]',
    ),
    _symptom(
        "start",
        rb"^(?:mpirun was unable to launch|or execute an executable)",
        "mpirun cannot start the executable: check `executable` in the site profile (`exacouple "
        "doctor --site`)",
    ),
    _symptom(
        "input",
        rb"Could not open (\S.*)",
        "the engine cannot read {0}: the file is missing, damaged, or has no variable of the name "
        "that data.yaml gives: " + _PREPARE,
    ),
    _symptom(
        "input",
        rb"Error while parsing easi model file",
        "the engine cannot use data.yaml: it is missing or wrong, or a file or variable that it "
        "names is not there: " + _PREPARE,
    ),
    _symptom(
        "filter",
        rb"not able to open input file exahype\.log-filter",
        "exahype.log-filter is missing in the case directory: " + _PREPARE,
    ),
    _symptom(
        "memory",
        rb"std::bad_alloc|\bMemoryError\b|Cannot allocate memory|Unable to allocate",
        "the engine ran out of memory: use fewer cells (prepare --cells) or a larger machine",
    ),
    _symptom(
        "disk",
        rb"No space left on device|Disk quota exceeded",
        "the disk is full: make room and run again",
    ),
)

_ANY = re.compile(b"|".join(b"(?:%s)" % symptom.pattern.pattern for symptom in SYMPTOMS))


class Diagnosis:
    """Gathers the symptoms in log lines; its size does not depend on that of the logs."""

    def __init__(self) -> None:
        self._found: dict[int, str] = {}

    def feed(self, line: bytes) -> None:
        """Take one line of a log."""
        if not _ANY.search(line):
            return
        for index, symptom in enumerate(SYMPTOMS):
            if index in self._found:
                continue
            if match := symptom.pattern.search(line):
                self._found[index] = symptom.advice.format(*map(quote, match.groups()))

    def advice(self) -> tuple[str, ...]:
        """Return what was found: per topic the most telling one."""
        topics: dict[str, str] = {}
        for index in sorted(self._found):
            topics.setdefault(SYMPTOMS[index].topic, self._found[index])
        return tuple(topics.values())


def quote(text: bytes, longest: int = _LONGEST_QUOTE) -> str:
    """Return log text as one printable line: no NUL bytes, no control characters, not too long.

    Examples
    --------
    >>> quote(b"cell=(a:\\x00,b:\\x01)\\tdt")
    'cell=(a:,b:) dt'
    """
    words = text.decode("utf-8", errors="replace").split()
    line = "".join(char for char in " ".join(words) if char.isprintable())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def signal_advice(exit_code: int) -> str | None:
    """Explain an exit status that tells of a signal; None for any other.

    Parameters
    ----------
    exit_code : int
        Negative signal number, or 128 plus it as shells and mpirun report it.
    """
    number = -exit_code if exit_code < 0 else exit_code - 128
    return _SIGNALS.get(number) if number > 0 else None


_SIGNALS = {
    2: "it was interrupted (SIGINT)",
    6: "it aborted (SIGABRT)",
    8: "it divided by zero (SIGFPE): look for a wrong value in the input files",
    9: "it was killed (SIGKILL): by hand, by the batch system, or because memory ran out; in the "
    "last case use fewer cells (prepare --cells) or a larger machine",
    11: "it crashed (SIGSEGV): the upstream ExaHyPE build does so with two or more MPI ranks, run "
    "it with one; with one, libraries were compiled with other settings than the executable",
    15: "it was ended (SIGTERM): by hand or by the batch system, perhaps at its time limit",
}
