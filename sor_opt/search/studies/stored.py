"""The trials of one study in a database, whichever way they are read and written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState

from sor_opt.errors import StorageError
from sor_opt.search.studies.storage import SharedStorage

GROWN = "another program has added trials to this study meanwhile; the same command goes on"


class StoredTrials(ABC):
    """A study's trials in a database, as one process reads and writes them.

    Whoever calls `append` has held the study's lock since `changes`: the numbers it uses are free.

    Parameters
    ----------
    storage : SharedStorage
        The database.
    name : str
        The study.
    """

    def __init__(self, storage: SharedStorage, name: str) -> None:
        self._optuna = storage.trials
        self.study = self._optuna.get_study_id_from_name(name)
        self.running: set[int] = set()
        """Numbers of the trials that ran when last seen."""
        self._seen = 0  # trials, by number

    def changes(self) -> list[FrozenTrial]:
        """Read the trials that are new, or have finished, since the last call, by number.

        Raises
        ------
        StorageError
            If another program has queued trials, which only Optuna can take from the queue.
        """
        trials = self._changes()
        if any(trial.state is TrialState.WAITING for trial in trials):
            raise StorageError(
                "another program has queued trials in this study; let it run or delete them"
            )
        for trial in trials:
            self._note(trial)
        return trials

    def append(self, trials: Sequence[FrozenTrial]) -> None:
        """Add trials, running or finished, in the order of their numbers.

        Raises
        ------
        StorageError
            If the study has grown meanwhile, so that the numbers are taken.
        """
        self._append(trials)
        for trial in trials:
            self._note(trial)

    def finish(self, trial: FrozenTrial) -> None:
        """Write the outcome of a running trial that has finished.

        Raises
        ------
        StorageError
            If another program has ended the trial.
        """
        if not self._finish(trial):
            raise StorageError(
                f"another program has ended trial {trial.number}; the same command goes on"
            )
        self._note(trial)

    @abstractmethod
    def fail(self, number: int) -> None:
        """End a trial whose process has died, unless it has finished after all."""

    @abstractmethod
    def _changes(self) -> list[FrozenTrial]:
        """Read the trials from number `_seen` on, and the ones of `running` that have ended."""

    @abstractmethod
    def _append(self, trials: Sequence[FrozenTrial]) -> None:
        """Add trials, or raise StorageError(GROWN)."""

    @abstractmethod
    def _finish(self, trial: FrozenTrial) -> bool:
        """Write an outcome, unless the trial has ended."""

    def _note(self, trial: FrozenTrial) -> None:
        self._seen = max(self._seen, trial.number + 1)
        (self.running.discard if trial.state.is_finished() else self.running.add)(trial.number)
