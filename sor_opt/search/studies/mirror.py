"""A study in memory, which its sampler reads, whatever keeps its trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import optuna
from optuna import Trial
from optuna.distributions import BaseDistribution
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from sor_opt.search.objective import Outcome
from sor_opt.search.samplers.base import Sampler, SamplerStatus, distributions

TEST_ATTRIBUTE = "test_bps"
"""What a trial came to on the test orders: a number, or a list of one per measure; None is NaN."""


def measured(trial: FrozenTrial, space: Mapping[str, BaseDistribution], measures: int) -> bool:
    """Whether a trial is finished, and measured by sor_opt: no other program leaves a test value.

    Parameters
    ----------
    trial : FrozenTrial
    space : mapping of str to BaseDistribution
        The study's distributions, of which every point of ours is.
    measures : int
        How many measures the study minimises.
    """
    return (
        trial.state is TrialState.COMPLETE
        and trial.values is not None
        and len(trial.values) == measures
        and all(map(math.isfinite, trial.values))
        and TEST_ATTRIBUTE in trial.user_attrs
        and trial.distributions == space
    )


def outcomes_of(trial: FrozenTrial) -> tuple[Outcome, ...]:
    """What a trial that is `measured` came to by each measure."""
    kept = trial.user_attrs[TEST_ATTRIBUTE]
    tests = [kept] if len(trial.values) == 1 else kept
    return tuple(
        Outcome(train, math.nan if test is None else test)
        for train, test in zip(trial.values, tests, strict=True)
    )


def minimising(measures: int) -> list[StudyDirection]:
    """Optuna's directions of a study of so many measures."""
    return [StudyDirection.MINIMIZE] * measures


class Mirror:
    """The trials of a study in memory: those asked for here, and those of others as they stand.

    Parameters
    ----------
    sampler : Sampler
        What proposes the points.
    measures : int
        How many measures the study minimises.
    """

    def __init__(self, sampler: Sampler, measures: int) -> None:
        self._sampler = sampler
        self._measures = measures
        self._distributions = distributions(sampler.space)
        self._memory = InMemoryStorage()
        self._study = optuna.create_study(
            storage=self._memory, sampler=sampler, directions=minimising(measures)
        )
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

    def tell(self, trial: Trial, outcomes: Sequence[Outcome]) -> FrozenTrial:
        """Finish a trial with what it came to by each measure."""
        tests = [None if math.isnan(each.test_bps) else each.test_bps for each in outcomes]
        trial.set_user_attr(TEST_ATTRIBUTE, tests if len(tests) > 1 else tests[0])
        return self._end(self._study.tell(trial, [each.train_bps for each in outcomes]))

    def fail(self, trial: Trial) -> FrozenTrial:
        """End a trial without a value; its point is free again."""
        return self._end(self._study.tell(trial, state=TrialState.FAIL))

    def reflect(self, trial: FrozenTrial) -> None:
        """Take in a trial of another process as it stands: a new one, or one that has ended.

        What another program has finished is no value of ours: it takes its number and no more.
        """
        ours = measured(trial, self._distributions, self._measures)
        foreign = trial.state.is_finished() and not ours
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
