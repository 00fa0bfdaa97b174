"""What a search wins out of sample on one real day, against the default point.

python benchmarks/selection_day.py QUOTES --trades TRADES

The table, in Markdown, is that of docs/selection.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from day import SCHEDULES, STATIC, arguments, load, markdown, market_of

from sor_opt.market.tape import FloatArray
from sor_opt.policies.policy import Policy
from sor_opt.report.landscape import threshold_of
from sor_opt.report.tables import interval, number
from sor_opt.report.verdict import selection_summary
from sor_opt.search.grid import default_point, run_grid
from sor_opt.search.kept_costs import KeptCosts
from sor_opt.search.landscape import best_point, make_landscape
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import Space
from sor_opt.search.studies.study import StudyRun, run_study
from sor_opt.search.verdict import saved_on_default, selection_of

TRIALS = 100
HEADING = (
    *("policy", "search", "points (distinct)", "threshold, bps", "train", "test"),
    *("saves on test", "overfit", "SPA p"),
)


class Found(NamedTuple):
    """What a search found: its name, the point, and the costs of all points that it tried."""

    search: str
    params: Mapping[str, Any]
    costs: FloatArray | None


def searches(objective: ShortfallObjective, space: Space) -> Iterator[Found]:
    """The grid, an adaptive study, and the exact optimum."""
    grid = run_grid(objective, space)
    yield Found("grid", grid.best.params, grid.costs)
    kept = KeptCosts(objective)
    study = run_study(StudyRun("adaptive", kept, space, "adaptive", TRIALS, storage=None))
    assert study.best is not None
    points = (trial.params for trial in study.history.trials)
    yield Found(f"adaptive, {study.finished} trials", study.best.params, kept.table(points))
    yield Found("exact optimum", best_point(make_landscape(objective, space), space), None)


def rows(objective: ShortfallObjective) -> Iterator[list[str]]:
    """The default point, and what each search makes of it."""
    space = Space.of(objective.policy)
    default = default_point(objective, space)
    name = objective.policy.name
    scores = [number(score, 3) for score in default.outcome]
    yield [name, "none: the default point", "", _threshold(default.params), *scores, "", "", ""]
    for found in searches(objective, space):
        result = objective.replay(found.params)
        saved = saved_on_default(objective, result, default.result)
        luck = ["", "", ""]
        if found.costs is not None:
            told = selection_summary(selection_of(objective, found.costs, default.result))
            tried = f"{told['tried']} ({told['tried_distinct']})"
            luck = [tried, number(told["pbo"]), number(told["spa_p"])]
        scores = [number(score, 3) for score in objective.outcome(result)]
        won = f"{saved.mean:.2f} {interval((saved.low, saved.high))}"
        yield [name, found.search, luck[0], _threshold(found.params), *scores, won, *luck[1:]]


def _threshold(params: Mapping[str, Any]) -> str:
    return f"{1e4 * threshold_of(params):.2f}"


def main() -> None:
    """Measure and print."""
    market = market_of(load(arguments(__doc__)))
    objectives = [ShortfallObjective(market, Policy(each, STATIC)) for each in SCHEDULES]
    print(markdown(HEADING, [row for objective in objectives for row in rows(objective)]))


if __name__ == "__main__":
    main()
