"""Search strategies side by side: equal budgets, several seeds, and the time that each takes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sor_opt.errors import ConfigError
from sor_opt.market.tape import FloatArray
from sor_opt.search.objective import Objective, Outcome
from sor_opt.search.samplers.base import Sampler, mixed
from sor_opt.search.samplers.registry import SAMPLERS
from sor_opt.search.significance import Pair, compare_pairs
from sor_opt.search.space import Space
from sor_opt.search.studies.storage import open_storage
from sor_opt.search.studies.study import StudyRun, run_study
from sor_opt.search.studies.trials import FinishedTrial

MAX_EVALUATIONS = 1_000_000
"""Evaluations of a whole comparison."""

Progress = Callable[[int, int], None]
"""Called with (evaluations, all evaluations) as the whole comparison goes on."""

_Function = Callable[[Mapping[str, Any]], Outcome]


@dataclass(frozen=True)
class CompareParams:
    """Who competes, and on what terms.

    Parameters
    ----------
    strategies : tuple of str
        Samplers by name, see `sor_opt.search.samplers.registry`, or ``path/to/mine.py:Class``; each
        once.
    budget : int
        Evaluations of the objective per run, >= 1.
    repeats : int
        Runs of a strategy with seeds, >= 1; one without seeds runs once.
    seed : int
        What the runs' seeds follow from, >= 0.

    Raises
    ------
    ConfigError
        If one of them is wrong, or all make more than `MAX_EVALUATIONS`.
    """

    strategies: tuple[str, ...]
    budget: int = 81
    repeats: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("budget", 1), ("repeats", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be >= {least}, got {getattr(self, name)}")
        evaluations = self.budget * self.repeats * len(self.strategies)
        if evaluations > MAX_EVALUATIONS:
            raise ConfigError(
                f"budget x repeats x strategies make {evaluations:,} evaluations, more than the "
                f"limit of {MAX_EVALUATIONS:,}; take fewer"
            )
        if not self.strategies:
            raise ConfigError(f"no strategy to compare; there are {', '.join(SAMPLERS)}")
        names = [sampler.name for sampler in self.samplers]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"strategy {name} is given twice")

    @property
    def samplers(self) -> list[type[Sampler]]:
        """The strategies' classes."""
        return [SAMPLERS.find(strategy) for strategy in self.strategies]

    def seeds(self, strategy: str) -> list[int]:
        """Seeds of a strategy's runs."""
        count = self.repeats if SAMPLERS.find(strategy).seeded else 1
        return [mixed(self.seed, index) for index in range(count)]


class Run(NamedTuple):
    """One search.

    Attributes
    ----------
    trials : tuple of FinishedTrial
        The points in the order of their evaluation, as many as the budget or fewer.
    best : FinishedTrial
        The winner: the lowest train shortfall, the earliest among equals.
    objective_seconds : float
        Wall time within the objective.
    overhead_seconds : float
        All other wall time: the strategy's own, and Optuna's for keeping the study.
    """

    trials: tuple[FinishedTrial, ...]
    best: FinishedTrial
    objective_seconds: float
    overhead_seconds: float

    def curve(self, budget: int) -> FloatArray:
        """Best train shortfall after each evaluation, bps, shape (budget,).

        A strategy that runs out of points keeps its best.
        """
        values = [trial.outcome.train_bps for trial in self.trials]
        return np.pad(np.minimum.accumulate(values), (0, budget - len(values)), "edge")


@dataclass(frozen=True, eq=False)
class Strategy:
    """A strategy and its runs.

    Attributes
    ----------
    name : str
        That of its sampler.
    runs : tuple of Run
        In the order of the seeds; studies in memory.
    storage_seconds : float
        How much longer the first run takes when it is kept in a SQLite file, trial by trial.
    """

    name: str
    runs: tuple[Run, ...]
    storage_seconds: float

    @property
    def outcomes(self) -> FloatArray:
        """Train and test shortfall of each run's winner, bps; shape (runs, 2)."""
        return np.array([run.best.outcome for run in self.runs])

    @property
    def median_run(self) -> Run:
        """The run whose winner's train shortfall is the median, the lower of two."""
        ranked = sorted(self.runs, key=lambda run: run.best.outcome.train_bps)
        return ranked[(len(ranked) - 1) // 2]

    def curves(self, budget: int) -> FloatArray:
        """Best train shortfall so far of each run, bps; shape (runs, budget)."""
        return np.array([run.curve(budget) for run in self.runs])


@dataclass(frozen=True, eq=False)
class Comparison:
    """All strategies, the lowest median of the final train shortfall first, and all pairs."""

    params: CompareParams
    strategies: tuple[Strategy, ...]
    pairs: tuple[Pair, ...]


def compare(
    objective: Objective,
    space: Space,
    params: CompareParams,
    progress: Progress = lambda *_: None,
) -> Comparison:
    """Let the strategies search `space`, one run after the other.

    Every evaluation is made and timed, also that of a point which another run has evaluated.

    Raises
    ------
    ConfigError
        If what a strategy needs is not installed.
    DataError
        If the objective is undefined (NaN) at a point.
    KeyboardInterrupt
        After Ctrl-C or SIGTERM: part of a comparison is none.
    """
    objective.prepare()  # what is compiled at the first call is no strategy's time
    with tempfile.TemporaryDirectory() as folder:
        contest = _Contest(objective, space, params, progress, str(Path(folder) / "kept.db"))
        entered = [contest.enter(name) for name in params.strategies]
    ranked = tuple(sorted(entered, key=_quality))
    samples = {strategy.name: strategy.outcomes[:, 0] for strategy in ranked}
    fixed = frozenset(sampler.name for sampler in params.samplers if not sampler.seeded)
    return Comparison(params, ranked, compare_pairs(samples, fixed))


def _quality(strategy: Strategy) -> tuple[float, ...]:
    """Median of the final train shortfall, then its upper quartile."""
    return tuple(np.quantile(strategy.outcomes[:, 0], (0.5, 0.75)).tolist())


class _Contest:
    """Runs searches on equal terms, and counts the evaluations."""

    def __init__(
        self,
        objective: Objective,
        space: Space,
        params: CompareParams,
        progress: Progress,
        database: str,
    ) -> None:
        self._objective, self._space, self._params = objective, space, params
        self._progress, self._database = progress, database
        self._past = 0
        self._total = params.budget * sum(len(params.seeds(name)) for name in params.strategies)
        with open_storage(database, create=True):
            pass  # the tables are made before any time is taken

    def enter(self, strategy: str) -> Strategy:
        """Do all runs of one strategy."""
        seeds = self._params.seeds(strategy)
        runs = []
        for seed in seeds:
            runs.append(self._search(strategy, seed, self._objective, None))
            self._past += self._params.budget
            self._progress(self._past, self._total)
        point = self._space.point
        known = {point(trial.params): trial.outcome for trial in runs[0].trials}
        kept = self._search(strategy, seeds[0], lambda at: known[point(at)], self._database)
        added = kept.overhead_seconds - runs[0].overhead_seconds
        return Strategy(SAMPLERS.find(strategy).name, tuple(runs), added)

    def _search(self, strategy: str, seed: int, function: _Function, storage: str | None) -> Run:
        timed = _Timed(function)
        name = SAMPLERS.find(strategy).name
        study = StudyRun(name, timed, self._space, strategy, self._params.budget, storage, seed)
        began = time.perf_counter()
        result = run_study(study, self._advance if storage is None else lambda *_: None)
        seconds = time.perf_counter() - began
        if result.interrupted or result.best is None:
            raise KeyboardInterrupt
        return Run(result.history.trials, result.best, timed.seconds, seconds - timed.seconds)

    def _advance(self, finished: int, _target: int) -> None:
        self._progress(self._past + finished, self._total)


class _Timed:
    """An objective that adds up its wall time; its studies are resumed by nobody."""

    def __init__(self, function: _Function) -> None:
        self._function = function
        self.seconds = 0.0

    def __call__(self, params: Mapping[str, Any]) -> Outcome:
        began = time.perf_counter()
        outcome = self._function(params)
        self.seconds += time.perf_counter() - began
        return outcome

    def prepare(self) -> None:
        pass

    def fingerprint(self, without: Collection[str]) -> dict[str, str]:  # noqa: ARG002
        return {}
