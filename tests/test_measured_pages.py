"""The pages whose tables a script measures on the complete day hold what it measures now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("page", "name", "rows"),
    [
        ("defaults", "defaults", 50),
        ("conclusion", "conclusion", 50),
        ("participation", "participation", 25),
        ("risk", "risk", 40),
        ("selection", "selection_day", 9),
    ],
)
def test_a_page_holds_the_tables_that_its_script_prints(shared, page, name, rows):
    quotes = shared("taq_full/quotes_full_2018-01-02.csv.gz")
    trades = shared("taq_full/trades_full_2018-01-02.csv.gz")
    script = ROOT / "benchmarks" / f"{name}.py"
    done = subprocess.run(
        [sys.executable, script, quotes, "--trades", trades],
        capture_output=True,
        text=True,
        check=True,
    )
    shown = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").splitlines()
    measured = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(measured) > rows
    assert [line for line in measured if line not in shown] == []
