"""`grid`, `landscape` and `compare`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from sor_opt.cli.options import OutputOptions, spread
from sor_opt.cli.policy import PolicyOptions
from sor_opt.cli.replay import DataArgument, LevelsOptions, PlotOption, ReplayOptions


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
    """Replay every combination of the parameters' levels and rank them: by default 27 points.

    Example: sor-opt grid data/sample_quotes.csv.gz --size 5000 --every 10m --plot grid.png
    """
    from sor_opt.backtest.backtest import BASELINE_SCHEDULES, run_baselines
    from sor_opt.cli.console import Output
    from sor_opt.report.summary import grid_summary
    from sor_opt.report.tables import grid_tables
    from sor_opt.search.grid import run_grid

    out = Output(output)
    searched = policy.make(BASELINE_SCHEDULES)
    space = levels.space(searched)
    objective = replay.objective(data, searched, space, out)
    with out.progress("grid") as progress:
        ranking = run_grid(objective, space, progress)
    baselines = run_baselines(objective.market, policy.curve)
    summary = grid_summary(objective, ranking, baselines, output.seed)
    if plot:
        from sor_opt.report.plots import draw_grid

        draw_grid(ranking, baselines, plot)
    out.result(summary)
    out.show(*grid_tables(summary, top))


@spread
def landscape(
    data: DataArgument,
    replay: ReplayOptions,
    policy: PolicyOptions,
    levels: LevelsOptions,
    output: OutputOptions,
    excess: Annotated[
        float | None,
        typer.Option(help="lambda_over + theta_queue, where it matters (the grid's middle)."),
    ] = None,
    plot: PlotOption = None,
) -> None:
    """Compute the objective at every threshold, its minimum, and the regret of the 27 points.

    Example: sor-opt landscape quotes.csv.gz --every 10m --max-quote-age 2s --plot landscape.png
    """
    from sor_opt.cli.console import Output
    from sor_opt.report.summary import landscape_summary
    from sor_opt.report.tables import landscape_tables
    from sor_opt.search.grid import run_grid
    from sor_opt.search.landscape import make_landscape

    out = Output(output)
    searched = policy.make()
    space = levels.space(searched)
    objective = replay.objective(data, searched, space, out)
    with out.progress("landscape") as progress:
        exact = make_landscape(objective, space, excess, progress)
    ranking = run_grid(objective, space)
    summary = landscape_summary(exact, ranking)
    if plot:
        from sor_opt.report.plots import draw_landscape

        draw_landscape(exact, ranking, plot)
    out.result(summary)
    out.show(*landscape_tables(summary))


@dataclass(frozen=True)
class StrategyOptions:
    """Which search strategies compete, and for how long."""

    strategies: Annotated[
        str, typer.Option(help="Of grid, adaptive, random, qmc, tpe, cmaes, gp; with commas.")
    ] = "grid,adaptive,random,qmc,tpe,cmaes"
    budget: Annotated[int, typer.Option(help="Evaluations per run.")] = 81
    repeats: Annotated[int, typer.Option(help="Runs of a strategy that has seeds.")] = 20


@spread
def compare(
    data: DataArgument,
    replay: ReplayOptions,
    policy: PolicyOptions,
    levels: LevelsOptions,
    contenders: StrategyOptions,
    output: OutputOptions,
    plot: PlotOption = None,
) -> None:
    """Let search strategies compete on equal budgets, over several seeds.

    Example: sor-opt compare quotes.csv.gz --every 10m --strategies grid,adaptive,tpe --repeats 10
    """
    from sor_opt.cli.console import Output
    from sor_opt.report import comparison as report
    from sor_opt.search import compare as search
    from sor_opt.search.landscape import joint_landscape
    from sor_opt.search.samplers.registry import make_sampler

    names = tuple(name for name in map(str.strip, contenders.strategies.split(",")) if name)
    params = search.CompareParams(names, contenders.budget, contenders.repeats, output.seed)
    out = Output(output)
    searched = policy.make()
    space = levels.space(searched)
    for name in names:
        make_sampler(name, space, output.seed)  # complains before the data is read
    objective = replay.objective(data, searched, space, out)
    with out.progress("exact optimum") as progress:
        exact = joint_landscape(objective, space, progress)
    with out.progress("comparison") as progress:
        comparison = search.compare(objective, space, params, progress)
    summary = report.comparison_summary(comparison, exact)
    if plot:
        report.draw_comparison(comparison, exact, plot)
    out.result(summary)
    out.show(*report.comparison_tables(summary))
