"""What all tables of results are made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

Shown = Table | Text | str
"""What the console shows: a table, a line, or a line of a style, without names in it."""

INTERVAL = "95 % interval"
"""The heading of intervals."""

NO_TEST = "No order is left to test on: what is found is tried on nothing else."
"""What is said in place of a test cost where the orders leave none."""


def table(first: str, *numbers: str, texts: tuple[str, ...] = ()) -> Table:
    """A table of texts on the left and numbers on the right, by their headings."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in (first, *texts):
        made.add_column(heading)
    for heading in numbers:
        made.add_column(heading, justify="right")
    return made


def number(value: float | None, digits: int = 2) -> str:
    """A number with a fixed number of decimals; a dash for what is not known."""
    return "-" if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def p_value(p: float | None, equals: str = "") -> str:
    """A p-value to three decimals, `equals` before it; a dash for what is not known."""
    return "< 0.001" if p is not None and p < 0.001 else equals + number(p, 3)


def interval(bounds: Sequence[float]) -> str:
    """`[low, high]`; a dash where it is not known."""
    low, high = bounds
    return "-" if not math.isfinite(low) else f"[{low:.2f}, {high:.2f}]"


def basis_line(bases: Iterable[str | None]) -> list[Shown]:
    """Say what intervals speak of, such as "within this day"; nothing where there are none."""
    told = dict.fromkeys(basis for basis in bases if basis)
    return [f"95 % intervals {', '.join(told)}."] if told else []


def unfilled_note(orders: int) -> list[Shown]:
    """Say that orders did not fill."""
    if not orders:
        return []
    return [note(f"{count(orders, 'order')} not filled in full: no saving claimed.")]


def arrival_notes(summary: Mapping[str, Any]) -> list[Shown]:
    """Say which orders have no arrival mid, or a late one."""
    unpriced, late = summary["unpriced_orders"], summary["late_orders"]
    notes: list[Shown] = []
    if unpriced:
        notes.append(note(f"{count(unpriced, 'order')} met no book to trade on: not counted."))
    if late:
        longest = f"{summary['longest_delay_s']:.3g} s"
        notes.append(note(f"{count(late, 'arrival mid')} after the start, by {longest} at most."))
    return notes


def participation_note(rows: Sequence[Mapping[str, Any]]) -> list[Shown]:
    """Say how much of the lit volume the orders are; nothing where that is not known."""
    known = [row for row in rows if math.isfinite(row["participation"])]
    if not known:
        return []
    median, most = (
        percent(max(row[key] for row in known)) for key in ("participation", "participation_max")
    )
    return [f"The median order is {median} of the lit volume meanwhile, the largest {most}."]


def percent(share: float) -> str:
    """A share in whole percent, or in tenths below one."""
    return f"{share:.0%}" if share >= 0.01 else f"{share:.1%}"


def draws_note(orders: int) -> list[Shown]:
    """Say that one order proves nothing."""
    return [note("One order is one draw: no interval, no claim.")] if orders == 1 else []


def note(text: str) -> Text:
    """A line that makes a result doubtful."""
    return Text(text, style="yellow")


def count(n: int, what: str) -> str:
    """A number of things."""
    return f"{n:,} {what}" + ("" if n == 1 else "s")
