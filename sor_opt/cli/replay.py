"""`backtest` and `grid`, and the options of every command that replays a tape."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sor_opt.cli.market import DataOptions
from sor_opt.cli.options import FeeOptions, OutputOptions, RiskOptions, duration_option, spread
from sor_opt.cli.places import READS, WRITES
from sor_opt.cli.policy import PolicyOptions, warn_of_placement
from sor_opt.errors import quoted

if TYPE_CHECKING:
    from sor_opt.backtest.base import Market
    from sor_opt.cli.console import Output
    from sor_opt.models.venues import FeeSchedule
    from sor_opt.search.objective import ShortfallObjective
    from sor_opt.search.space import Space

_CROSSED_WARNING = 0.05


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


def _frame(path: Path | None) -> Path | None:
    from sor_opt.report.export import check_suffix

    check_suffix(path)
    return path


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
        Path | None, typer.Option(help="TOML of levels in place of the 27 points."), READS
    ] = None

    def space(self) -> Space:
        """Read the levels, or take the usual ones."""
        from sor_opt.search.space import Space

        return Space.read(self.levels) if self.levels else Space()


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
    slice: Annotated[int, duration_option("Slices of the paced policies.")] = "60s"  # type: ignore[assignment]
    max_quote_age: Annotated[int | None, duration_option("Leave out quotes older than this.")] = (
        None
    )
    refill: Annotated[
        Literal["update", "every-snapshot"],
        typer.Option(help="When shares that we took are displayed again."),
    ] = "update"
    max_orders: Annotated[int, typer.Option(min=1, help="More orders are refused.")] = 100_000
    max_decisions: Annotated[
        int, typer.Option(min=1, help="More decisions (orders x moments) are refused.")
    ] = 1_000_000_000
    jobs: Annotated[
        int, typer.Option(help="Threads that share points and orders; the result is the same.")
    ] = 1

    def market(self, data: Path, out: Output) -> Market:
        """Load the data, lay the orders over it, and warn of what makes the results doubtful."""
        from sor_opt.backtest.base import ReplayParams, prepare
        from sor_opt.backtest.limits import Limits
        from sor_opt.backtest.orders import OrderParams, make_orders
        from sor_opt.backtest.parallel import check_jobs

        check_jobs(self.jobs)
        limits = Limits(self.max_orders, self.max_decisions)
        params = ReplayParams(self.max_quote_age, self.refill, self.slice)
        layout = OrderParams(self.side, self.size, self.horizon, self.every, self.start, self.end)
        fees = self.schedule()
        tape = self.tape(data, out)
        market = prepare(tape, make_orders(tape, layout, limits), params, fees, limits)
        _warn_if_crossed(market, out)
        _warn_of_later_fees(market, fees, out)
        return market

    def objective(
        self, data: Path, policy: PolicyOptions, space: Space, out: Output
    ) -> ShortfallObjective:
        """Load the data, and measure a policy on it that is searched over a space."""
        from sor_opt.search.objective import ShortfallObjective

        made = policy.make()  # complains before the data is read
        market = self.market(data, out)
        warn_of_placement(market, made, space.grid(), out)
        return ShortfallObjective(market, made, self.jobs)


def _warn_if_crossed(market: Market, out: Output) -> None:
    """Say so where a router would have had a crossed book before it for much of the time."""
    quality = market.quality
    if quality.crossed_share < _CROSSED_WARNING:
        return
    limited = market.params.max_quote_age is not None
    mend = "a shorter --max-quote-age" if limited else "--max-quote-age 2s"
    out.warn(
        f"the consolidated book is crossed in {quality.crossed_share:.1%} of the snapshots (stale "
        f"quotes); nothing trades on it; try {mend}, or see `sor-opt data inspect`"
    )


def _warn_of_later_fees(market: Market, fees: FeeSchedule, out: Output) -> None:
    """Say so where a venue's first known fees are of after the day of the first order."""
    day = datetime.fromtimestamp(market.orders.starts[0] / 1e9, market.tape.zone).date()
    later = fees.later(market.tape.venues, day)
    if later:
        known = "; ".join(f"{', '.join(names)}: fees of {date}" for date, names in later.items())
        out.warn(f"{known} stand in for {day}")


@spread
def backtest(
    data: DataArgument,
    replay: ReplayOptions,
    risk: RiskOptions,
    policy: PolicyOptions,
    output: OutputOptions,
    allocator: Annotated[
        str | None,
        typer.Option(
            help="Route by this one in the readable engine; the compiled one if left out."
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(callback=_frame, help="Write the executions, .csv, .json or .parquet."),
        WRITES,
    ] = None,
    orders: Annotated[
        Path | None,
        typer.Option(callback=_frame, help="Write a row per order, .csv, .json or .parquet."),
        WRITES,
    ] = None,
) -> None:
    """Replay one parameter point and the baselines.

    Example: sor-opt backtest data/sample_quotes.csv.gz --every 10m --lambda-under 0.0005
    """
    from sor_opt.allocators.registry import create
    from sor_opt.backtest.backtest import run, run_baselines
    from sor_opt.cli.console import Output
    from sor_opt.report.export import write_frame
    from sor_opt.report.summary import backtest_summary
    from sor_opt.report.tables import backtest_tables

    params = risk.params()
    router = policy.make(params)
    solver = create(allocator) if allocator else None
    out = Output(output)
    market = replay.market(data, out)
    warn_of_placement(market, router, [params], out)
    result = run(market, router, solver, replay.jobs)
    baselines = run_baselines(market)
    if log:
        write_frame(result.executions(), log)
    if orders:
        write_frame(result.orders(), orders)
    summary = backtest_summary(params, result, baselines, output.seed)
    out.result(summary)
    out.show(*backtest_tables(summary))


@spread
def grid(
    data: DataArgument,
    replay: ReplayOptions,
    policy: PolicyOptions,
    levels: LevelsOptions,
    output: OutputOptions,
    plot: PlotOption = None,
    top: Annotated[int, typer.Option(min=0, help="Rows of the table; 0 for all.")] = 0,
) -> None:
    """Replay the 27 points of the risk parameters and rank them.

    Example: sor-opt grid data/sample_quotes.csv.gz --size 5000 --every 10m --plot grid.png
    """
    from sor_opt.backtest.backtest import run_baselines
    from sor_opt.cli.console import Output
    from sor_opt.report.summary import grid_summary
    from sor_opt.report.tables import grid_tables
    from sor_opt.search.grid import run_grid

    out = Output(output)
    space = levels.space()
    objective = replay.objective(data, policy, space, out)
    with out.progress("grid") as progress:
        ranking = run_grid(objective, space, progress)
    baselines = run_baselines(objective.market)
    summary = grid_summary(objective, ranking, baselines, output.seed)
    if plot:
        from sor_opt.report.plots import draw_grid

        draw_grid(ranking, baselines, plot)
    out.result(summary)
    out.show(*grid_tables(summary, top))
