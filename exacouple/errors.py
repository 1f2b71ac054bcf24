"""Errors that end a command with one clear message and a definite exit code."""


class ExacoupleError(Exception):
    """Something failed while working: an unreadable file, a full disk, a diverged run.

    Attributes
    ----------
    exit_code : int
        Exit status of the command line for this kind of error.
    """

    exit_code: int = 1


class SolutionError(ExacoupleError):
    """The solution is no longer finite, or its time step has collapsed or is outrun."""


class UsageError(ExacoupleError):
    """The request itself is wrong: a bad option, a bad value or key, a refusal to overwrite."""

    exit_code: int = 2
