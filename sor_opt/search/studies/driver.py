"""Drivers of a study: they ask its sampler for trials, and tell it their results.

Trials are kept in memory, and from there in a database.

Samplers always read a study in memory, which mirrors the one in the database.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import optuna
from optuna import Trial
from optuna.distributions import BaseDistribution
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from sor_opt.search.objective import Outcome
from sor_opt.search.samplers.base import Sampler, SamplerStatus, distributions
from sor_opt.search.studies.interrupt import Stop
from sor_opt.search.studies.locks import Key
from sor_opt.search.studies.storage import SharedStorage
from sor_opt.search.studies.tables import TrialTables

TEST_ATTRIBUTE = "test_bps"

WAIT_SECONDS = 0.02
"""How long a worker waits that has nothing to do yet."""


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


class Driver:
    """Asks for trials until `target` are finished, and keeps them in memory.

    Parameters
    ----------
    sampler : Sampler
        What proposes the points.
    target : int
        How many finished trials to reach.
    """

    def __init__(self, sampler: Sampler, target: int) -> None:
        self._sampler = sampler
        self._target = target
        self._distributions = distributions(sampler.space)
        self._memory = InMemoryStorage()
        self._study = optuna.create_study(storage=self._memory, sampler=sampler)
        self._running: set[int] = set()
        self.finished = 0

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials so far, by number."""
        return self._study.get_trials(deepcopy=False)

    def ask(self) -> Trial | SamplerStatus:
        """Start the next trial, or say why there is none (now, or any more)."""
        if self.finished >= self._target:
            return SamplerStatus.EXHAUSTED
        if self.finished + len(self._running) >= self._target:
            return SamplerStatus.WAIT  # one of them may yet fail
        status = self._sampler.plan(self.trials)
        if status is not SamplerStatus.READY:
            return status
        trial = self._study.ask(self._distributions)
        self._running.add(trial.number)
        return trial

    def tell(self, trial: Trial, outcome: Outcome) -> None:
        """Finish a trial."""
        test = None if math.isnan(outcome.test_bps) else outcome.test_bps
        trial.set_user_attr(TEST_ATTRIBUTE, test)
        self._study.tell(trial, outcome.train_bps)
        self._count(trial.number, TrialState.COMPLETE)

    def fail(self, trial: Trial) -> None:
        """End a trial without a value; its point is free again."""
        self._study.tell(trial, state=TrialState.FAIL)
        self._count(trial.number, TrialState.FAIL)

    def _count(self, number: int, state: TrialState) -> None:
        if state is TrialState.RUNNING:
            self._running.add(number)
            return
        self._running.discard(number)
        self.finished += state is TrialState.COMPLETE

    def _mirror(self, trial: FrozenTrial) -> None:
        """Take in a trial of the database as it stands there: a new one, or one that has ended.

        What another program has finished is no value of ours: it takes its number and no more.
        """
        foreign = trial.state.is_finished() and not measured(trial, self._distributions)
        state = TrialState.FAIL if foreign else trial.state
        self._count(trial.number, state)
        if trial.number == len(self.trials):
            self._study.add_trial(create_trial(state=state) if foreign else trial)
            return
        if not foreign:
            for key, value in trial.user_attrs.items():
                self._memory.set_trial_user_attr(trial.number, key, value)
            for key, value in trial.system_attrs.items():
                self._memory.set_trial_system_attr(trial.number, key, value)
        values = None if foreign else trial.values
        self._memory.set_trial_state_values(trial.number, state, values)


class SharedDriver(Driver):
    """Trials in a database, shared by any number of processes.

    A process starts a trial while it holds the study's lock, and holds the trial's own lock until
    the trial is finished. So nobody starts a point twice, running trials count towards the target,
    and a trial that runs without its lock is one whose process has died: it is failed at once,
    and never another one.
    """

    def __init__(
        self, storage: SharedStorage, name: str, sampler: Sampler, target: int, stop: Stop
    ) -> None:
        super().__init__(sampler, target)
        self._storage = storage
        self._locks = storage.locks
        self._tables = TrialTables(storage, name)
        self._stop = stop

    def ask(self) -> Trial | SamplerStatus:
        """Start the next trial, or say why there is none (now, or any more)."""
        with self._locks.held(Key(self._tables.study), self._stop) as taken:
            if not taken:
                return SamplerStatus.WAIT
            self._storage.check()
            self._read()
            trial = super().ask()
            if isinstance(trial, Trial):
                self._locks.attempt(self._key(trial.number))
                self._tables.append(self.trials[trial.number :])
            return trial

    def tell(self, trial: Trial, outcome: Outcome) -> None:
        """Finish a trial."""
        super().tell(trial, outcome)
        self._finish(trial)

    def fail(self, trial: Trial) -> None:
        """End a trial without a value; its point is free again."""
        super().fail(trial)
        self._finish(trial)

    def _finish(self, trial: Trial) -> None:
        self._tables.finish(self.trials[trial.number])
        self._locks.release(self._key(trial.number))
        self._storage.check()

    def _key(self, number: int) -> Key:
        return Key.trial(self._tables.study, number)

    def _read(self) -> None:
        """Bring the mirror up to date, and fail the trials whose processes have died."""
        self._reflect()
        dead = [number for number in self._running if self._locks.free(self._key(number))]
        for number in dead:
            self._tables.fail(number)
        if dead:
            self._reflect()

    def _reflect(self) -> None:
        for trial in self._tables.changes():
            self._mirror(trial)


class BatchDriver(SharedDriver):
    """Trials in memory, written to a database that is ours alone a batch at a time."""

    def __init__(
        self,
        storage: SharedStorage,
        name: str,
        sampler: Sampler,
        target: int,
        stop: Stop,
        batch: int,
    ) -> None:
        super().__init__(storage, name, sampler, target, stop)
        self._batch = batch
        self._written = 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all others from starting trials, wait for those that run, and write in the end."""
        with self._locks.held(Key(self._tables.study), self._stop) as taken:
            while taken and not self._stop():
                self._read()
                if not self._running:
                    break
                time.sleep(WAIT_SECONDS)
            self._written = len(self.trials)
            try:
                yield
            finally:
                self._write()

    def ask(self) -> Trial | SamplerStatus:
        """Start the next trial, or say that there is none."""
        if len(self.trials) - self._written >= self._batch:
            self._write()
        return Driver.ask(self)

    def _finish(self, trial: Trial) -> None:
        """Leave it to the batch."""

    def _write(self) -> None:
        new = self.trials[self._written :]
        ended: Sequence[FrozenTrial] = list(
            itertools.takewhile(lambda trial: trial.state.is_finished(), new)
        )
        if ended:
            self._tables.append(ended)
            self._written += len(ended)
            self._storage.check()
