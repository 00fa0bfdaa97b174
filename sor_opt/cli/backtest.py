"""`backtest`: one policy against the baselines, or schedules and routers against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sor_opt.backtest.backtest import run
from sor_opt.backtest.baselines import BASELINE_SCHEDULES, run_baselines
from sor_opt.backtest.contest import Entry, hold_contest
from sor_opt.backtest.latency import Latency
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.backtest.tca import Tca
from sor_opt.cli.console import Output
from sor_opt.cli.derive import duration
from sor_opt.cli.names import split_names
from sor_opt.cli.options import OutputGroup
from sor_opt.cli.places import WRITES
from sor_opt.cli.policy import PolicyOptions, warn_of_routers
from sor_opt.cli.replay import DataArgument, PlotOption, ReplayOptions
from sor_opt.cli.spread import Group
from sor_opt.errors import ConfigError, quoted
from sor_opt.policies.policy import Policy
from sor_opt.report.backtest import backtest_summary, backtest_tables
from sor_opt.report.contest import contest_summary, contest_tables
from sor_opt.report.export import check_suffix, write_frame
from sor_opt.report.latency import latency_summary, latency_tables
from sor_opt.report.tca import tca_document, tca_tables


def _frame(path: Path | None) -> Path | None:
    check_suffix(path)
    return path


def _frame_option(help_text: str) -> Any:
    text = f"{help_text}, .csv, .json or .parquet."
    return typer.Option(callback=_frame, help=text, rich_help_panel="Output")


@dataclass(frozen=True)
class OnePolicyOptions:
    """What can be asked of one policy's replay, and of no contest."""

    log: Annotated[Path | None, _frame_option("Write the executions"), WRITES] = None
    orders: Annotated[Path | None, _frame_option("Write a row per order"), WRITES] = None
    tca: Annotated[
        bool, typer.Option("--tca", help="Analyse what the executions cost, by venue.")
    ] = False

    @property
    def asked(self) -> bool:
        """Whether anything is."""
        return bool(self.log or self.orders or self.tca)

    def write(self, result: Result) -> None:
        """Write the files."""
        if self.log:
            write_frame(result.executions(), self.log)
        if self.orders:
            write_frame(result.orders(), self.orders)


def _durations(text: str) -> tuple[int, ...]:
    """Durations with commas between them, each once, in order."""
    lengths = tuple(sorted(Latency(duration(each)).everywhere or 0 for each in split_names(text)))
    if len(set(lengths)) < len(lengths) or not lengths:
        raise typer.BadParameter(f"{quoted(text)} must name each duration once: 0ms,5ms,50ms")
    return lengths


def backtest(
    data: DataArgument,
    replay: ReplayOptions,
    policy: Annotated[PolicyOptions, Group("Policy")],
    output: OutputGroup,
    one: Annotated[OnePolicyOptions, Group("Output")],
    plot: PlotOption = None,
    over_latency: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION,..",
            help="Hold the contest at each of these latencies of orders.",
            rich_help_panel="Rules of the replay",
        ),
    ] = None,
) -> None:
    """Replay one policy and the baselines, or every --schedule with every --router.

    Example: sor-opt backtest data/sample_quotes.csv.gz --every 10m --lambda-under 0.0005

    Example: sor-opt backtest quotes.csv.gz --every 10m --schedule now,twap --router sweep,static
    """
    policies = policy.make_several(BASELINE_SCHEDULES)
    latencies = None if over_latency is None else _durations(over_latency)
    if policy.allocator and replay.jobs > 1:
        raise ConfigError("--allocator is called in one thread; leave out --jobs")
    contest = len(policies) > 1 or latencies is not None
    if latencies is not None and replay.latency.orders_take_time:
        raise ConfigError("--over-latency and --latency do not go together")
    if contest and one.asked:
        raise ConfigError(
            "--log, --orders and --tca go with one policy; name one schedule and one router"
        )
    if plot and not (contest or one.tca):
        raise ConfigError(
            "--plot draws a contest, or with --tca its analysis; name several schedules or routers"
        )
    out = Output(output)
    market = replay.market(data, out)
    warn_of_routers(market, policies, out)
    if latencies is not None:
        contests = _hold_contests(market, policies, latencies, replay.jobs, out)
        _show_latencies(latency_summary(market, contests), plot, out)
        return
    if len(policies) > 1:
        with out.progress("contest") as progress:
            entries = hold_contest(market, policies, replay.jobs, progress)
        _show_contest(contest_summary(market, entries), plot, out)
        return
    result = run(market, policies[0], replay.jobs)
    baselines = run_baselines(market, policies[0], policy.given)
    one.write(result)
    summary = backtest_summary(policies[0], result, baselines)
    if one.tca:
        summary["tca"] = tca_document(Tca(result))
    _show_one(summary, plot, out)


def _show_one(summary: dict[str, Any], plot: Path | None, out: Output) -> None:
    analysis = summary.get("tca")
    if analysis and plot:
        from sor_opt.report.tca_plot import draw_tca

        draw_tca(analysis, plot)
    out.result(summary)
    out.show(*backtest_tables(summary), *(tca_tables(analysis) if analysis else ()))


def _show_contest(summary: dict[str, Any], plot: Path | None, out: Output) -> None:
    if plot:
        from sor_opt.report.plots import draw_contest

        draw_contest(summary["contest"], plot)
    out.result(summary)
    out.show(*contest_tables(summary))


def _hold_contests(
    market: Market, policies: Sequence[Policy], latencies: Sequence[int], jobs: int, out: Output
) -> dict[int, list[Entry]]:
    """A contest at each latency of orders."""
    contests: dict[int, list[Entry]] = {}
    with out.progress("contests") as progress:
        for latency in latencies:
            progress(len(contests), len(latencies))
            contests[latency] = hold_contest(market.at_latency(Latency(latency)), policies, jobs)
        progress(len(contests), len(latencies))
    return contests


def _show_latencies(summary: dict[str, Any], plot: Path | None, out: Output) -> None:
    if plot:
        from sor_opt.report.plots import draw_latencies

        draw_latencies(summary["latencies"], plot)
    out.result(summary)
    out.show(*latency_tables(summary))
