"""The costs that docs/thinning.md tells are those of today's replay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sor_opt import (
    BookParams,
    OrderParams,
    ReplayParams,
    hold_contest,
    load_tape,
    make_orders,
    prepare,
    savings,
)
from sor_opt.market.tape import SECOND
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES

ROOT = Path(__file__).parent.parent
COMPLETE, THINNED = "taq_full/quotes_full_2018-01-02.csv.gz", "taq/quotes_2018-01-02.csv.gz"
COLUMNS = {
    "complete": (COMPLETE, None),
    "complete, 2s": (COMPLETE, 2 * SECOND),
    "thinned": (THINNED, None),
    "thinned, 2s": (THINNED, 2 * SECOND),
}


def table() -> list[list[str]]:
    """The cells of the page's table of costs, its head first."""
    text = (ROOT / "docs" / "thinning.md").read_text(encoding="utf-8")
    lines = text[text.index("| shortfall, bps") :].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("column", COLUMNS)
def test_the_costs_of_the_page_are_measured(column: str, shared: Callable[[str], Path]):
    head, _, *rows = table()
    told = {row[0]: row[head.index(column)] for row in rows}
    name, age = COLUMNS[column]
    tape = load_tape(shared(name))
    orders = make_orders(tape, OrderParams(size=5000, every=600 * SECOND))
    market = prepare(tape, orders, ReplayParams(BookParams(age)), FeeSchedule.packaged())
    pairs = [(s, r) for s in ("now", "twap") for r in ("best-ask", "sweep", "pro-rata", "static")]
    policies = [Policy(SCHEDULES[schedule](), ROUTERS[router]()) for schedule, router in pairs]
    measured = {}
    for (schedule, router), entry in zip(pairs, hold_contest(market, policies), strict=True):
        saved = savings(entry.result, entry.reference)
        cost = f"{entry.result.shortfall_bps.mean():.2f}"
        itself = entry.result is entry.reference
        measured[f"{schedule} x {router}"] = cost if itself else f"{cost} ({saved.mean:.2f})"
        if (schedule, router) == ("now", "static"):
            measured["its interval of the saving"] = f"[{saved.low:.2f}, {saved.high:.2f}]"
    assert measured == told
