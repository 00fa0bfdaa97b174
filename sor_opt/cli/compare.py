"""`compare`: search strategies side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sor_opt.cli.options import OutputOptions, StaticOptions, spread
from sor_opt.cli.replay import DataArgument, LevelsOption, ReplayOptions, warn_if_crossed


@spread
def compare(
    data: DataArgument,
    replay: ReplayOptions,
    static: StaticOptions,
    output: OutputOptions,
    strategies: Annotated[
        str, typer.Option(help="Of grid, adaptive, random, qmc, tpe, cmaes, gp; with commas.")
    ] = "grid,adaptive,random,qmc,tpe,cmaes",
    budget: Annotated[int, typer.Option(help="Evaluations per run.")] = 81,
    repeats: Annotated[int, typer.Option(help="Runs of a strategy that has seeds.")] = 20,
    levels: LevelsOption = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the picture (.png, .svg, .pdf).")] = None,
) -> None:
    """Let search strategies compete on equal budgets, over several seeds.

    Example: sor-opt compare quotes.csv.gz --every 10m --strategies grid,adaptive,tpe --repeats 10
    """
    from sor_opt.cli.console import Output
    from sor_opt.report import comparison as report
    from sor_opt.report.plots import check_picture
    from sor_opt.search import compare as search
    from sor_opt.search.landscape import joint_landscape
    from sor_opt.search.objective import ShortfallObjective
    from sor_opt.search.space import Space

    names = tuple(name for name in map(str.strip, strategies.split(",")) if name)
    params = search.CompareParams(names, budget, repeats, output.seed)
    check_picture(plot)
    space = Space.read(levels) if levels else Space()
    market = replay.market(data)
    out = Output(output)
    warn_if_crossed(market, out)
    objective = ShortfallObjective(market, static.params())
    with out.progress("exact optimum") as progress:
        exact = joint_landscape(objective, space, progress)
    with out.progress("comparison") as progress:
        comparison = search.compare(objective, space, params, progress)
    summary = report.comparison_summary(comparison, exact)
    if plot:
        report.draw_comparison(comparison, exact, plot)
    out.show(*report.comparison_tables(summary))
    out.result(summary)
