"""Where a study's trials are kept, beside the memory that its sampler reads."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from optuna.trial import FrozenTrial

from sor_opt.search.studies.interrupt import Stop
from sor_opt.search.studies.known_tables import KnownTables
from sor_opt.search.studies.locks import Key
from sor_opt.search.studies.public_calls import PublicCalls
from sor_opt.search.studies.storage import SharedStorage
from sor_opt.search.studies.stored import StoredTrials

WAIT_SECONDS = 0.02
"""How long a process waits that has nothing to do yet."""


class Keeper(ABC):
    """Keeps the trials that a driver begins and ends, and knows those of other processes."""

    @contextmanager
    def session(self) -> Iterator[None]:
        """Surround all that a driver does."""
        yield

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Keep others from starting trials during a block; it is False where the user ends it."""
        yield True

    @abstractmethod
    def refresh(self) -> Sequence[FrozenTrial]:
        """Give the trials that others have started or ended since the last call, as they stand."""

    @abstractmethod
    def begin(self, trial: FrozenTrial) -> None:
        """Keep a trial that has begun; called within a turn."""

    @abstractmethod
    def end(self, trial: FrozenTrial) -> None:
        """Keep what a trial came to."""


class NoKeeper(Keeper):
    """Leaves trials to the memory."""

    def refresh(self) -> Sequence[FrozenTrial]:
        """Give none: there are no others."""
        return ()

    def begin(self, trial: FrozenTrial) -> None:
        """Do nothing."""

    def end(self, trial: FrozenTrial) -> None:
        """Do nothing."""


class SharedKeeper(Keeper):
    """Keeps trials in a database, shared by any number of processes.

    A process starts a trial while it holds the study's lock, and holds the trial's own lock until
    the trial is finished. So nobody starts a point twice, running trials count towards the target,
    and a trial that runs without its lock is one whose process has died: it is failed at once,
    and never another one.

    Parameters
    ----------
    storage : SharedStorage
        The database.
    name : str
        The study.
    stop : callable
        Whether the user wants to end it.
    """

    def __init__(self, storage: SharedStorage, name: str, stop: Stop) -> None:
        self._storage = storage
        self._locks = storage.locks
        self._stop = stop
        way = KnownTables if storage.version.known else PublicCalls
        self.trials: StoredTrials = way(storage, name)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Hold the study's lock."""
        with self._locks.held(Key(self.trials.study), self._stop) as taken:
            yield taken

    def refresh(self) -> list[FrozenTrial]:
        """Read what is new, and fail the trials whose processes have died."""
        self._storage.check()
        news = self.trials.changes()
        dead = [number for number in self.trials.running if self._locks.free(self._key(number))]
        for number in dead:
            self.trials.fail(number)
        return [*news, *self.trials.changes()] if dead else news

    def begin(self, trial: FrozenTrial) -> None:
        """Write that it runs."""
        self._locks.attempt(self._key(trial.number))
        self.trials.append([trial])

    def end(self, trial: FrozenTrial) -> None:
        """Write its outcome."""
        self.trials.finish(trial)
        self._locks.release(self._key(trial.number))
        self._storage.check()

    def append(self, trials: Sequence[FrozenTrial]) -> None:
        """Write trials that have ended."""
        self.trials.append(trials)
        self._storage.check()

    def _key(self, number: int) -> Key:
        return Key.trial(self.trials.study, number)


class BatchKeeper(Keeper):
    """Keeps a study to itself, and writes its trials so many at a time.

    Parameters
    ----------
    shared : SharedKeeper
        What reads and writes them.
    size : int
        How many are written at once.
    stop : callable
        Whether the user wants to end it.
    """

    def __init__(self, shared: SharedKeeper, size: int, stop: Stop) -> None:
        self._shared = shared
        self._size = size
        self._stop = stop
        self._news: list[FrozenTrial] = []
        self._batch: list[FrozenTrial] = []

    @contextmanager
    def session(self) -> Iterator[None]:
        """Keep all others from starting trials, wait for those that run, and write in the end."""
        with self._shared.turn() as taken:
            while taken and not self._stop():
                self._news += self._shared.refresh()
                if not self._shared.trials.running:
                    break
                time.sleep(WAIT_SECONDS)
            try:
                yield
            finally:
                self._write()

    def refresh(self) -> list[FrozenTrial]:
        """Give what others did before."""
        news, self._news = self._news, []
        return news

    def begin(self, trial: FrozenTrial) -> None:
        """Leave it to the batch."""

    def end(self, trial: FrozenTrial) -> None:
        """Write the batch when it is full."""
        self._batch.append(trial)
        if len(self._batch) >= self._size:
            self._write()

    def _write(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            self._shared.append(batch)
