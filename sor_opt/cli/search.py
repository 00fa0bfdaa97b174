"""`landscape`: the exact objective."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sor_opt.cli.options import OutputOptions, StaticOptions, spread
from sor_opt.cli.replay import DataArgument, LevelsOption, ReplayOptions, warn_if_crossed


@spread
def landscape(
    data: DataArgument,
    replay: ReplayOptions,
    static: StaticOptions,
    output: OutputOptions,
    excess: Annotated[
        float | None,
        typer.Option(help="lambda_over + theta_queue, where it matters [the grid's middle]."),
    ] = None,
    levels: LevelsOption = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the picture (.png, .svg, .pdf).")] = None,
) -> None:
    """Compute the objective at every threshold, its minimum, and the regret of the 27 points.

    Example: sor-opt landscape quotes.csv.gz --every 10m --max-quote-age 2s --plot landscape.png
    """
    from sor_opt.cli.console import Output
    from sor_opt.report.summary import landscape_summary
    from sor_opt.report.tables import landscape_tables
    from sor_opt.search.grid import run_grid
    from sor_opt.search.landscape import make_landscape
    from sor_opt.search.objective import ShortfallObjective
    from sor_opt.search.space import Space

    space = Space.read(levels) if levels else Space()
    market = replay.market(data)
    out = Output(output)
    warn_if_crossed(market, out)
    objective = ShortfallObjective(market, static.params())
    with out.progress("landscape") as progress:
        exact = make_landscape(objective, space, excess, progress)
    ranking = run_grid(objective, space)
    summary = landscape_summary(exact, ranking)
    if plot:
        from sor_opt.report.plots import draw_landscape

        draw_landscape(exact, ranking, plot)
    out.show(*landscape_tables(summary))
    out.result(summary)
