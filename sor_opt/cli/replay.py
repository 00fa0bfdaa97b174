"""The options of every command that replays a tape."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from sor_opt.backtest.impact import Impact
from sor_opt.backtest.latency import Latency, is_file
from sor_opt.backtest.limits import Limits
from sor_opt.backtest.market import Market, ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.parallel import check_jobs
from sor_opt.backtest.risk import FORMS, Measure, read_measures, risk_of
from sor_opt.cli.console import Output
from sor_opt.cli.market import DataOptions
from sor_opt.cli.options import FeeOptions
from sor_opt.cli.places import READS, WRITES, Files
from sor_opt.cli.policy import warn_of_routers
from sor_opt.cli.spread import Group
from sor_opt.errors import ConfigError
from sor_opt.market.book import BookParams
from sor_opt.market.quality import BookQuality
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import Space

_CROSSED_WARNING, _WIDE_WARNING, _ALWAYS_WIDE, _STUB_WARNING = 0.05, 0.01, 0.5, 0.5
"""Shares from which on a book is warned of."""

_PARTICIPATION_WARNING = 0.1
"""The part of the lit volume above which the median order is warned of."""


def _picture(path: Path | None) -> Path | None:
    if path is not None:
        from sor_opt.report.plots import check_picture  # which loads what draws

        check_picture(path)
    return path


DataArgument = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="Quotes; the content shows the format."),
    READS,
]
PlotOption = Annotated[
    Path | None,
    typer.Option(
        callback=_picture, help="Draw the picture (.png, .svg, .pdf).", rich_help_panel="Output"
    ),
    WRITES,
]


def _objective(text: str) -> str:
    try:
        return ",".join(measure.name for measure in read_measures(text))
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from error


@dataclass(frozen=True)
class SearchOptions:
    """What a search minimises, and where it looks."""

    objective: Annotated[
        str,
        typer.Option(
            parser=_objective,
            metavar="|".join(FORMS),
            help="Of the train orders' shortfall; ALPHA 0.9: the worst tenth. A study takes "
            "several, with commas.",
        ),
    ] = "mean"

    levels: Annotated[
        Path | None,
        typer.Option(help="TOML: a list of levels of a parameter, or one value that fixes it."),
        READS,
    ] = None

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What of the train orders' shortfall is minimised: one measure, or several."""
        return read_measures(self.objective)

    @property
    def measure(self) -> Measure:
        """The same, where it has to be one.

        Raises
        ------
        ConfigError
            If there are several.
        """
        if len(self.measures) > 1:
            raise ConfigError(
                f"--objective {self.objective}: only `study run` searches by several objectives"
            )
        return self.measures[0]

    def space(self, policy: Policy, given: Collection[str]) -> Space:
        """What of a policy is searched: what the file names, and what has a range.

        Raises
        ------
        DataError
            If the file is wrong, or names what options have given.
        """
        if self.levels is None:
            return Space.of(policy)
        return Space.read(policy, self.levels, given)


_LATENCY_FILE = Files(read=True, named=lambda text: [Path(text)] if is_file(str(text)) else [])


def _latency_option(help_text: str) -> Any:
    return typer.Option(metavar="DURATION|FILE.toml", help=help_text)


@dataclass(frozen=True)
class LatencyOptions:
    """How long orders and quotes are on their way."""

    latency: Annotated[
        str,
        _latency_option("An order's way to its venue; FILE: a duration for each, and a default."),
        _LATENCY_FILE,
    ] = "0s"
    feed_latency: Annotated[
        str, _latency_option("The way of quotes, prints and answers back."), _LATENCY_FILE
    ] = "0s"

    @property
    def orders_take_time(self) -> bool:
        """Whether a latency of orders is given."""
        return Latency.read(self.latency).takes_time

    def put(self, rules: ReplayParams) -> ReplayParams:
        """The rules with these latencies; what takes no time is none.

        Raises
        ------
        ConfigError, DataError
            If one cannot be read.
        """
        read = (Latency.read(text) for text in (self.latency, self.feed_latency))
        order, feed = (each if each.takes_time else None for each in read)
        return replace(rules, latency=order, feed_latency=feed)


@dataclass(frozen=True)
class ImpactOptions:
    """What an order does to the asks that it meets afterwards."""

    impact: Annotated[
        str | None,
        typer.Option(
            metavar="BPS:DURATION",
            help="1,000 shares bought raise the order's next asks by so much; it has this "
            "half-life (0.5:1m). No impact if left out.",
        ),
    ] = None

    def put(self, rules: ReplayParams) -> ReplayParams:
        """The rules with this impact; one of 0 basis points is none.

        Raises
        ------
        ConfigError
            If it cannot be read.
        """
        impact = None if self.impact is None else Impact.read(self.impact)
        return replace(rules, impact=impact if impact and impact.bps else None)


@dataclass(frozen=True)
class ReplayOptions:
    """What is replayed and by which rules."""

    data: Annotated[DataOptions, Group("Data and fees")] = field(default_factory=DataOptions)
    fees: Annotated[FeeOptions, Group("Data and fees")] = field(default_factory=FeeOptions)
    orders: Annotated[OrderParams, Group("Parent orders")] = field(default_factory=OrderParams)
    rules: Annotated[
        ReplayParams, Group("Rules of the replay", without=("latency", "feed_latency", "impact"))
    ] = field(default_factory=ReplayParams)
    latency: Annotated[LatencyOptions, Group("Rules of the replay")] = field(
        default_factory=LatencyOptions
    )
    impact: Annotated[ImpactOptions, Group("Rules of the replay")] = field(
        default_factory=ImpactOptions
    )
    limits: Annotated[Limits, Group("Limits")] = field(default_factory=Limits)
    jobs: Annotated[
        int, typer.Option(help="Threads that share points and orders; the result is the same.")
    ] = 1

    def market(self, path: Path, out: Output) -> Market:
        """Load the data, lay the orders over it, and warn of what makes the results doubtful."""
        check_jobs(self.jobs)
        rules = self.impact.put(self.latency.put(self.rules))
        fees = self.fees.schedule()
        tape = self.data.tape(path, out)
        orders = make_orders(tape, self.orders, self.limits)
        market = prepare(tape, orders, rules, fees, self.limits)
        for text in _doubts(market.quality, self.rules.book):
            out.warn(text)
        _warn_of_participation(market, out)
        _warn_of_later_fees(market, fees, out)
        _warn_of_other_venues(market, out)
        return market

    def objective(
        self, path: Path, policy: Policy, space: Space, measure: Measure, out: Output
    ) -> ShortfallObjective:
        """Load the data, and measure a policy on it that is searched over a space."""
        market = self.market(path, out)
        warn_of_routers(market, [policy.having(params) for params in space.grid()], out)
        return ShortfallObjective(market, policy, self.jobs, measure)


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


def _warn_of_participation(market: Market, out: Output) -> None:
    """Say so where the orders are much of what trades: it would not look on."""
    orders = market.orders
    sizes = np.full(len(orders), float(orders.size))
    parts = market.participation(sizes, orders.starts + orders.horizon)
    median = risk_of(parts).median
    if median > _PARTICIPATION_WARNING:
        then = (
            "what this would do to prices is not in the costs; see --impact"
            if market.params.impact is None
            else "what this does to prices is assumed by --impact"
        )
        out.warn(
            f"the orders are {median:.0%} of the lit volume in their horizons (the median); {then}"
        )


def _warn_of_later_fees(market: Market, fees: FeeSchedule, out: Output) -> None:
    """Say so where a venue's first known fees are of after the day of the first order."""
    day = datetime.fromtimestamp(market.orders.starts[0] / 1e9, market.tape.zone).date()
    later = fees.later(market.tape.venues, day)
    if later:
        known = "; ".join(f"{', '.join(names)}: fees of {date}" for date, names in later.items())
        out.warn(f"{known} stand in for {day}")


def _warn_of_other_venues(market: Market, out: Output) -> None:
    """Say so where a latency is of a venue that the data does not have: it may be a slip."""
    latencies = (market.params.latency, market.params.feed_latency)
    named = {venue for each in latencies if each is not None for venue, _ in each.at}
    others = sorted(named.difference(market.tape.venues))
    if others:
        out.warn(f"the data has no venue {', '.join(others)}, of which a latency is given")
