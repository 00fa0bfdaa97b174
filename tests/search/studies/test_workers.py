"""Workers share what is prepared once, and end whoever of them is killed."""

from __future__ import annotations

import os
import time

import pytest
from search_fakes import SPACE, Killing, Prepared, Staircase, points

from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.errors import SorOptError, StorageError
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND
from sor_opt.models.venues import FeeSchedule
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.studies.study import StudyRun, run_study


def study(objective, database, trials=27, workers=2):
    run = StudyRun("one", objective, SPACE, "grid", trials, database, workers=workers)
    return run_study(run)


def outcomes(result):
    return {
        point: trial.outcome
        for point, trial in zip(points(result.history), result.history.trials, strict=True)
    }


def lines(log):
    return log.read_text().splitlines()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_share_what_the_process_that_they_are_copies_of_has_prepared(database, tmp_path):
    log = tmp_path / "log"
    study(Prepared(log, seconds=0.05), database)
    prepared, parents, workers = map(set, zip(*map(str.split, lines(log)), strict=True))
    assert prepared == parents
    assert len(prepared) == 1
    assert len(workers) == 2
    assert not workers & prepared
    assert str(os.getpid()) not in prepared


def test_a_worker_that_is_killed_leaves_its_part_to_the_other(database, tmp_path):
    log = tmp_path / "log"
    result = study(Killing(log, seconds=0.05), database)
    assert outcomes(result) == outcomes(study(Staircase(), None, workers=1))
    assert result.history.running == 0
    assert len(lines(log)) == 28


def test_without_the_process_that_they_are_copies_of_workers_end(database, tmp_path, read):
    log = tmp_path / "log"
    with pytest.raises(SorOptError, match="all workers were killed; the same command goes on"):
        study(Killing(log, seconds=0.05, whom=os.getppid), database)
    workers = {int(line.split()[0]) for line in lines(log)}
    deadline = time.monotonic() + 60
    while any(map(alive, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert 5 <= len(read(database, "one").trials) < 27
    assert study(Staircase(), database, workers=1).finished == 27


def test_what_fails_before_there_are_workers_is_reported(database, tmp_path, monkeypatch):
    """The storage is gone when it is opened for them."""
    from sor_opt.search.studies import study as module

    go = module._go

    def lose(*given):
        for file in (tmp_path / "folder").iterdir():
            file.unlink()
        go(*given)

    monkeypatch.setattr(module, "_go", lose)
    with pytest.raises(StorageError, match="was removed during the run"):
        study(Staircase(), database)


def test_a_study_is_the_same_for_any_number_of_threads_and_workers(database):
    tape = generate(SyntheticParams(seed=3, minutes=10))
    orders = make_orders(tape, OrderParams(size=1000, horizon=60 * SECOND, every=90 * SECOND))
    market = prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())
    alone = study(ShortfallObjective(market), None, workers=1)
    assert outcomes(study(ShortfallObjective(market, jobs=3), None, workers=1)) == outcomes(alone)
    # The threads are no part of what a study is for: it goes on with another number of them.
    study(ShortfallObjective(market), database, trials=5, workers=1)
    shared = study(ShortfallObjective(market, jobs=2), database)
    assert (shared.added, outcomes(shared)) == (22, outcomes(alone))
