"""The glossary names what is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = "\n".join(path.read_text("utf-8") for path in (ROOT / "sor_opt").rglob("*.py"))
ROWS = [
    [cell.strip() for cell in line.strip("| \n").split("|")]
    for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
    if line.startswith("| ")
]
TERMS = [cells for cells in ROWS if cells[0] != "term"]


def test_every_name_in_code_is_in_the_code():
    names = {name for _, _, *code in TERMS for name in re.findall(r"`([\w/]+)", " ".join(code))}
    assert len(names) > 60
    missing = {
        name
        for name in names
        if not re.search(rf"\b{name}\b", SOURCE) and not list((ROOT / "sor_opt").glob(f"{name}.py"))
    }
    assert not missing


def test_no_term_is_explained_twice():
    terms = [term for cells in TERMS for term in cells[0].split(", ")]
    assert len(terms) == len(set(terms))
