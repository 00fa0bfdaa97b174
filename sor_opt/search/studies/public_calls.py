"""Trials in tables that are not known: read and written through Optuna's public calls alone."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from sor_opt.errors import StorageError
from sor_opt.search.studies.storage import SharedStorage
from sor_opt.search.studies.stored import GROWN, StoredTrials


class PublicCalls(StoredTrials):
    """A study's trials as any program may use them; slower, and a batch is saved trial by trial."""

    def __init__(self, storage: SharedStorage, name: str) -> None:
        super().__init__(storage, name)
        # It remembers finished trials, and reads the others alone.
        self._study = optuna.load_study(study_name=name, storage=storage.trials)

    def fail(self, number: int) -> None:
        """End a trial whose process has died, unless it has finished after all."""
        self._end(number, TrialState.FAIL, None)

    def _changes(self) -> list[FrozenTrial]:
        return [
            trial
            for trial in self._study.get_trials(deepcopy=False)
            if trial.number >= self._seen
            or (trial.number in self.running and trial.state is not TrialState.RUNNING)
        ]

    def _append(self, trials: Sequence[FrozenTrial]) -> None:
        if self._find(trials[0].number) is not None:
            raise StorageError(GROWN)
        for trial in trials:
            key = self._optuna.create_new_trial(self.study, template_trial=trial)
            if self._find(trial.number) != key:  # Optuna has given it the next number that is free
                raise StorageError(GROWN)

    def _finish(self, trial: FrozenTrial) -> bool:
        key = self._key(trial.number)
        try:
            for name, value in trial.user_attrs.items():
                self._optuna.set_trial_user_attr(key, name, value)
            for name, value in trial.system_attrs.items():
                self._optuna.set_trial_system_attr(key, name, value)
        except UpdateFinishedTrialError:
            return False
        return self._end(trial.number, trial.state, trial.values)

    def _end(self, number: int, state: TrialState, values: Sequence[float] | None) -> bool:
        """End a trial, and say whether it was running."""
        try:
            return self._optuna.set_trial_state_values(self._key(number), state, values)
        except UpdateFinishedTrialError:
            return False

    def _find(self, number: int) -> int | None:
        try:
            return self._key(number)
        except KeyError:
            return None

    def _key(self, number: int) -> int:
        return self._optuna.get_trial_id_from_study_id_trial_number(self.study, number)
