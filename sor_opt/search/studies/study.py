"""Studies: searches that are kept, may be killed at any time, and go on where they were."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from shlex import quote

import optuna
from optuna import Study
from optuna.pruners import NopPruner

from sor_opt.errors import ConfigError, DataError, quoted
from sor_opt.extensions import source_digest
from sor_opt.search.objective import AnyObjective, Outcome, Outcomes
from sor_opt.search.samplers.base import Sampler
from sor_opt.search.samplers.registry import SAMPLERS, make_sampler
from sor_opt.search.samplers.seeded import SeededSampler
from sor_opt.search.space import Space
from sor_opt.search.studies.driver import Driver
from sor_opt.search.studies.history import (
    History,
    find,
    history,
    identity_of,
    of_trials,
    seeds_of,
    sign,
)
from sor_opt.search.studies.identity import (
    SAMPLER,
    SAMPLER_SOURCE,
    SPACE,
    Identity,
    differences,
    measures_of,
    plain,
)
from sor_opt.search.studies.interrupt import Stop, listening
from sor_opt.search.studies.keepers import BatchKeeper, NoKeeper, SharedKeeper
from sor_opt.search.studies.locks import Key
from sor_opt.search.studies.mirror import minimising
from sor_opt.search.studies.quiet import quiet_optuna
from sor_opt.search.studies.seeds import Seeds
from sor_opt.search.studies.storage import DEFAULT_STORAGE, SharedStorage, open_storage
from sor_opt.search.studies.trials import FinishedTrial
from sor_opt.search.studies.workers import run_workers

Progress = Callable[[int, int], None]
"""Called with (finished, target) as trials finish."""

MOST = {"trials": 100_000, "workers": 64, "batch": 10_000}
"""The highest counts of a run."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _silent(finished: int, target: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class StudyRun:
    """What a run of a study should do.

    Parameters
    ----------
    name : str
        The study; it is made where it does not exist.
    objective : AnyObjective
        What to minimise (`train_bps`), of one measure or of several.
    space : Space
        Where to look.
    sampler : str
        How to look, see `sor_opt.search.samplers.registry`; or ``path/to/mine.py:Class``.
    trials : int
        How many *finished* trials the study shall hold, >= 1; `MOST` has the bounds of this and
        of `workers` and `batch`.
    storage : str or None
        An Optuna URL or a SQLite file; None keeps the study in memory alone.
    seed : int
        Seed of everything random.
    workers : int
        Processes to run at once, >= 1.
    batch : int
        With more than 1, trials are kept in memory and saved so many at a time; a kill then costs
        one batch at most, and other processes wait for the study meanwhile.
    seed_from : str or None
        A study of the same storage whose points a new study evaluates first, the best of them
        first; they count among `trials`. A study that is resumed keeps those that it began from.
    """

    name: str
    objective: AnyObjective
    space: Space
    sampler: str
    trials: int
    storage: str | None = DEFAULT_STORAGE
    seed: int = 0
    workers: int = 1
    batch: int = 1
    seed_from: str | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= 200:
            raise ConfigError("a study's name must hold 1 to 200 characters")
        if not self.name.isprintable():
            shown = quoted(self.name)
            raise ConfigError(f"a study's name must hold no control characters, got {shown}")
        for name, most in MOST.items():
            count = getattr(self, name)
            if count < 1:
                raise ConfigError(f"{name} must be >= 1, got {count}")
            if count > most:
                raise ConfigError(f"{name} must be at most {most:,}, got {count:,}")
        if self.workers > 1 and (self.batch > 1 or self.storage is None):
            raise ConfigError("several workers need a storage and batches of 1: they share trials")
        if self.seed_from is not None and self.storage is None:
            raise ConfigError("seed_from needs a storage: it names a study there")
        if self.seed_from == self.name:
            raise ConfigError(f"a study cannot begin from itself, {self.name!r}; use another name")

    def identity(self) -> Identity:
        """Plain values that must be equal wherever trials shall share a study."""
        kind = SAMPLERS.find(self.sampler)
        source = source_digest(kind)
        return plain(
            {
                **self.objective.fingerprint(self.space.all_names),
                SPACE: self.space.record(),
                SAMPLER: kind.name,
                **({} if source is None else {SAMPLER_SOURCE: source}),
            }
        )

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """What is minimised, as of `measures_of`."""
        return measures_of(self.identity())

    def make_sampler(self) -> Sampler:
        """Make the sampler."""
        return make_sampler(self.sampler, self.space, self.seed, len(self.measures))


@dataclass(frozen=True)
class StudyResult:
    """What a run of a study came to.

    Parameters
    ----------
    history : History
        The study as it stands now.
    storage : str
        Where it is kept, without a password.
    target : int
        How many finished trials were asked for.
    added : int
        How many have finished since the run began.
    interrupted : bool
        Whether the user ended it.
    when_exhausted : str
        What it means for its sampler that no point is left.
    """

    history: History
    storage: str
    target: int
    added: int
    interrupted: bool
    when_exhausted: str

    @property
    def finished(self) -> int:
        """How many trials are finished."""
        return len(self.history.trials)

    @property
    def best(self) -> FinishedTrial | None:
        """The best finished trial."""
        return self.history.best

    def note(self) -> str:
        """Say in a line how the run ended."""
        if self.interrupted:
            return f"interrupted after {self.finished} of {self.target} trials"
        if self.finished < self.target:
            ended = f"ended after {self.finished} of {self.target} trials"
            return f"{ended}: {self.when_exhausted}"
        if self.added == 0:
            return f"nothing to do: {self.finished} of {self.target} trials are finished"
        return f"{self.finished} trials are finished, {self.added} of them new"


def run_study(run: StudyRun, progress: Progress = _silent) -> StudyResult:
    """Make a study or go on with it, until it holds as many finished trials as asked for.

    The first Ctrl-C or SIGTERM ends the run after the trial that is being evaluated; a second one
    fails that trial and raises KeyboardInterrupt.

    Raises
    ------
    ConfigError
        If the run is wrong in itself, or is made for something else than the study.
    DataError
        If the objective is undefined (NaN) at a point.
    StorageError
        If the storage cannot be reached or fails.
    """
    # First of all: what is listened for, nobody swallows.
    with listening(*_SIGNALS) as stop, quiet_optuna():
        sampler = run.make_sampler()  # complains before anything is written
        if run.storage is None:
            driver = Driver(sampler, run.trials, NoKeeper(), len(run.measures))
            _drive(driver, run, stop, progress)
            now = of_trials(run.name, run.identity(), driver.trials)
            return _result(run, "memory", now, 0, stop)
        with open_storage(run.storage, create=True) as storage, storage.watched():
            study = _enter(storage, run)
            sampler = _seeded(sampler, study)
            before = _finished(study)
            if before:
                storage.warn_of_times()
            _go(storage, study, run, sampler, stop, progress)
            storage.check()
            return _result(run, storage.shown, history(study), before, stop)


def _go(
    storage: SharedStorage,
    study: Study,
    run: StudyRun,
    sampler: Sampler,
    stop: Stop,
    progress: Progress,
) -> None:
    """Run what is left of a study, here or in processes of its own."""
    if run.workers == 1:
        _share(storage, run, sampler, stop, progress)
    elif _finished(study) < run.trials:
        run.objective.prepare()  # here, where a terminal shows that it compiles
        run_workers(run.workers, _Work(run), stop, lambda: progress(_finished(study), run.trials))


@dataclass(frozen=True)
class _Work:
    """What worker processes do; it is pickled into the first of them."""

    run: StudyRun

    def prepare(self) -> None:
        self.run.objective.prepare()
        with open_storage(self.run.storage or DEFAULT_STORAGE):
            pass  # half a second of the first opening is loading code

    def __call__(self, stop: Stop) -> None:
        with open_storage(self.run.storage or DEFAULT_STORAGE) as storage:
            study = optuna.load_study(study_name=self.run.name, storage=storage.trials)
            sampler = _seeded(self.run.make_sampler(), study)
            _share(storage, self.run, sampler, stop, _silent)


def _seeded(sampler: Sampler, study: Study) -> Sampler:
    """Let a sampler begin with the points that its study began from."""
    seeds = seeds_of(study)
    return SeededSampler(seeds.points, sampler) if seeds else sampler


def _share(
    storage: SharedStorage, run: StudyRun, sampler: Sampler, stop: Stop, progress: Progress
) -> None:
    """Run trials in this process, beside others that do the same."""
    shared = SharedKeeper(storage, run.name, stop)
    keeper = BatchKeeper(shared, run.batch, stop) if run.batch > 1 else shared
    _drive(Driver(sampler, run.trials, keeper, len(run.measures)), run, stop, progress)


def _drive(driver: Driver, run: StudyRun, stop: Stop, progress: Progress) -> None:
    driver.run(lambda values: _evaluate(run, values), stop, lambda done: progress(done, run.trials))


def _evaluate(run: StudyRun, values: dict[str, float]) -> Outcome | Outcomes:
    outcome = run.objective(run.space.params(values))
    if any(math.isnan(each.train_bps) for each in outcome.each):
        point = ", ".join(f"{name} {value:g}" for name, value in values.items())
        raise DataError(
            f"no train order has a shortfall at {point}", hint="check the orders with `backtest`"
        )
    return outcome


def _enter(storage: SharedStorage, run: StudyRun) -> Study:
    """Make or load the study, and refuse one that was made for something else."""
    directions = minimising(len(run.measures))
    with storage.locks.held(Key()):
        if not _is_made(storage, run.name):
            seeds = _seeds(storage, run)  # complains before anything is written
            study = optuna.create_study(
                storage=storage.trials,
                study_name=run.name,
                pruner=NopPruner(),
                directions=directions,
                load_if_exists=True,
            )
            if study.directions != directions:  # of a maker that was killed, or another program
                raise ConfigError(f"study {run.name!r} was begun otherwise; use another name")
            sign(study, run.identity(), seeds)
    study = optuna.load_study(study_name=run.name, storage=storage.trials, pruner=NopPruner())
    known = identity_of(study)
    if not known:
        raise ConfigError(f"study {run.name!r} was not made by sor-opt; use another name")
    apart = differences(known, run.identity())
    if apart:
        raise ConfigError(
            f"study {run.name!r} cannot go on with this run: {'; '.join(apart)}. Use another name; "
            f"--seed-from {quote(run.name)} begins there with the points of this study"
        )
    _check_seeds(study, run)
    return study


def _is_made(storage: SharedStorage, name: str) -> bool:
    """Whether there is a study that is more than a name; one whose maker was killed is none."""
    if name not in optuna.get_all_study_names(storage.trials):
        return False
    study = optuna.load_study(study_name=name, storage=storage.trials)
    return bool(study.user_attrs or study.get_trials(deepcopy=False))


def _seeds(storage: SharedStorage, run: StudyRun) -> Seeds | None:
    if run.seed_from is None:
        return None
    return Seeds.choose(run.seed_from, find(storage, run.seed_from).ranked, run.space)


def _check_seeds(study: Study, run: StudyRun) -> None:
    seeds = seeds_of(study)
    began = seeds.study if seeds else None
    if run.seed_from not in (None, began):
        origin = f"from study {began!r}" if began else "from no other study"
        raise ConfigError(
            f"study {run.name!r} began {origin}; leave out --seed-from, or use another name"
        )


def _finished(study: Study) -> int:
    return len(history(study).trials)


def _result(run: StudyRun, storage: str, now: History, before: int, stop: Stop) -> StudyResult:
    finished = len(now.trials)
    interrupted = stop() and finished < run.trials
    reason = SAMPLERS.find(run.sampler).when_exhausted
    return StudyResult(now, storage, run.trials, finished - before, interrupted, reason)
