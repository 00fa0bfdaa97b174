"""One case: a spoiled file is loaded, and what comes of it is judged."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from random import Random
from types import FrameType
from typing import NamedTuple

from sor_opt.errors import SorOptError
from tests.fuzz.formats import FORMATS
from tests.fuzz.readings import ChangedError

SECONDS = 5.0
"""Time that a load may take."""

LONGEST = 600
"""Characters that an error may have beside the names of its files."""


class Kind(StrEnum):
    """What may come of a case; all after the second are faults."""

    LOADED = "loaded"
    REFUSED = "refused"
    CHANGED = "changed"
    RIDDLE = "riddle"
    RAW = "raw"
    HANG = "hang"
    CRASH = "crash"
    """The worker ended, killed by native code or by its own watch after a hang in it."""

    @property
    def is_fault(self) -> bool:
        """Whether it should not be."""
        return self not in (Kind.LOADED, Kind.REFUSED)


class Outcome(NamedTuple):
    """What came of a case, with the error's text."""

    format: str
    number: int
    kind: Kind
    text: str


class TooSlowError(BaseException):
    """The time is up; no `except Exception` holds it."""


def place(names: Sequence[str], case: int) -> tuple[str, int]:
    """Give the format of a case, which take turns, and its number there."""
    return names[case % len(names)], case // len(names)


def spoiled(name: str, number: int, seed: int) -> tuple[bytes, bytes]:
    """Make the file of a case, and the text that it says."""
    return FORMATS[name].spoil(Random(f"{seed} {name} {number}"))


def judge(name: str, number: int, seed: int, folder: Path) -> Outcome:
    """Load the file of a case from a folder and tell what comes of it."""
    content, text = spoiled(name, number, seed)
    path = folder / "spoiled"
    path.write_bytes(content)
    try:
        with _bounded():
            FORMATS[name].check(path, text)
    except SorOptError as error:
        shown = str(error).replace(str(folder), "")
        clear = shown.isprintable() and len(shown) <= LONGEST
        return Outcome(name, number, Kind.REFUSED if clear else Kind.RIDDLE, shown)
    except ChangedError as error:
        return Outcome(name, number, Kind.CHANGED, str(error))
    except TooSlowError:
        return Outcome(name, number, Kind.HANG, f"not done after {SECONDS:g} s")
    except Exception as error:
        return Outcome(name, number, Kind.RAW, f"{type(error).__name__}: {error}")
    return Outcome(name, number, Kind.LOADED, "")


@contextmanager
def _bounded() -> Iterator[None]:
    def stop(signum: int, frame: FrameType | None) -> None:
        raise TooSlowError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
