"""The mutation test of inputs as a command: `python -m tests.fuzz --cases 20000 --seed 1`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from tests.fuzz.cases import Kind, spoiled
from tests.fuzz.formats import FORMATS
from tests.fuzz.runs import run

SHOWN = 40
"""Faults that are listed."""


def main() -> int:
    """Run the cases, print a row per format and the faults; 1 if there are any."""
    given = _arguments()
    names = given.format or [*FORMATS]
    if given.write:
        given.write.write_bytes(spoiled(names[0], given.number or 0, given.seed)[0])
        return 0
    first = 0 if given.number is None else given.number * len(names)
    end = given.cases if given.number is None else first + len(names)
    outcomes = list(run(names, given.seed, first, end))
    _line("", [kind.value for kind in Kind])
    for name in names:
        kinds = Counter(outcome.kind for outcome in outcomes if outcome.format == name)
        _line(name, [f"{kinds[kind]:,}" for kind in Kind])
    faults = [outcome for outcome in outcomes if outcome.kind.is_fault]
    for outcome in faults[:SHOWN]:
        case = f"--format {outcome.format!r} --number {outcome.number} --seed {given.seed}"
        sys.stdout.write(f"{case}: {outcome.kind}, {outcome.text!a:.300}\n")
    sys.stdout.write(f"{len(outcomes):,} cases, {len(faults):,} faults\n")
    return 1 if faults else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="over all formats")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", action="append", choices=FORMATS, help="one or more of them")
    parser.add_argument("--number", type=int, help="of each format this case alone")
    parser.add_argument("--write", type=Path, help="write that file, and judge nothing")
    return parser.parse_args()


def _line(name: str, cells: list[str]) -> None:
    sys.stdout.write(f"{name:<22}" + "".join(f"{cell:>9}" for cell in cells) + "\n")


if __name__ == "__main__":
    sys.exit(main())
