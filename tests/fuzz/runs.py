"""Runs cases in worker processes; a case that ends its worker is reported, and the rest goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

from tests.fuzz.cases import Kind, Outcome, place

WORKER = "tests.fuzz.worker"


def run(
    names: Sequence[str], seed: int, first: int, end: int, worker: str = WORKER
) -> Iterator[Outcome]:
    """Judge the cases from `first` up to `end`, of the formats in turn."""
    while first < end:
        for outcome in _work(names, seed, first, end, worker):
            first += 1
            yield outcome


def _work(names: Sequence[str], seed: int, first: int, end: int, worker: str) -> Iterator[Outcome]:
    """Give the outcomes of one worker, the last of the case that ended it before its time."""
    words = [sys.executable, "-m", worker, *map(str, (seed, first, end)), *names]
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=paths, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            format_, number, kind, text = json.loads(line)
            yield Outcome(format_, number, Kind(kind), text)
            first += 1
    if first < end:
        ended = f"the worker ended with {process.returncode}"
        yield Outcome(*place(names, first), Kind.CRASH, ended)
