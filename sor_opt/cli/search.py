"""`grid`, `landscape` and `compare`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from sor_opt.backtest.baselines import BASELINE_SCHEDULES, run_baselines
from sor_opt.cli.console import Output
from sor_opt.cli.names import OWN_FILES, names_option, split_names
from sor_opt.cli.options import OutputGroup
from sor_opt.cli.policy import SearchedOptions
from sor_opt.cli.replay import DataArgument, PlotOption, ReplayOptions, SearchOptions
from sor_opt.cli.spread import Group
from sor_opt.report import comparison as report
from sor_opt.report.grid import grid_summary, grid_tables
from sor_opt.report.landscape import LANDSCAPE_POINTS, landscape_summary, landscape_tables
from sor_opt.report.risk import risk_summary
from sor_opt.report.savings import headline, tested
from sor_opt.report.verdict import (
    comparison_verdict_summary,
    saved_summary,
    selection_summary,
)
from sor_opt.search.compare import CompareParams
from sor_opt.search.compare import compare as run_comparison
from sor_opt.search.grid import default_point, run_grid
from sor_opt.search.kept_costs import KeptCosts
from sor_opt.search.landscape import best_point, joint_landscape, make_landscape
from sor_opt.search.samplers.registry import SAMPLERS, make_sampler
from sor_opt.search.savings import savings_at, savings_of
from sor_opt.search.verdict import judge_comparison, saved_on_default, selection_of


def grid(
    data: DataArgument,
    replay: ReplayOptions,
    policy: Annotated[SearchedOptions, Group("Policy")],
    search: Annotated[SearchOptions, Group("Search")],
    output: OutputGroup,
    plot: PlotOption = None,
    top: Annotated[
        int,
        typer.Option(min=0, help="Rows of the table; 0 for all.", rich_help_panel="Output"),
    ] = 0,
) -> None:
    """Replay all combinations of the levels of what a policy lets move, and rank them.

    Example: sor-opt grid data/sample_quotes.csv.gz --size 5000 --every 10m --plot grid.png
    """
    out = Output(output)
    searched = policy.make(BASELINE_SCHEDULES)
    space = search.space(searched, policy.given)
    objective = replay.objective(data, searched, space, search.measure, out)
    with out.progress("grid") as progress:
        ranking = run_grid(objective, space, progress)
    best = ranking.best
    baselines = run_baselines(objective.market, searched.having(best.params), policy.given)
    saved = savings_of(objective, best.result, baselines)
    default = default_point(objective, space)
    summary = grid_summary(objective, ranking, default, baselines, saved)
    summary |= risk_summary(objective, {"best": best.result})
    chosen = selection_of(objective, ranking.costs, default.result, output.seed)
    summary |= selection_summary(chosen)
    summary |= saved_summary(saved_on_default(objective, best.result, default.result))
    if plot:
        from sor_opt.report.plots import draw_grid

        draw_grid(ranking, saved, search.objective, plot)
    out.result(summary)
    out.show(*grid_tables(summary, top))


def landscape(
    data: DataArgument,
    replay: ReplayOptions,
    policy: Annotated[SearchedOptions, Group("Policy")],
    search: Annotated[SearchOptions, Group("Search")],
    output: OutputGroup,
    excess: Annotated[
        float | None,
        typer.Option(
            help="lambda_over + theta_queue, where it matters (the grid's middle).",
            rich_help_panel="Search",
        ),
    ] = None,
    plot: PlotOption = None,
) -> None:
    """Compute the objective at every threshold, its minimum, and the regret of the grid.

    Example: sor-opt landscape quotes.csv.gz --every 10m --max-quote-age 2s --plot landscape.png
    """
    out = Output(output)
    searched = policy.make(BASELINE_SCHEDULES)
    space = search.space(searched, policy.given)
    objective = replay.objective(data, searched, space, search.measure, out)
    with out.progress("landscape") as progress:
        exact = make_landscape(objective, space, excess, progress)
    ranking = run_grid(objective, space)
    optimum = best_point(exact, space)
    default = default_point(objective, space)
    results = (objective.replay(optimum), ranking.best.result, default.result)
    saved = savings_at(objective, optimum, results[0], policy.given)
    summary = landscape_summary(exact, ranking, default) | headline(objective, saved)
    summary |= risk_summary(objective, dict(zip(LANDSCAPE_POINTS, results, strict=True)))
    summary |= saved_summary(saved_on_default(objective, results[0], default.result))
    if plot:
        from sor_opt.report.plots import draw_landscape

        draw_landscape(exact, ranking, search.objective, plot)
    out.result(summary)
    out.show(*landscape_tables(summary))


@dataclass(frozen=True)
class StrategyOptions:
    """Which search strategies compete, and for how long."""

    strategies: Annotated[
        str, names_option(SAMPLERS, "sampler", "Samplers, with commas."), OWN_FILES
    ] = "grid,adaptive,random,qmc,tpe,cmaes"
    budget: Annotated[int, typer.Option(help="Evaluations per run.")] = 81
    repeats: Annotated[int, typer.Option(help="Runs of a strategy that has seeds.")] = 20


def compare(
    data: DataArgument,
    replay: ReplayOptions,
    policy: Annotated[SearchedOptions, Group("Policy")],
    search: Annotated[SearchOptions, Group("Search")],
    contenders: Annotated[StrategyOptions, Group("Search")],
    output: OutputGroup,
    plot: PlotOption = None,
) -> None:
    """Let search strategies compete on equal budgets, over several seeds.

    Example: sor-opt compare quotes.csv.gz --every 10m --strategies grid,adaptive,tpe --repeats 10
    """
    names = tuple(split_names(contenders.strategies))
    params = CompareParams(names, contenders.budget, contenders.repeats, output.seed)
    out = Output(output)
    searched = policy.make(BASELINE_SCHEDULES)
    space = search.space(searched, policy.given)
    for name in names:
        make_sampler(name, space, output.seed)  # complains before the data is read
    objective = replay.objective(data, searched, space, search.measure, out)
    with out.progress("exact optimum") as progress:
        exact = joint_landscape(objective, space, progress)
    kept = KeptCosts(objective)
    with out.progress("comparison") as progress:
        comparison = run_comparison(kept, space, params, progress)
    points = {each.name: each.median_run.best.params for each in comparison.strategies}
    winners = {name: objective.replay(params) for name, params in points.items()}
    saved = {
        name: savings_at(objective, params, winners[name], policy.given)
        for name, params in points.items()
    }
    summary = report.comparison_summary(comparison, exact, saved) | tested(objective)
    summary |= risk_summary(objective, winners)
    default = default_point(objective, space)
    judged = judge_comparison(kept, comparison, winners, default, output.seed)
    summary |= comparison_verdict_summary(judged)
    if plot:
        report.draw_comparison(comparison, exact, search.objective, plot)
    out.result(summary)
    out.show(*report.comparison_tables(summary))
