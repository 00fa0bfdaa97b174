"""A study in memory, which its sampler reads, whatever keeps its trials."""

from __future__ import annotations

import math
from collections.abc import Mapping

import optuna
from optuna import Trial
from optuna.distributions import BaseDistribution
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from sor_opt.search.objective import Outcome
from sor_opt.search.samplers.base import Sampler, SamplerStatus, distributions

TEST_ATTRIBUTE = "test_bps"


def measured(trial: FrozenTrial, space: Mapping[str, BaseDistribution]) -> bool:
    """Whether a trial is finished, and measured by sor_opt: no other program leaves a test value.

    Parameters
    ----------
    trial : FrozenTrial
    space : mapping of str to BaseDistribution
        The study's distributions, of which every point of ours is.
    """
    return (
        trial.state is TrialState.COMPLETE
        and trial.values is not None
        and len(trial.values) == 1
        and math.isfinite(trial.values[0])
        and TEST_ATTRIBUTE in trial.user_attrs
        and trial.distributions == space
    )


class Mirror:
    """The trials of a study in memory: those asked for here, and those of others as they stand.

    Parameters
    ----------
    sampler : Sampler
        What proposes the points.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._distributions = distributions(sampler.space)
        self._memory = InMemoryStorage()
        self._study = optuna.create_study(storage=self._memory, sampler=sampler)
        self.running: set[int] = set()
        """Numbers of the trials that run."""
        self.finished = 0
        """How many trials are finished."""

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials so far, by number."""
        return self._study.get_trials(deepcopy=False)

    def ask(self) -> Trial | SamplerStatus:
        """Start the trial that the sampler proposes, or say why there is none."""
        status = self._sampler.plan(self.trials)
        if status is not SamplerStatus.READY:
            return status
        trial = self._study.ask(self._distributions)
        self.running.add(trial.number)
        return trial

    def tell(self, trial: Trial, outcome: Outcome) -> FrozenTrial:
        """Finish a trial."""
        test = None if math.isnan(outcome.test_bps) else outcome.test_bps
        trial.set_user_attr(TEST_ATTRIBUTE, test)
        return self._end(self._study.tell(trial, outcome.train_bps))

    def fail(self, trial: Trial) -> FrozenTrial:
        """End a trial without a value; its point is free again."""
        return self._end(self._study.tell(trial, state=TrialState.FAIL))

    def reflect(self, trial: FrozenTrial) -> None:
        """Take in a trial of another process as it stands: a new one, or one that has ended.

        What another program has finished is no value of ours: it takes its number and no more.
        """
        foreign = trial.state.is_finished() and not measured(trial, self._distributions)
        state = TrialState.FAIL if foreign else trial.state
        self._count(trial.number, state)
        if trial.number == len(self.trials):
            self._study.add_trial(create_trial(state=state) if foreign else trial)
            return
        study = self._memory.get_study_id_from_name(self._study.study_name)
        key = self._memory.get_trial_id_from_study_id_trial_number(study, trial.number)
        if not foreign:
            for name, value in trial.user_attrs.items():
                self._memory.set_trial_user_attr(key, name, value)
            for name, value in trial.system_attrs.items():
                self._memory.set_trial_system_attr(key, name, value)
        self._memory.set_trial_state_values(key, state, None if foreign else trial.values)

    def _end(self, trial: FrozenTrial) -> FrozenTrial:
        self._count(trial.number, trial.state)
        return trial

    def _count(self, number: int, state: TrialState) -> None:
        if state is TrialState.RUNNING:
            self.running.add(number)
            return
        self.running.discard(number)
        self.finished += state is TrialState.COMPLETE
