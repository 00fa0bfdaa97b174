"""Transaction cost analysis as plain data and as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.table import Table

from sor_opt.backtest.replay import LIMIT
from sor_opt.backtest.risk import mean_of
from sor_opt.backtest.tca import HORIZONS, Costs, HorizonCosts, Tca, WeightedMean
from sor_opt.durations import write_duration
from sor_opt.market.tape import IntArray
from sor_opt.report.tables import Shown, count, note, number, table

ALL, TAKEN, LIMIT_FILLS = "all", "taken", "limit"
"""The key of all venues together, beside their names; and in it those of the executions that took
displayed shares, and of those that resting bids got."""

_RATES = ("fill_rate", "limit_fill_rate", "participation")
_SPREADS = ("quoted_bps", "effective_bps", "effective_over_quoted", "improvement_bps")
_PARTS = ("realised", "impact")
_PERCENT = 100


def tca_document(tca: Tca) -> dict[str, Any]:
    """The `tca` of a document: what the executions cost at each venue, and at `ALL` of them.

    Spreads are half-spreads, in dollars per share and, ending in `_bps`, in basis points of the mid
    at the execution. `ALL` has more: the costs of what was `TAKEN`, those of the
    `LIMIT_FILLS`, and `shortfall_parts`, means over orders that add up to the shortfall.
    """
    venues = tca.result.market.tape.venues
    rested = tca.result.replay.reason == LIMIT
    parts = tca.shortfall_parts._asdict().items()
    return {
        **{name: _at(tca, np.array([k])) for k, name in enumerate(venues)},
        ALL: {
            **_at(tca, np.arange(len(venues))),
            TAKEN: _plain(tca.costs(~rested)),
            LIMIT_FILLS: _plain(tca.costs(rested)),
            "shortfall_parts": {f"{name}_bps": mean_of(values) for name, values in parts},
        },
    }


def _at(tca: Tca, venues: IntArray) -> dict[str, Any]:
    fills = tca.fills(venues)
    costs = tca.costs(np.isin(tca.result.replay.venue, venues))
    return {
        **_plain(costs),
        **{f"{name}_shares": shares for name, shares in vars(fills).items()},
        **{name: getattr(fills, name) for name in _RATES},
    }


def _plain(costs: Costs) -> dict[str, Any]:
    by_horizon = zip(map(write_duration, HORIZONS), costs.horizons, strict=True)
    return {**_flat(costs), "horizons": {tau: _flat(each) for tau, each in by_horizon}}


def _flat(costs: Costs | HorizonCosts) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in vars(costs).items():
        flat |= (
            {name: value.per_share, f"{name}_bps": value.bps}
            if isinstance(value, WeightedMean)
            else {name: value}
        )
    return flat


def tca_tables(document: Mapping[str, Any]) -> list[Shown]:
    """What the executions cost at the venues that were sent anything, those with most shares first.

    Parameters
    ----------
    document : mapping
        From `tca_document`.
    """
    total = document[ALL]
    venues, kinds = {**venues_of(document), ALL: total}, kinds_of(document)
    parts = (
        f"{name.removesuffix('_bps')} {number(bps)}"
        for name, bps in total["shortfall_parts"].items()
    )
    return [
        "Executions by venue, and what they are of what was sent, posted and printed there",
        _fills(venues),
        "Half-spreads against the mid at the execution, share-weighted, bps",
        _spreads({**venues, **kinds}),
        "Parts of the effective half-spread by the time after the execution, bps",
        _over_time({**venues, **kinds}),
        f"Mean shortfall, bps: {' + '.join(parts)}",
        *_left_out(total["horizons"]),
    ]


def venues_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The venues that were sent anything, those with most shares first."""
    used = {
        name: row
        for name, row in document.items()
        if name != ALL and (row["shares"] or row["sent_shares"] or row["posted_shares"])
    }
    return dict(sorted(used.items(), key=lambda item: -item[1]["shares"]))


def kinds_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What was taken and what bids got, apart; nothing where bids got nothing."""
    total = document[ALL]
    return {TAKEN: total[TAKEN], LIMIT_FILLS: total[LIMIT_FILLS]} if total["limit_shares"] else {}


def _fills(rows: Mapping[str, Any]) -> Table:
    shown = table(
        *("venue", "taken", "filled %", "limit", "limit filled %", "given back", "participation %")
    )
    for name, row in rows.items():
        taken, limit, back = (row[f"{kind}_shares"] for kind in ("taken", "limit", "given_back"))
        filled, limit_filled, participation = (_percent(row[rate]) for rate in _RATES)
        shown.add_row(
            name,
            *(number(taken, 0), filled),
            *(number(limit, 0), limit_filled),
            *(number(back, 0), participation),
            style=_style(name),
        )
    return shown


def _spreads(rows: Mapping[str, Any]) -> Table:
    shown = table("venue", "quoted", "effective", "E/Q", "improved", "outside %", "fee")
    for name, row in rows.items():
        better, at_quote, outside = (
            row[f"{kind}_shares"] for kind in ("improved", "at_quote", "outside")
        )
        taken = better + at_quote + outside
        shown.add_row(
            name,
            *(number(row[key]) for key in _SPREADS),
            _percent(outside / taken if taken else math.nan),
            number(row["fee_bps"]),
            style=_style(name),
        )
    return shown


def _over_time(rows: Mapping[str, Any]) -> Table:
    """Realised half-spreads and impacts, each named at the first of its times."""
    horizons = tuple(rows[ALL]["horizons"])
    shown = table(
        "venue",
        *(tau if at else f"{part} {tau}" for part in _PARTS for at, tau in enumerate(horizons)),
    )
    for name, row in rows.items():
        at = row["horizons"]
        amounts = (number(at[tau][f"{part}_bps"]) for part in _PARTS for tau in horizons)
        shown.add_row(name, *amounts, style=_style(name))
    return shown


def _percent(share: float) -> str:
    return number(_PERCENT * share, 1)


def _style(name: str) -> str | None:
    return "bold" if name == ALL else None


def _left_out(horizons: Mapping[str, Any]) -> list[Shown]:
    """Say which executions have no mid some time after them."""
    return [
        note(f"{count(each['left_out'], 'execution')} not counted at {tau}: the window ends first.")
        for tau, each in horizons.items()
        if each["left_out"]
    ]
