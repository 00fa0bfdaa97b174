"""The driver of a study: it asks the sampler for trials, evaluates them, and has them kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from optuna import Trial
from optuna.trial import FrozenTrial

from sor_opt.search.objective import Outcome, Outcomes
from sor_opt.search.samplers.base import Sampler, SamplerStatus
from sor_opt.search.studies.interrupt import Stop
from sor_opt.search.studies.keepers import WAIT_SECONDS, Keeper
from sor_opt.search.studies.mirror import Mirror

Evaluate = Callable[[dict[str, Any]], Outcome | Outcomes]
"""The objective at a point."""


class Driver:
    """Runs trials until so many are finished.

    Parameters
    ----------
    sampler : Sampler
        What proposes the points.
    target : int
        How many finished trials to reach, those of other processes among them.
    keeper : Keeper
        What keeps them.
    measures : int
        By how many measures each is judged.
    """

    def __init__(self, sampler: Sampler, target: int, keeper: Keeper, measures: int) -> None:
        self._target = target
        self._keeper = keeper
        self._mirror = Mirror(sampler, measures)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials so far, by number."""
        return self._mirror.trials

    def run(self, evaluate: Evaluate, stop: Stop, progress: Callable[[int], None]) -> None:
        """Evaluate trials until none is left or somebody wants to stop.

        Parameters
        ----------
        evaluate : callable
            The objective; what it raises fails the trial, and is raised.
        stop : callable
            Whether somebody wants to stop.
        progress : callable
            Called with the number of finished trials whenever one finishes here.
        """
        with self._keeper.session():
            while not stop():
                trial = self._ask()
                if trial is SamplerStatus.EXHAUSTED:
                    return
                if isinstance(trial, SamplerStatus):
                    time.sleep(WAIT_SECONDS)
                    continue
                try:
                    outcome = evaluate(trial.params)
                except BaseException:
                    self._keeper.end(self._mirror.fail(trial))
                    raise
                self._keeper.end(self._mirror.tell(trial, outcome.each))
                progress(self._mirror.finished)

    def _ask(self) -> Trial | SamplerStatus:
        """Start the next trial, or say why there is none (now, or any more)."""
        with self._keeper.turn() as ours:
            if not ours:
                return SamplerStatus.WAIT
            for news in self._keeper.refresh():
                self._mirror.reflect(news)
            trial = self._next()
            if isinstance(trial, Trial):
                self._keeper.begin(self.trials[trial.number])
            return trial

    def _next(self) -> Trial | SamplerStatus:
        finished = self._mirror.finished
        if finished >= self._target:
            return SamplerStatus.EXHAUSTED
        if finished + len(self._mirror.running) >= self._target:
            return SamplerStatus.WAIT  # one of them may yet fail
        return self._mirror.ask()
