"""Which threshold a risk-averse trader would choose on one real day, as tables in Markdown.

python benchmarks/risk.py QUOTES --trades TRADES

The tables are those of docs/risk.md. Costs are in basis points, and so are thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from day import SCHEDULES, STATIC, arguments, load, markdown, market_of

from sor_opt.backtest.backtest import run
from sor_opt.backtest.intervals import savings
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.backtest.risk import mean_of, read_measure, risk_of
from sor_opt.market.tape import BoolArray
from sor_opt.models.risk import RiskParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.schedules.base import Schedule
from sor_opt.search.landscape import Landscape, Staircase, best_point, make_landscape
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import Space

MEASURES = ("mean", "mean+sd:0.5", "mean+sd:1", "cvar:0.9", "cvar:0.95")
BPS = 1e4

THRESHOLDS = (0.92, 1.5, 2.5, 5.5, 8.0, 11.0, 22.0)
"""Basis points of the mid."""

RISK = ("mean", "sd", "worst tenth", "seconds")
PARTS = ("train", "test")
"""Three tenths of the orders test; both have a column for each of `RISK`."""


@dataclass(frozen=True, eq=False)
class Day:
    """The static router on a market under a schedule, and its exact landscape under the mean."""

    market: Market
    schedule: Schedule

    def objective(self, name: str) -> ShortfallObjective:
        """A measure of the shortfall."""
        return ShortfallObjective(
            self.market, Policy(self.schedule, STATIC), measure=read_measure(name)
        )

    @property
    def space(self) -> Space:
        """Where a search over the 27 points and beyond them may go."""
        return Space.of(Policy(self.schedule, STATIC))

    @cached_property
    def landscape(self) -> Landscape:
        """The exact objective, whose orders serve every measure."""
        return make_landscape(self.objective("mean"), self.space)

    @cached_property
    def default(self) -> Result:
        """What the orders cost at the point that nobody has chosen."""
        return self.objective("mean").replay({})

    @cached_property
    def test(self) -> BoolArray:
        """The last three tenths of the orders."""
        return ~self.objective("mean").train

    def row(self, name: str, threshold: str, result: Result) -> list[str]:
        """A row for a result: the risk of both parts, and what it saves on the default on test."""
        saved = savings(result, self.default, among=self.test)
        more = f"{saved.mean:.2f} [{saved.low:.2f}, {saved.high:.2f}]"
        itself = result is self.default
        return [name, threshold, *risks(result, self.test), "" if itself else more]


def chosen(day: Day) -> Iterator[list[str]]:
    """The exact optimum of each measure on train, then the default, then best-ask."""
    for name in MEASURES:
        objective = day.objective(name)
        exact = day.landscape.measured(objective)
        result = objective.replay(best_point(exact, day.space))
        yield day.row(name, bps(exact.best_threshold), result)
    yield day.row("nothing: default", bps(RiskParams().shortfall_penalty), day.default)
    other = run(day.market, Policy(day.schedule, BestAsk()))
    yield day.row("nothing: best-ask", "", other)


def hindsight(day: Day) -> Iterator[list[str]]:
    """What the choice on train costs on test, against the choice of who knew the test orders."""
    for name in MEASURES:
        exact = day.landscape.measured(day.objective(name))
        ends, values = exact.staircase
        swapped = replace(exact, staircase=Staircase(ends, values[:, ::-1]))
        found, least = exact.best.test_bps, swapped.best.train_bps
        costs = [f"{value:.2f}" for value in (found, least, found - least)]
        yield [name, bps(exact.best_threshold), bps(swapped.best_threshold), *costs]


def levels(day: Day) -> Iterator[list[str]]:
    """Mean, risk and duration at some thresholds."""
    for threshold in THRESHOLDS:
        point = {"lambda_under": threshold / BPS, "theta_queue": 0.0}
        yield [f"{threshold:g}", *risks(day.objective("mean").replay(point), day.test)]


def risks(result: Result, test: BoolArray) -> list[str]:
    """A cell for each of `RISK`, of train and of test orders."""
    return [text for which in (~test, test) for text in _risk(result, which)]


def bps(threshold: float) -> str:
    """A threshold as it is shown."""
    return f"{BPS * threshold:.2f}"


def _risk(result: Result, which: BoolArray) -> Iterator[str]:
    costs = result.shortfall_bps[which]
    risk = risk_of(costs)
    yield from (f"{value:.2f}" for value in (mean_of(costs), risk.sd, risk.cvar))
    yield f"{mean_of(result.duration_s[which]):.0f}"


def main() -> None:
    """Print all tables."""
    market = market_of(load(arguments(__doc__)))
    told = [f"{part}: {what}" for part in PARTS for what in RISK]
    tables = (
        (chosen, ["minimised on train", "threshold", *told, "test: saved on default"]),
        (hindsight, ["minimised", "by train", "by test", "train's on test", "least", "regret"]),
        (levels, ["threshold", *told]),
    )
    for schedule in SCHEDULES:
        day = Day(market, schedule)
        for rows, heading in tables:
            print(f"\n{rows.__name__}, {schedule.name} x static\n")
            print(markdown(heading, rows(day)))


if __name__ == "__main__":
    main()
