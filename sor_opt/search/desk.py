"""Where trials are handed out and taken in: in a database that many share, or in memory."""

from __future__ import annotations

import itertools
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import optuna
from optuna import Study, Trial
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from sor_opt.errors import ConfigError
from sor_opt.search import bulk
from sor_opt.search.interrupt import Stop
from sor_opt.search.locks import Key
from sor_opt.search.objective import Outcome
from sor_opt.search.samplers.base import Outlook, Sampler, distributions
from sor_opt.search.storage import Storage

TEST_ATTRIBUTE = "test_bps"

WAIT_SECONDS = 0.02
"""How long a worker rests that has nothing to do yet."""


class Desk(ABC):
    """Hands out the trials of one study until `target` are finished.

    Parameters
    ----------
    study : Study
        The study, with `sampler` as its sampler.
    sampler : Sampler
        What proposes the points.
    target : int
        How many finished trials to reach.
    """

    def __init__(self, study: Study, sampler: Sampler, target: int) -> None:
        self.finished = 0
        self._study = study
        self._sampler = sampler
        self._target = target
        self._distributions = distributions(sampler.space)

    @abstractmethod
    def ask(self) -> Trial | Outlook:
        """Start the next trial, or say why there is none (now, or any more)."""

    def tell(self, trial: Trial, outcome: Outcome) -> None:
        """Finish a trial."""
        trial.set_user_attr(
            TEST_ATTRIBUTE, None if math.isnan(outcome.test_bps) else outcome.test_bps
        )
        self._study.tell(trial, outcome.train_bps)
        self.finished += 1

    def fail(self, trial: Trial) -> None:
        """End a trial without a value; its point is free again."""
        self._study.tell(trial, state=TrialState.FAIL)

    def _outlook(self, trials: Sequence[FrozenTrial]) -> Outlook:
        self.finished = sum(trial.state is TrialState.COMPLETE for trial in trials)
        if self.finished >= self._target:
            return Outlook.OVER
        running = sum(trial.state is TrialState.RUNNING for trial in trials)
        if self.finished + running >= self._target:
            return Outlook.WAIT  # one of them may yet fail
        return self._sampler.plan(trials)


class SharedDesk(Desk):
    """Trials in a database, shared by any number of processes.

    A process starts a trial while it holds the study's lock, and holds the trial's own lock until
    the trial is finished. So nobody starts a point twice, running trials count towards the target,
    and a trial that runs without its lock is one whose process has died: it is failed at once,
    and never another one.
    """

    def __init__(
        self, storage: Storage, study: Study, sampler: Sampler, target: int, stop: Stop
    ) -> None:
        super().__init__(study, sampler, target)
        self._locks = storage.locks
        self._id = storage.trials.get_study_id_from_name(study.study_name)
        self._stop = stop

    def ask(self) -> Trial | Outlook:
        """Start the next trial, or say why there is none (now, or any more)."""
        with self._locks.held(Key(self._id), self._stop) as taken:
            if not taken:
                return Outlook.WAIT
            outlook = self._outlook(self.sweep())
            if outlook is not Outlook.READY:
                return outlook
            trial = self._study.ask(self._distributions)
            self._locks.attempt(Key.trial(self._id, trial.number))
            return trial

    def tell(self, trial: Trial, outcome: Outcome) -> None:
        """Finish a trial."""
        super().tell(trial, outcome)
        self._locks.release(Key.trial(self._id, trial.number))

    def fail(self, trial: Trial) -> None:
        """End a trial without a value; its point is free again."""
        super().fail(trial)
        self._locks.release(Key.trial(self._id, trial.number))

    def sweep(self) -> list[FrozenTrial]:
        """Fail the trials whose processes have died, and give all trials."""
        trials = self._study.get_trials(deepcopy=False)
        dead = [
            trial
            for trial in trials
            if trial.state is TrialState.RUNNING
            and self._locks.free(Key.trial(self._id, trial.number))
        ]
        for trial in dead:
            with suppress(UpdateFinishedTrialError):  # it finished since the trials were read
                self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        return self._study.get_trials(deepcopy=False) if dead else trials

    @contextmanager
    def alone(self) -> Iterator[list[FrozenTrial]]:
        """Keep all others from starting trials, once those that run have finished."""
        with self._locks.held(Key(self._id), self._stop) as taken:
            trials = self.sweep() if taken else []
            while any(trial.state is TrialState.RUNNING for trial in trials) and not self._stop():
                time.sleep(WAIT_SECONDS)
                trials = self.sweep()
            yield trials


class MemoryDesk(Desk):
    """Trials in memory, saved a batch at a time.

    Parameters
    ----------
    sampler : Sampler
        What proposes the points.
    target : int
        How many finished trials to reach.
    before : sequence of FrozenTrial
        The trials that the study holds already.
    batch : int
        How many new trials to save at once.
    save : callable
        Takes the trials that are new since the last call.
    """

    def __init__(
        self,
        sampler: Sampler,
        target: int,
        before: Sequence[FrozenTrial],
        batch: int,
        save: Callable[[Sequence[FrozenTrial]], None],
    ) -> None:
        study = optuna.create_study(sampler=sampler)
        study.add_trials(before)
        super().__init__(study, sampler, target)
        self._saved = len(before)
        self._batch = batch
        self._save = save

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials so far."""
        return self._study.get_trials(deepcopy=False)

    def ask(self) -> Trial | Outlook:
        """Start the next trial, or say that there is none."""
        trials = self.trials
        if len(trials) - self._saved >= self._batch:
            self.flush()
        outlook = self._outlook(trials)
        return self._study.ask(self._distributions) if outlook is Outlook.READY else outlook

    def flush(self) -> None:
        """Save what is not saved."""
        unsaved = self.trials[self._saved :]
        new = list(itertools.takewhile(lambda trial: trial.state.is_finished(), unsaved))
        if new:
            self._save(new)
            self._saved += len(new)


@contextmanager
def batched(
    storage: Storage, study: Study, sampler: Sampler, target: int, batch: int, stop: Stop
) -> Iterator[MemoryDesk]:
    """Keep a study's trials in memory for a block, and save them in batches.

    Others wait for the study meanwhile; a kill costs the trials since the last batch at most.

    Raises
    ------
    ConfigError
        If trials are queued in the study, which only the database knows of.
    """
    key = storage.trials.get_study_id_from_name(study.study_name)
    with SharedDesk(storage, study, sampler, target, stop).alone() as before:
        if any(trial.state is TrialState.WAITING for trial in before):
            raise ConfigError("trials are queued in this study; run it with batches of 1")
        desk = MemoryDesk(
            sampler, target, before, batch, lambda new: bulk.append(storage.engine, key, new)
        )
        try:
            yield desk
        finally:
            desk.flush()
