"""Several processes at one piece of work."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue

from sor_opt.errors import SorOptError
from sor_opt.search.studies.interrupt import Stop, listening

_TICK_SECONDS = 0.2

Work = Callable[[Stop], None]


def run_workers(count: int, work: Work, stop: Stop, tick: Callable[[], None]) -> None:
    """Run `work` in several processes until all have ended.

    A worker that is killed leaves its part to the others. When one fails, or the user wants to
    stop, the others end after the trial they are at.

    Parameters
    ----------
    count : int
        How many processes.
    work : callable
        What each does, given a `stop` of its own; it is pickled.
    stop : callable
        Whether the user wants to end it.
    tick : callable
        Called a few times a second.

    Raises
    ------
    SorOptError
        The first error of a worker; or if all of them were killed.
    """
    context = multiprocessing.get_context("forkserver")  # fork alone is unsafe beside threads
    context.set_forkserver_preload(["sor_opt.search.studies.study"])
    errors: SimpleQueue[Exception] = context.SimpleQueue()
    workers = [context.Process(target=_worker, args=(work, errors)) for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
        _watch(workers, lambda: stop() or not errors.empty(), tick)
    finally:
        for worker in workers:
            worker.terminate()  # no more than a wish: see `_worker`
            worker.join()
    if not errors.empty():
        raise errors.get()
    if not stop() and all(worker.exitcode for worker in workers):
        raise SorOptError("all workers were killed; the same command goes on where they were")


def _watch(workers: Sequence[BaseProcess], over: Stop, tick: Callable[[], None]) -> None:
    while alive := [worker for worker in workers if worker.is_alive()]:
        if over():
            return
        wait([worker.sentinel for worker in alive], timeout=_TICK_SECONDS)
        tick()


def _worker(work: Work, errors: SimpleQueue[Exception]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, who then says so
    parent = multiprocessing.parent_process()
    try:
        with listening(signal.SIGTERM) as asked:
            work(lambda: asked() or parent is None or not parent.is_alive())
    except Exception as error:
        errors.put(error)
