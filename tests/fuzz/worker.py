"""Judges a run of cases in a process of its own, which a fault in native code may end.

Each line on standard output is an outcome as JSON.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.cases import SECONDS, judge, place

MEMORY = 8 * 2**30
"""Bytes of address space: content that claims more fails here, not the machine."""


def main(seed: int, first: int, end: int, names: Sequence[str]) -> None:
    """Judge the cases from `first` up to `end`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as folder:
        for case in range(first, end):
            faulthandler.dump_traceback_later(4 * SECONDS, exit=True)  # native code hears no signal
            outcome = judge(*place(names, case), seed, Path(folder))
            faulthandler.cancel_dump_traceback_later()
            sys.stdout.write(json.dumps(outcome) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), sys.argv[4:])
