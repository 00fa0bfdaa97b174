"""Transaction costs as a document, as tables and as a picture, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from rich.table import Table

from sor_opt.backtest.backtest import run
from sor_opt.backtest.tca import Tca
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.now import Now
from sor_opt.report import tca_plot
from sor_opt.report.tca import tca_document, tca_tables

ROWS = [
    (0, 0, 9.98, 500, 10.02, 100),
    (0, 1, 9.97, 500, 10.04, 300),
    (1, 0, 10.00, 500, 10.06, 100),
    (1, 1, 9.99, 500, 10.06, 300),
]
"""100 at A cost 0.02 above the mid, 100 at B 0.04; after a second the mid is 0.03 higher."""

NOTHING = [(500, 0, 9.98, 50, 10.02, 50)]
"""No quote in time for an order."""


@pytest.fixture
def document(market):
    def make(rows=ROWS, **given):
        return tca_document(Tca(run(market(rows, **given), Policy(Now(), Sweep()))))

    return make


def cells(table: Table) -> dict[str, list[str]]:
    rows = zip(*(map(str, column.cells) for column in table.columns), strict=True)
    return {name: values for name, *values in rows}


def test_the_document_has_every_venue_and_all_of_them(document):
    found = document(prints=[(30, 0, 10.0, 400, 0)], taker=(0.003, 0.0, 0.0))
    assert list(found) == ["A", "B", "C", "all"]
    a, total = found["A"], found["all"]
    assert (a["executions"], a["shares"], a["at_quote_shares"]) == (1, 100, 100)
    assert [a[name] for name in ("quoted", "effective", "fee")] == pytest.approx(
        [0.02, 0.02, 0.003]
    )
    assert total["effective_bps"] == pytest.approx(30)
    assert total["effective_over_quoted"] == pytest.approx(1.5)
    assert list(total["horizons"]) == ["50ms", "1s", "15s", "1m", "5m"]
    assert total["horizons"]["1s"]["impact_bps"] == pytest.approx(30)
    assert (a["participation"], total["participation"]) == (0.25, 0.5)
    assert np.isnan(found["B"]["participation"])
    assert (total["sent_shares"], total["taken_shares"], total["fill_rate"]) == (200, 200, 1)
    assert total["taken"]["effective"] == total["effective"]
    assert total["limit"]["executions"] == 0
    parts = total["shortfall_parts"]
    assert parts == pytest.approx(
        {"spread_bps": 30, "drift_bps": 0, "fees_bps": 1.5, "unfilled_bps": 0}
    )


def test_the_tables_show_venues_that_were_sent_anything(document):
    _, fills, _, spreads, _, over_time, parts = tca_tables(document(taker=(0.003, 0.0, 0.0)))
    assert cells(fills) == {
        "A": ["100", "100.0", "0", "-", "0", "-"],
        "B": ["100", "100.0", "0", "-", "0", "-"],
        "all": ["200", "100.0", "0", "-", "0", "-"],
    }
    assert cells(spreads) == {
        "A": ["20.00", "20.00", "1.00", "0.00", "0.0", "3.00"],
        "B": ["20.00", "40.00", "2.00", "-20.00", "100.0", "0.00"],
        "all": ["20.00", "30.00", "1.50", "-10.00", "50.0", "1.50"],
    }
    impact = ["0.00", "30.00", "30.00", "30.00", "30.00"]
    assert cells(over_time)["A"] == ["20.00", *["-10.00"] * 4, *impact]
    assert [str(column.header) for column in over_time.columns][1:7] == [
        *("realised 50ms", "1s", "15s", "1m", "5m", "impact 50ms")
    ]
    assert parts == "Mean shortfall, bps: spread 30.00 + drift 0.00 + fees 1.50 + unfilled 0.00"


def test_a_time_after_the_window_is_a_dash_and_told(document):
    *_, over_time, _, left_out = tca_tables(document(deadline=60))
    assert cells(over_time)["all"][4] == cells(over_time)["all"][9] == "-"
    assert str(left_out) == "2 executions not counted at 5m: the window ends first."


def test_an_order_that_buys_nothing_has_dashes_alone(document, tmp_path):
    found = document(NOTHING, deadline=300)
    _, fills, _, spreads, _, over_time, parts = tca_tables(found)
    assert cells(fills) == {"all": ["0", "-", "0", "-", "0", "-"]}
    assert cells(spreads) == {"all": ["-"] * 6}
    assert cells(over_time) == {"all": ["-"] * 10}
    assert parts == "Mean shortfall, bps: spread - + drift - + fees - + unfilled -"
    tca_plot.draw_tca(found, tmp_path / "nothing.png")
    assert (tmp_path / "nothing.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_shows_the_documents_numbers(document, monkeypatch):
    figures = []
    monkeypatch.setattr(tca_plot, "save", lambda figure, path: figures.append(figure))
    found = document()
    tca_plot.draw_tca(found, None)
    panels = [axes for axes in figures[0].axes if axes.get_title()]
    titles = [axes.get_title() for axes in panels]
    assert titles == ["all: 200 shares", "A: 100 shares", "B: 100 shares"]
    for axes, name in zip(panels, ("all", "A", "B"), strict=True):
        realised, impact = axes.containers
        horizons = found[name]["horizons"].values()
        for bars, key in ((realised, "realised_bps"), (impact, "impact_bps")):
            assert [bar.get_height() for bar in bars] == [each[key] for each in horizons]
        levels = {line.get_label(): line.get_ydata()[0] for line in axes.lines}
        assert levels["effective"] == found[name]["effective_bps"]
        assert levels["quoted"] == found[name]["quoted_bps"]
