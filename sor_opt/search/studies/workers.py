"""Several processes at one piece of work.

The first of them, the root, is made afresh. It unpickles the work, prepares it, and is then copied
(`fork`), with no Python thread beside it: the workers share its memory, so there is one tape and
one load of compiled code however many they are, and nothing is compiled twice.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from typing import Protocol

from sor_opt.errors import SorOptError
from sor_opt.extensions import dumps, own_error
from sor_opt.search.studies.interrupt import Stop, listening

_TICK_SECONDS = 0.2


class Work(Protocol):
    """What workers do."""

    def prepare(self) -> None:
        """Do once what all of them need."""

    def __call__(self, stop: Stop) -> None:
        """Do a worker's part, until it is asked to stop."""


def run_workers(count: int, work: Work, stop: Stop, tick: Callable[[], None]) -> None:
    """Run `work` in several processes until all have ended.

    A worker that is killed leaves its part to the others. When one fails, or the user wants to
    stop, the others end after the trial they are at.

    Parameters
    ----------
    count : int
        How many processes.
    work : Work
        What each does, given a `stop` of its own; it is pickled, a user's own classes too.
    stop : callable
        Whether the user wants to end it.
    tick : callable
        Called a few times a second.

    Raises
    ------
    SorOptError
        The first error of a worker; or if all of them were killed.
    """
    context = multiprocessing.get_context("spawn")  # fork is unsafe beside this one's threads
    errors: SimpleQueue[Exception] = context.SimpleQueue()
    root = context.Process(target=_root, args=(count, dumps(work), errors))
    # Ctrl-C reaches this process, which passes it on; what it starts has the signal blocked.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        root.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _attend([root], stop, tick)
    if not errors.empty():
        raise errors.get()
    if not stop() and root.exitcode:
        raise SorOptError("all workers were killed; the same command goes on where they were")


def _attend(processes: Sequence[BaseProcess], over: Stop, tick: Callable[[], None]) -> None:
    """Wait until all have ended, or ask them to end and then wait."""
    try:
        while not over() and (alive := [each for each in processes if each.is_alive()]):
            wait([each.sentinel for each in alive], timeout=_TICK_SECONDS)
            tick()
    finally:
        for each in processes:
            each.terminate()  # a request: they listen for it
        for each in processes:
            each.join()


def _root(count: int, packed: bytes, errors: SimpleQueue[Exception]) -> None:
    """Prepare the work, copy this process, and end when the copies have; in failure if all did."""
    try:
        work: Work = pickle.loads(packed)
        work.prepare()
    except Exception as error:
        errors.put(own_error(error))
        return
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_worker, args=(work, errors)) for _ in range(count)]
    for worker in workers:
        worker.start()  # before this process listens: a copy would receive the signal too
    with listening(signal.SIGTERM) as asked:
        _attend(workers, lambda: asked() or _orphaned() or not errors.empty(), lambda: None)
    sys.exit(all(worker.exitcode for worker in workers))


def _worker(work: Work, errors: SimpleQueue[Exception]) -> None:
    try:
        with listening(signal.SIGTERM) as asked:
            work(lambda: asked() or _orphaned())
    except Exception as error:
        errors.put(own_error(error))


def _orphaned() -> bool:
    """Whether the process that made this one has died."""
    parent = multiprocessing.parent_process()
    return parent is None or not parent.is_alive()
