"""Layers import only to the left, siblings not each other, and nothing in a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "sor_opt"
LAYERS = (
    ("errors", "files", "texts", "compiled", "params", "extensions", "registry", "durations"),
    ("market",),
    ("models",),
    ("allocators",),
    ("policies",),
    ("backtest",),
    ("search",),
    ("report",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
SIBLINGS = {
    "market/loaders": {
        *("base", "registry", "source", "header", "table", "delimited", "columnar"),
        *("times", "possible"),
    },
    "allocators": {"base", "registry", "crosscheck", "draws", "program"},
    "policies/schedules": {"base"},
    "policies/routers": {"base"},
    "search/samplers": {"base", "registry"},
}
"""Folders of extensions, and the files in them that are none."""

MODULES = {
    ".".join(("sor_opt", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in PACKAGE.rglob("*.py")
}


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, at once, later or for its annotations."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & set(MODULES)


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"sor_opt"}))
def test_a_layer_imports_only_to_its_left(module):
    layer = module.split(".")[1]
    for other in imports(MODULES[module]) - {"sor_opt"}:
        assert RANK[other.split(".")[1]] <= RANK[layer], f"{module} imports {other}"


@pytest.mark.parametrize("folder", SIBLINGS)
def test_extensions_do_not_import_each_other(folder):
    prefix = "sor_opt." + folder.replace("/", ".") + "."
    extension_of = {
        module: module.removeprefix(prefix).split(".")[0]
        for module in MODULES
        if module.startswith(prefix)
    }
    extensions = set(extension_of.values()) - SIBLINGS[folder]
    for module, own in extension_of.items():
        if own in extensions:
            used = {extension_of.get(other) for other in imports(MODULES[module])}
            assert not used & (extensions - {own}), module


def test_no_import_goes_in_a_circle():
    done: set[str] = set()

    def follow(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module not in done:
            for other in imports(MODULES[module]):
                follow(other, (*above, module))
            done.add(module)

    for module in MODULES:
        follow(module, ())


@pytest.mark.parametrize("module", sorted(MODULES))
def test_functions_have_at_most_8_parameters_and_60_lines(module):
    nodes = ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8")))
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert parameters(node) <= 8, node.name
            assert lines(node) <= 60, node.name


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many parameters a function has, `self` and `cls` left out."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    named += [argument for argument in (given.vararg, given.kwarg) if argument]
    return sum(argument.arg not in ("self", "cls") for argument in named)


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines a function has, its docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_what_counts_as_a_parameter_and_as_a_line():
    source = "def f(self, a, /, b, *c, d=1, **e):\n    x = 1\n    return x\n"
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert (parameters(function), lines(function)) == (5, 3)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_file_stays_readable(module):
    assert MODULES[module].read_text(encoding="utf-8").count("\n") <= 400
