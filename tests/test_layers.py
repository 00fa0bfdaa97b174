"""Layers import only to the left, siblings not each other, and nothing in a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "sor_opt"
LAYERS = (
    ("errors", "files", "texts", "compiled"),
    ("market",),
    ("models",),
    ("allocators",),
    ("policies",),
    ("backtest",),
    ("search",),
    ("report",),
    ("cli",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
SIBLINGS = {
    "market/loaders": {
        *("base", "registry", "source", "header", "table", "delimited", "columnar"),
        *("times", "possible"),
    },
    "allocators": {"base", "registry", "crosscheck", "draws"},
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


def imports(path: Path, at_import_time: bool = False) -> set[str]:
    """Modules of the package that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(tree.body) if at_import_time else list(ast.walk(tree))
    found = set()
    for node in nodes:
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
    extensions = {
        f"{prefix}{path.stem}"
        for path in (PACKAGE / folder).glob("*.py")
        if path.stem not in SIBLINGS[folder] | {"__init__"}
    }
    for module in extensions:
        assert not imports(MODULES[module]) & (extensions - {module})


def test_no_import_goes_in_a_circle():
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module not in done:
            for other in imports(MODULES[module], at_import_time=True):
                visit(other, (*above, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_file_stays_readable(module):
    assert MODULES[module].read_text(encoding="utf-8").count("\n") <= 400
