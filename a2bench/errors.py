"""Every error that a user of A2Bench may see.

A2BenchError                  exit code 1
+-- InputError                exit code 2: what was given cannot be used; the message says what to type instead
|   +-- CaseError             a suite, a case or a reference
|   +-- VideoError            a video that cannot be read, or breaks a limit
|   +-- UnknownNameError      no suite, system, metric or option of that name
|   +-- WeightsError          weights that are missing, altered or do not fit on the disk
|   +-- PackageError          a package that is there but cannot be imported
|   +-- RunLockedError        another process works on this run
|   +-- OutputError           the output folder cannot be written
+-- AdapterError              a system did not deliver a video for one sample
    +-- MissingVideoError     the video of a sample is not there (adapter ``folder``)
    +-- GenerationInterruptedError   a video under way was stopped on purpose
"""

import difflib
from collections.abc import Iterable


class A2BenchError(Exception):
    """Base of all errors with a message for the user; never shown with a traceback."""

    exit_code = 1


class InputError(A2BenchError):
    """What was given cannot be used."""

    exit_code = 2


class CaseError(InputError):
    """A suite, case or reference is not as the schema demands."""


class VideoError(InputError):
    """A video cannot be read or breaks a limit."""


class WeightsError(InputError):
    """Weights are missing, altered or do not fit."""


class PackageError(InputError):
    """A package that is needed cannot be imported."""


class RunLockedError(InputError):
    """Another process works on this run."""


class OutputError(InputError):
    """The output folder cannot be written: read-only, full, gone."""


class AdapterError(A2BenchError):
    """A system did not deliver a video for one sample."""


class MissingVideoError(AdapterError):
    """There is no video for this sample."""


class GenerationInterruptedError(AdapterError):
    """The making of a video was stopped on purpose."""


MOST_LISTED = 40
"""Names that an error lists in full."""


class UnknownNameError(InputError):
    """No suite, system, metric or option of that name."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(names) or "none"
        if near and len(names) > MOST_LISTED:  # who was understood need not read them all
            listed = f"{len(names)}, such as {', '.join(difflib.get_close_matches(name, names, n=5, cutoff=0))}"
        super().__init__(f"unknown {kind} {name!r}.{hint} Known: {listed}.")


def first_line(error: BaseException) -> str:
    """What an error says, or its name when it says nothing."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
