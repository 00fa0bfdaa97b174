"""The options of every command that replays a tape."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sor_opt.cli.market import DataOptions
from sor_opt.cli.names import name_option, timed_option
from sor_opt.cli.options import FeeOptions, duration, duration_option
from sor_opt.cli.places import READS, WRITES
from sor_opt.cli.policy import warn_of_placement
from sor_opt.errors import quoted

if TYPE_CHECKING:
    from sor_opt.backtest.market import Market
    from sor_opt.cli.console import Output
    from sor_opt.market.book import BookParams
    from sor_opt.market.quality import BookQuality
    from sor_opt.models.venues import FeeSchedule
    from sor_opt.policies.policy import Policy
    from sor_opt.search.objective import ShortfallObjective
    from sor_opt.search.space import Space

_CROSSED_WARNING, _WIDE_WARNING, _ALWAYS_WIDE, _STUB_WARNING = 0.05, 0.01, 0.5, 0.5
"""Shares from which on a book is warned of."""


def clock(text: str | time) -> time:
    """Read `09:45` or `09:45:30` as a time of day, by the clock of the data's exchange."""
    read = None
    with suppress(ValueError):
        read = time.fromisoformat(str(text))
    if read is None or read.tzinfo:
        raise typer.BadParameter(
            f"{quoted(text)} is no time of day; write 09:45, without an offset"
        )
    return read


def basis_points(text: str | float) -> float:
    """Read a number of basis points; `none` is without end."""
    with suppress(ValueError):
        return math.inf if text == "none" else float(text)
    raise typer.BadParameter(f"{quoted(text)} is no number of basis points; write 100, or none")


def _picture(path: Path | None) -> Path | None:
    if path is not None:
        from sor_opt.report.plots import check_picture

        check_picture(path)
    return path


def _clock_option(help_text: str) -> Any:
    return typer.Option(help=help_text, parser=clock, metavar="HH:MM")


DataArgument = Annotated[
    Path, typer.Argument(help="Quotes: TAQ, Databento or sor_opt's own format."), READS
]
PlotOption = Annotated[
    Path | None,
    typer.Option(callback=_picture, help="Draw the picture (.png, .svg, .pdf)."),
    WRITES,
]


@dataclass(frozen=True)
class LevelsOptions:
    """Where a search looks."""

    levels: Annotated[
        Path | None,
        typer.Option(help="TOML: a list of levels of a parameter, or one value that fixes it."),
        READS,
    ] = None

    def space(self, policy: Policy) -> Space:
        """What of a policy is searched: what the file names, and what has a range."""
        from sor_opt.search.space import Space

        return Space.read(policy, self.levels) if self.levels else Space.of(policy)


@dataclass(frozen=True)
class ReplayOptions(DataOptions, FeeOptions):
    """What is replayed and by which rules."""

    side: Annotated[Literal["buy", "sell"], typer.Option(help="Of the parent orders.")] = "buy"
    size: Annotated[float, typer.Option(help="Shares of each parent order.")] = 5000.0
    start: Annotated[time | None, _clock_option("First order of a day (09:30).")] = None
    end: Annotated[time | None, _clock_option("Last trade of a day (16:00).")] = None
    horizon: Annotated[int, duration_option("Time that the policy has.")] = "9m"  # type: ignore[assignment]
    every: Annotated[int | None, duration_option("Start an order so often; one if left out.")] = (
        None
    )
    slice: Annotated[
        int, duration_option("Slices of the schedules; each starts with a decision.")
    ] = "60s"  # type: ignore[assignment]
    max_quote_age: Annotated[int | None, duration_option("Leave out quotes older than this.")] = (
        None
    )
    band: Annotated[
        float,
        typer.Option(
            parser=basis_points,
            metavar="BPS|none",
            help="Leave out quotes further than this from the mid, and wider books.",
        ),
    ] = "100"  # type: ignore[assignment]
    refill: Annotated[
        str,
        timed_option(
            "REFILL",
            "Shares that we took are displayed again at a new price (price:1s: or after 1s), at "
            "their venue's next quote, or at any.",
        ),
    ] = "price"
    completion: Annotated[
        str, name_option("COMPLETION", "How what is left at the horizon is bought.")
    ] = "sweep"
    unfilled: Annotated[
        str, name_option("UNFILLED", "At what shares that could not be filled are counted.")
    ] = "ask"
    max_orders: Annotated[int, typer.Option(min=1, help="More orders are refused.")] = 100_000
    max_decisions: Annotated[
        int, typer.Option(min=1, help="More decisions (orders x moments) are refused.")
    ] = 1_000_000_000
    jobs: Annotated[
        int, typer.Option(help="Threads that share points and orders; the result is the same.")
    ] = 1

    def book(self) -> BookParams:
        """The rules of the book."""
        from sor_opt.market.book import BookParams

        rule, _, memory = self.refill.partition(":")
        return BookParams(
            self.max_quote_age,
            None if self.band == math.inf else self.band,
            rule,  # type: ignore[arg-type]  # checked there
            duration(memory) if memory else None,
        )

    def market(self, data: Path, out: Output) -> Market:
        """Load the data, lay the orders over it, and warn of what makes the results doubtful."""
        from sor_opt.backtest.limits import Limits
        from sor_opt.backtest.market import ReplayParams, prepare
        from sor_opt.backtest.orders import OrderParams, make_orders
        from sor_opt.backtest.parallel import check_jobs

        check_jobs(self.jobs)
        limits = Limits(self.max_orders, self.max_decisions)
        params = ReplayParams(self.book(), self.slice, self.completion, self.unfilled)  # type: ignore[arg-type]
        layout = OrderParams(self.side, self.size, self.horizon, self.every, self.start, self.end)
        fees = self.schedule()
        tape = self.tape(data, out)
        market = prepare(tape, make_orders(tape, layout, limits), params, fees, limits)
        for text in _doubts(market.quality, params.book):
            out.warn(text)
        _warn_of_later_fees(market, fees, out)
        return market

    def objective(
        self, data: Path, policy: Policy, space: Space, out: Output
    ) -> ShortfallObjective:
        """Load the data, and measure a policy on it that is searched over a space."""
        from sor_opt.search.objective import ShortfallObjective

        market = self.market(data, out)
        warn_of_placement(market, [policy.having(params) for params in space.grid()], out)
        return ShortfallObjective(market, policy, self.jobs)


def _doubts(quality: BookQuality, book: BookParams) -> Iterator[str]:
    """Say where a router would have had no good book before it for much of the time."""
    if quality.crossed_share >= _CROSSED_WARNING:
        hint = "--max-quote-age 2s" if book.max_quote_age is None else "a shorter --max-quote-age"
        yield (
            f"the consolidated book is crossed in {quality.crossed_share:.1%} of the snapshots "
            f"(stale quotes); nothing trades on it; try {hint}, or see `sor-opt data inspect`"
        )
    if quality.wide_share >= _WIDE_WARNING:
        always = quality.wide_share >= _ALWAYS_WIDE
        hint = "to trade on it give a wider --band, or --band none" if always else "see --band"
        yield (
            f"the best bid and ask are more than {book.band:g} bps apart in "
            f"{quality.wide_share:.1%} of the snapshots; nothing trades on such a book; {hint}"
        )
    if quality.stub_share >= _STUB_WARNING:
        yield (
            f"{quality.stub_share:.1%} of the quotes' sides are more than {book.band:g} bps from "
            "the mid (stub quotes) and are left out; see --band"
        )


def _warn_of_later_fees(market: Market, fees: FeeSchedule, out: Output) -> None:
    """Say so where a venue's first known fees are of after the day of the first order."""
    day = datetime.fromtimestamp(market.orders.starts[0] / 1e9, market.tape.zone).date()
    later = fees.later(market.tape.venues, day)
    if later:
        known = "; ".join(f"{', '.join(names)}: fees of {date}" for date, names in later.items())
        out.warn(f"{known} stand in for {day}")
