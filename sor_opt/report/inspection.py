"""What `data inspect` found, as a document and as tables, and what to warn of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.table import Table

from sor_opt.market.prints import PrintsQuality, Verdict
from sor_opt.market.quality import Inspection
from sor_opt.market.tape import SECOND, Tape
from sor_opt.report.tables import Shown, number

_VERDICTS: dict[Verdict, str] = {
    "scaled": (
        "{misfit:.1%} of the trades are outside the quotes of their moment, {misfit_scaled:.1%} if "
        "their prices are divided by {scale:.6g}; correct the prices of the trades (unit, split)"
    ),
    "moved": (
        "{misfit:.1%} of the trades are outside the quotes of their moment, {misfit_moved:.1%} if "
        "their times are moved by {move}; correct the times of the trades (time zone, clock)"
    ),
    "apart": "none of the {prints:,} trades is of the quotes' time; give the trades of these days",
    "foreign": (
        "{outside_share:.1%} of the trades are outside the quotes of their moment (price / mid "
        "{ratio:.4g}), and no scale of prices and no move of times helps; give the trades of "
        "this symbol and these days"
    ),
}
_COPIED = (
    "most prints come {copies} times, with the same time, venue, price, size and side; keep one "
    "copy of each in the trades"
)


def print_warnings(prints: PrintsQuality | None) -> Iterator[str]:
    """Say what makes the trades doubtful, what was measured, and what to do; mostly nothing."""
    if prints is None:
        return
    figures = {**asdict(prints), "move": _move(prints.offset)}
    if prints.verdict:
        yield _VERDICTS[prints.verdict].format(**figures)
    if prints.copied:
        yield _COPIED.format(**figures)


def inspection_document(
    tape: Tape, found: Inspection, prints: PrintsQuality | None
) -> dict[str, Any]:
    """The `data inspect` document."""
    facts = asdict(found)
    facts["by_age"] = [{"max_quote_age_ns": age, **asdict(q)} for age, q in found.by_age]
    facts["proposed_max_quote_age_ns"] = facts.pop("proposed_max_quote_age")
    return {
        "file": tape.source,
        "symbol": tape.symbol,
        "timezone": tape.timezone,
        "fingerprint": tape.fingerprint(),
        **facts,
        "prints": prints and _prints_document(prints),
        "left_out": dict(tape.left_out),
        "emptied": dict(tape.emptied),
    }


def _prints_document(prints: PrintsQuality) -> dict[str, Any]:
    facts = asdict(prints)
    facts["offset_ns"] = facts.pop("offset")
    return {**facts, "warnings": [*print_warnings(prints)]}


def inspection_tables(tape: Tape, found: Inspection, prints: PrintsQuality | None) -> list[Shown]:
    """What is in a tape, how good its book is, and how its trades fit."""
    trades = [_prints_table(prints), _days_table(tape, prints)] if prints else []
    counts = {"Left out while loading": tape.left_out, "Emptied while loading": tape.emptied}
    return [
        *_summary(tape, found),
        _venue_table(found),
        *trades,
        *(_reasons_table(title, reasons) for title, reasons in counts.items() if reasons),
        _age_table(found),
        _proposal(found),
    ]


def _summary(tape: Tape, found: Inspection) -> tuple[str, str]:
    start, end = (_clock(tape, ts, "%Y-%m-%d %H:%M:%S") for ts in (found.start, found.end))
    return (
        f"{tape.source}{f', symbol {tape.symbol}' if tape.symbol else ''}",
        f"{found.rows:,} quotes and {found.trades:,} trades on {len(tape.venues)} venues, "
        f"{found.snapshots:,} snapshots, {start} to {end} {tape.timezone}",
    )


def _clock(tape: Tape, ts: int | None, form: str = "%H:%M:%S") -> str:
    return "-" if ts is None else datetime.fromtimestamp(ts / SECOND, tape.zone).strftime(form)


def _venue_table(found: Inspection) -> Table:
    columns = (
        "quotes",
        "one-sided",
        "missing",
        "inverted",
        "repeated",
        "spread",
        "trades",
        "volume",
    )
    table = _table("By venue", "venue", *columns)
    for v in found.venues:
        counts = (f"{n:,}" for n in (v.rows, v.one_sided, v.missing, v.inverted, v.duplicates))
        table.add_row(v.name, *counts, f"{v.spread:.4f}", f"{v.trades:,}", f"{v.volume:,.0f}")
    return table


def _prints_table(prints: PrintsQuality) -> Table:
    figures = {
        "trades": f"{prints.prints:,}",
        "without a price or a size": f"{prints.unusable:,}",
        "shares": number(prints.volume, 0),
        "outside the quotes of their moment": _share(prints.outside_share),
        "while there are no quotes": _share(prints.unquoted_share),
        "median distance from the mid, bps": number(prints.distance_bps),
        "price / mid": f"{prints.ratio:.6g}",
        "best scale of the prices": f"{prints.scale:.6g}",
        "left outside if divided by it": _share(prints.misfit_scaled),
        "best move of the times": _move(prints.offset),
        "left outside if moved by it": _share(prints.misfit_moved),
        "repeats of another trade": _share(prints.repeated_share),
        "copies of most trades": f"{prints.copies}",
    }
    table = _table("Trades", "", "")
    table.show_header = False
    for name, figure in figures.items():
        table.add_row(name, figure)
    return table


def _days_table(tape: Tape, prints: PrintsQuality) -> Table:
    columns = ("quotes", "from", "to", "trades", "from", "to", "covered")
    table = _table("Quotes and trades by day", "day", *columns)
    for day in prints.days:
        quoted, traded = (
            (f"{count:,}", *(_clock(tape, ts) for ts in ends))
            for count, *ends in (
                (day.quotes, day.first_quote, day.last_quote),
                (day.trades, day.first_trade, day.last_trade),
            )
        )
        table.add_row(day.day, *quoted, *traded, _share(day.covered))
    return table


def _reasons_table(title: str, reasons: Mapping[str, int]) -> Table:
    table = _table(title, "reason", "rows")
    for reason, rows in reasons.items():
        table.add_row(reason, f"{rows:,}")
    return table


def _age_table(found: Inspection) -> Table:
    table = _table(
        "The book by age limit", "limit", "crossed", "wide", "locked", "empty", "stale", "stubs"
    )
    for age, q in found.by_age:
        shares = (q.crossed_share, q.wide_share, q.locked_share, q.empty_share)
        table.add_row(_age(age), *map(_share, (*shares, q.stale_share, q.stub_share)))
    return table


def _share(value: float) -> str:
    return f"{value:.2%}" if math.isfinite(value) else "-"


def _table(title: str, first: str, *numbers: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _proposal(found: Inspection) -> str:
    age = found.proposed_max_quote_age
    if age is None:
        return "No age limit is needed."
    return f"Proposed: --max-quote-age {_age(age)}"


def _age(age: int | None) -> str:
    if age is None:
        return "none"
    return f"{age / 1e9:g}s" if age >= 10**9 else f"{age / 1e6:g}ms"


def _move(offset: int) -> str:
    """Signed hours, minutes and seconds, such as -1h or +5h3m."""
    seconds = abs(offset) // SECOND
    parts = {"h": seconds // 3600, "m": seconds // 60 % 60, "s": seconds % 60}
    text = "".join(f"{n}{unit}" for unit, n in parts.items() if n)
    return ("-" if offset < 0 else "+") + text if text else "0s"
