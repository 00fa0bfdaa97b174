"""What a kept study costs per trial, against bare Optuna with the same sampler in the same run.

    python benchmarks/studies.py [--trials 1000]

The objective costs nothing, so the times are those of sampling and storing. Each line is printed
with the target it is held to.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import RDBStorage

from sor_opt.policies.registry import named
from sor_opt.search.objective import Outcome
from sor_opt.search.space import Setting, Space
from sor_opt.search.studies.storage import open_storage
from sor_opt.search.studies.study import StudyRun, run_study

SEED = 1
SPACE = Space.of(named("static"))
LEVELS = {"grid": (11, 11, 9), "adaptive": (10, 10, 9)}  # 1,089 points; 900, then the walks
BARE: dict[str, Callable[[], BaseSampler]] = {
    "random": lambda: RandomSampler(seed=SEED),
    "tpe": lambda: TPESampler(seed=SEED, multivariate=True, constant_liar=True),
}


@dataclass(frozen=True)
class Bowl:
    """An objective that costs nothing."""

    def __call__(self, params: Mapping[str, Setting]) -> Outcome:
        """Give the distance to a point that no search reaches."""
        value = sum(np.log(float(params[name]) / 0.00031) ** 2 for name in SPACE.names)
        return Outcome(float(value), float(value))

    def prepare(self) -> None:
        """Nothing is to be done."""

    def fingerprint(self, without: Collection[str]) -> dict[str, str]:  # noqa: ARG002
        """Name it."""
        return {"data": "none"}


class WalConnection(sqlite3.Connection):
    """The tuning that a user of bare Optuna can have as well."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")


def bare(name: str, trials: int, wal: bool) -> float:
    """Seconds per trial of bare Optuna, which stores both outcomes as well."""
    bowl, space = Bowl(), SPACE

    def objective(trial: optuna.Trial) -> float:
        values = {
            axis.name: trial.suggest_float(axis.name, *axis.bounds, log=True) for axis in space.axes
        }
        outcome = bowl(space.params(values))
        trial.set_user_attr("test_bps", outcome.test_bps)
        return outcome.train_bps

    settings = {"connect_args": {"factory": WalConnection}} if wal else {}
    with tempfile.TemporaryDirectory() as folder:
        storage = RDBStorage(f"sqlite:///{folder}/bare.db", settings)
        study = optuna.create_study(storage=storage, sampler=BARE[name]())
        begin = time.perf_counter()
        study.optimize(objective, n_trials=trials)
        return (time.perf_counter() - begin) / trials


def kept(
    name: str, trials: int, batch: int = 1, space: Space = SPACE, *, known: bool = True
) -> np.ndarray:
    """Seconds of each trial of a kept study, in tables that are known or by public calls."""
    ends = [time.perf_counter()]
    with tempfile.TemporaryDirectory() as folder:
        where = str(Path(folder) / "kept.db")
        if not known:
            with open_storage(where, create=True) as storage, storage.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE version_info SET schema_version = 0")
        run = StudyRun(name, Bowl(), space, name, trials, where, SEED, batch=batch)
        run_study(run, lambda *_: ends.append(time.perf_counter()))
    return np.diff(ends)


def dense(counts: tuple[int, ...]) -> Space:
    """Make a space of so many levels per parameter."""
    levels = {
        axis.name: np.geomspace(axis.levels[0], 4 * axis.levels[0], count).tolist()
        for axis, count in zip(SPACE.axes, counts, strict=True)
    }
    return Space.of(named("static"), levels)


def grown(seconds: np.ndarray) -> float:
    """Compare the last trials with those around the 100th, by medians against a noisy machine."""
    return float(np.median(seconds[-100:]) / np.median(seconds[50:150]))


def report(what: str, ratio: float, target: str, good: bool) -> None:
    """Print a line."""
    print(f"{what:58s} {ratio:7.2f}   {target}  {'ok' if good else 'MISSED'}")


def main() -> None:
    """Run and print all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    trials = parser.parse_args().trials
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # for the bare studies
    kept("random", 20)  # what is loaded and compiled once is no trial's cost
    for name in BARE:
        wal, default = bare(name, trials, wal=True), bare(name, trials, wal=False)
        single, batched = kept(name, trials).mean(), kept(name, trials, batch=100).mean()
        calls = kept(name, trials, known=False).mean()
        calls_batched = kept(name, trials, batch=100, known=False).mean()
        print(
            f"{name}: bare {1e3 * default:.2f} ms, bare on WAL {1e3 * wal:.2f} ms, "
            f"kept {1e3 * single:.2f} ms, in batches {1e3 * batched:.2f} ms a trial; "
            f"by public calls {1e3 * calls:.2f} ms, in batches {1e3 * calls_batched:.2f} ms"
        )
        report(f"{name}: kept / bare on WAL", single / wal, "<= 0.4", single <= 0.4 * wal)
        report(f"{name}: by public calls / bare on WAL", calls / wal, "<= 1.3", calls <= 1.3 * wal)
        report(f"{name}: bare on WAL / batched", wal / batched, ">= 3", wal >= 3 * batched)
        report(f"{name}: bare / batched", default / batched, ">= 3", default >= 3 * batched)
    for name, counts in LEVELS.items():
        for batch in (1, 100):
            growth = np.median([grown(kept(name, trials, batch, dense(counts))) for _ in range(5)])
            what = f"{name}, batches of {batch}: last trials / trials around 100"
            report(what, growth, "<= 1.5", growth <= 1.5)


if __name__ == "__main__":
    main()
