"""Break one line at a time where numbers are made, and see whether the tests notice.

A mutant is a copy of the package with one small change: a comparison, a sign, a constant, a bound,
`and` for `or`, the other branch, a dropped statement. The test files that mirror the changed one
run on it; a mutant that they pass survives, and is printed with its line. Which mutants are drawn
follows from the seed and the code.

    python benchmarks/mutants.py --mutants 80 --seed 1

The tests of a module `sor_opt/a/b.py` are `tests/a/test_b.py` and then all others of `tests/a` (or
of the nearest folder above that there is). They run without the compiler, since a mutant would cost
a minute of compiling, and so without those marked as taking long then.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "models": ("models/*.py",),
    "allocators": ("allocators/*.py", "allocators/fast/*.py"),
    "backtest": ("backtest/*.py", "backtest/core/*.py", "backtest/core/ahead/*.py"),
    "policies": ("policies/*.py", "policies/schedules/*.py", "policies/routers/*.py"),
    "market": ("market/*.py", "market/loaders/*.py"),
    "search": ("search/*.py",),
    "studies": ("search/studies/*.py",),
    "report": (
        "report/summary.py",
        "report/savings.py",
        "report/backtest.py",
        "report/grid.py",
        "report/landscape.py",
        "report/studies.py",
        "report/comparison.py",
        "report/contest.py",
    ),
}
"""Where numbers are made: each folder gets its share of the mutants."""

PICTURES = ("draw_comparison", "_curves", "_winners")
"""Functions whose numbers are looks."""

SLOW = ("test_kills.py",)
"""Test files of minutes, whose subject is not a number."""

COPIED = ("sor_opt", "tests", "data", "docs", "benchmarks", "pyproject.toml", "README.md")
PATIENCE = 5.0
"""How many times as long as without a change a mutant's tests may take, and `LEAST` seconds at
least; one that takes longer hangs, which the suite would notice."""
LEAST = 60.0

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {"min": "max", "minimum": "maximum", "any": "all", "floor": "ceil", "left": "right"}
NAMES |= {other: name for name, other in NAMES.items()}


class Mutant(NamedTuple):
    """One change: the file, its line, that line before and after, and the whole text after."""

    file: Path
    line: int
    before: str
    after: str
    text: str


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Every small change of one node of the tree."""
    match node:
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                for other in COMPARISONS[type(operator)]:
                    changed = copy.deepcopy(node)
                    changed.ops[at] = other()
                    yield changed
        case ast.BinOp() if type(node.op) in OPERATORS:
            yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.UnaryOp():
            yield node.operand
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int()):
            yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))
        case ast.Constant(value=float()):
            yield ast.Constant(2 * node.value if node.value else 1.0)
        case ast.Constant(value=str()) if node.value in NAMES:
            yield ast.Constant(NAMES[node.value])
        case ast.Name() if node.id in NAMES:
            yield ast.Name(NAMES[node.id])
        case ast.Attribute() if node.attr in NAMES:
            yield ast.Attribute(node.value, NAMES[node.attr])
        case ast.AugAssign() if type(node.op) in OPERATORS:
            yield ast.AugAssign(node.target, OPERATORS[type(node.op)](), node.value)
            yield ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes that are computed with: no annotations, assertions or texts of messages."""
    skipped = {"annotation", "returns", "decorator_list", "type_params", "exc", "cause"}
    for name, value in ast.iter_fields(tree):
        if name in skipped:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, (ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)):
                continue
            if isinstance(child, ast.FunctionDef) and child.name in PICTURES:
                continue
            if isinstance(child, ast.AST):
                yield child
                yield from nodes(child)


def mutants(root: Path, file: Path) -> list[Mutant]:
    """Every mutant of a file of the project."""
    source = (root / file).read_text(encoding="utf-8")
    lines = source.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    found = []
    for node in nodes(ast.parse(source)):
        for changed in changes(node):
            first = starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
            last = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
            piece = ast.unparse(ast.fix_missing_locations(changed))
            if isinstance(node, ast.expr) and not isinstance(node, (ast.Constant, ast.Name)):
                piece = f"({piece})"
            text = (source.encode()[:first] + piece.encode() + source.encode()[last:]).decode()
            line = node.lineno  # type: ignore[attr-defined]
            before, after = (each.splitlines()[line - 1].strip() for each in (source, text))
            found.append(Mutant(file, line, before, after, text))
    return found


def drawn(root: Path, count: int, seed: int) -> list[Mutant]:
    """Draw mutants, as many of each folder as of any other."""
    rng = random.Random(seed)
    picked = []
    for at, patterns in enumerate(FOLDERS.values()):
        files = sorted(file for pattern in patterns for file in (root / "sor_opt").glob(pattern))
        sites = [each for file in files for each in mutants(root, file.relative_to(root))]
        share = count // len(FOLDERS) + (at < count % len(FOLDERS))
        picked += rng.sample(sites, min(share, len(sites)))
    return picked


def tests_of(root: Path, file: Path) -> tuple[str, ...]:
    """The test files that mirror a module, its own first."""
    folder = root.joinpath("tests", *file.parts[1:-1])
    while not list(folder.glob("test_*.py")):
        folder = folder.parent
    tests = [each for each in sorted(folder.glob("test_*.py")) if each.name not in SLOW]
    tests.sort(key=lambda each: each.name != f"test_{file.name}")
    return tuple(str(each.relative_to(root)) for each in tests)


def passes(root: Path, tests: tuple[str, ...], seconds: float | None = None) -> bool:
    """Whether tests of a copy of the project pass within so many seconds."""
    environment = {
        **os.environ,
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": str(root),
        "SOR_OPT_SHARED": str(root),  # no real data: a day of it takes hours
    }
    options = ("-x", "-p", "no:cacheprovider", "--hypothesis-profile=mutants", "-m", "not compiled")
    try:
        run = subprocess.run(
            [sys.executable, "-B", "-m", "pytest", *options, *tests],
            cwd=root,
            env=environment,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def copy_to(root: Path) -> None:
    """Copy what the tests need."""
    for name in COPIED:
        place = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        place(ROOT / name, root / name)


def main() -> None:
    """Draw, break, test, count."""
    parser = argparse.ArgumentParser(description="Break a line at a time and see the tests notice.")
    parser.add_argument("--mutants", type=int, default=80, help="how many, over all folders")
    parser.add_argument("--seed", type=int, default=1, help="which")
    given = parser.parse_args()
    os.nice(15)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_to(root)
        picked = drawn(root, given.mutants, given.seed)
        limits = {}
        for tests in sorted({tests_of(root, mutant.file) for mutant in picked}):
            began = time.monotonic()
            if not passes(root, tests):
                raise SystemExit(f"without any change these fail: {' '.join(tests)}")
            limits[tests] = max(LEAST, PATIENCE * (time.monotonic() - began))
        for mutant in picked:
            began, tests = time.monotonic(), tests_of(root, mutant.file)
            before = (root / mutant.file).read_text(encoding="utf-8")
            (root / mutant.file).write_text(mutant.text, encoding="utf-8")
            survived = passes(root, tests, limits[tests])
            (root / mutant.file).write_text(before, encoding="utf-8")
            survivors += survived
            word = "survived" if survived else "killed"
            print(f"{word:8} {mutant.file}:{mutant.line}  ({time.monotonic() - began:.0f} s)")
            print(f"    - {mutant.before}\n    + {mutant.after}", flush=True)
    killed = len(picked) - survivors
    print(f"{killed} of {len(picked)} mutants killed ({100 * killed / len(picked):.0f} %)")


if __name__ == "__main__":
    main()
