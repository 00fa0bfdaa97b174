"""What a study has seen: its finished trials, and what it was made for."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna import Study
from optuna.trial import FrozenTrial, TrialState

from sor_opt.errors import ConfigError
from sor_opt.search.objective import Outcome
from sor_opt.search.pareto import front
from sor_opt.search.samplers.base import distributions
from sor_opt.search.space import Space
from sor_opt.search.studies.identity import (
    SAMPLER,
    SPACE,
    Identity,
    measures_of,
    upgraded,
)
from sor_opt.search.studies.locks import Key
from sor_opt.search.studies.mirror import measured, outcomes_of
from sor_opt.search.studies.seeds import Seeds
from sor_opt.search.studies.storage import SharedStorage, Storage
from sor_opt.search.studies.trials import FinishedTrial, ForeignTrial

if TYPE_CHECKING:
    import pandas as pd

_RECORD = "sor_opt"
"""The attribute of a study that holds its identity."""

_HEADLINE = "sor_opt_headline"
"""The attribute of a study that holds what its last run said of the best trial."""

_SEEDS = "seeds"
"""What the record holds beside the identity."""


@dataclass(frozen=True)
class History:
    """A study as it stands.

    Parameters
    ----------
    name : str
        The study.
    identity : dict
        What it was made for, see `sor_opt.search.studies.identity`.
    space : Space
        The space that it searches.
    trials : tuple of FinishedTrial
        Its finished trials in the order of their numbers.
    others : tuple of ForeignTrial
        Trials that another program has finished in it; never ranked, nor counted as finished.
    failed, pruned, running : int
        Its trials without a value, those given up, and those that run (or whose process has died).
    seeds : Seeds or None
        The points of another study that it began from.
    headline : dict or None
        What the last run said of the best trial, see `keep_headline`; None where another trial is
        the best by now.
    """

    name: str
    identity: Identity
    space: Space
    trials: tuple[FinishedTrial, ...]
    others: tuple[ForeignTrial, ...]
    failed: int
    pruned: int
    running: int
    seeds: Seeds | None
    headline: dict[str, Any] | None = None

    @property
    def sampler(self) -> str:
        """The name of its sampler."""
        return str(self.identity[SAMPLER])

    @property
    def measures(self) -> tuple[str, ...]:
        """What it minimises: the names of several measures, or the one in words."""
        return measures_of(self.identity)

    @property
    def best(self) -> FinishedTrial | None:
        """The finished trial of the lowest `train_bps`, the earliest among equals.

        None where there are several measures: which point of `front` is best is for a trader to
        say.
        """
        return None if len(self.measures) > 1 else next(iter(self.front), None)

    @property
    def front(self) -> tuple[FinishedTrial, ...]:
        """The finished trials that no other one beats, by their first value.

        Of trials with equal values the earliest stands for all. With one measure it is the best.
        """
        trained = np.array([trial.train for trial in self.trials])
        return tuple(self.trials[at] for at in front(trained.reshape(-1, len(self.measures))))

    @property
    def ranked(self) -> list[FinishedTrial]:
        """The finished trials, those of the front first, then by their first value."""
        ahead = self.front
        taken = {trial.number for trial in ahead}
        behind = (trial for trial in self.trials if trial.number not in taken)
        return [*ahead, *sorted(behind, key=lambda trial: trial.outcome.train_bps)]

    def frame(self) -> pd.DataFrame:
        """One row per finished trial: number, the parameters that move, all outcomes, seconds."""
        import pandas as pd

        names = self.space.names
        prefixes = [f"{name} " for name in self.measures] if len(self.measures) > 1 else [""]
        outcomes = [f"{prefix}{field}" for prefix in prefixes for field in Outcome._fields]
        rows = [
            (
                trial.number,
                *(trial.params[name] for name in names),
                *itertools.chain(*trial.outcomes),
                trial.seconds,
            )
            for trial in self.trials
        ]
        return pd.DataFrame(rows, columns=["number", *names, *outcomes, "seconds"])


def studies(storage: Storage) -> list[History]:
    """Read all of sor_opt's studies in a database, by name."""
    names = optuna.get_all_study_names(storage.trials)
    loaded = (optuna.load_study(study_name=name, storage=storage.trials) for name in names)
    return sorted((history(study) for study in loaded if identity_of(study)), key=lambda h: h.name)


def find(storage: Storage, name: str) -> History:
    """Read one study.

    Raises
    ------
    ConfigError
        If there is no such study, or sor_opt has not made it.
    """
    study = _load(storage, name)
    if not identity_of(study):
        raise ConfigError(f"study {name!r} in {storage.shown} was not made by sor-opt")
    return history(study)


def delete(storage: SharedStorage, name: str) -> None:
    """Delete a study with all of its trials.

    Raises
    ------
    ConfigError
        If there is no such study, or a process is running it.
    """
    study = _load(storage, name)
    key = storage.trials.get_study_id_from_name(name)
    with storage.locks.held(Key(key), give_up=lambda: True) as taken:
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        if not taken or not all(storage.locks.free(Key.trial(key, t.number)) for t in running):
            raise ConfigError(f"study {name!r} is being run; stop that first")
        optuna.delete_study(study_name=name, storage=storage.trials)


def sign(study: Study, identity: Identity, seeds: Seeds | None) -> None:
    """Keep with a new study what it is made for, all of it or nothing."""
    more = {} if seeds is None else {_SEEDS: seeds.record()}
    study.set_user_attr(_RECORD, {**identity, **more})


def keep_headline(storage: SharedStorage, name: str, trial: int, said: Mapping[str, Any]) -> None:
    """Keep with a study what a run says of its best trial, for those who read it without data.

    Parameters
    ----------
    storage : SharedStorage
    name : str
        The study.
    trial : int
        The number of the best trial.
    said : mapping
        Plain values.
    """
    study = _load(storage, name)
    record = {"trial": trial, "said": said}
    # As text, since NaN is not equal to itself.
    if json.dumps(study.user_attrs.get(_HEADLINE)) != json.dumps(record):
        study.set_user_attr(_HEADLINE, record)


def identity_of(study: Study) -> Identity:
    """Tell what a study was made for; empty where sor_opt has not made it."""
    record = _record(study)
    return upgraded({part: record[part] for part in record if part != _SEEDS}) if record else {}


def seeds_of(study: Study) -> Seeds | None:
    """Give the points that a study began from."""
    seeds = _record(study).get(_SEEDS)
    return None if seeds is None else Seeds.of_record(seeds)


def history(study: Study) -> History:
    """Read a study that sor_opt has made."""
    trials = study.get_trials(deepcopy=False)
    found = of_trials(study.study_name, identity_of(study), trials, seeds_of(study))
    kept = study.user_attrs.get(_HEADLINE, {})
    if found.best is None or kept.get("trial") != found.best.number:
        return found
    return replace(found, headline=kept["said"])


def of_trials(
    name: str, identity: Identity, trials: Sequence[FrozenTrial], seeds: Seeds | None = None
) -> History:
    """Make a history of Optuna's trials."""
    space = Space.of_record(identity[SPACE])
    allowed, measures = distributions(space), len(measures_of(identity))
    ours = {trial.number for trial in trials if measured(trial, allowed, measures)}
    states = Counter(trial.state for trial in trials)
    return History(
        name,
        identity,
        space,
        trials=tuple(_trial(space, trial) for trial in trials if trial.number in ours),
        others=tuple(
            ForeignTrial(trial.number, dict(trial.params), tuple(trial.values or ()))
            for trial in trials
            if trial.state is TrialState.COMPLETE and trial.number not in ours
        ),
        failed=states[TrialState.FAIL],
        pruned=states[TrialState.PRUNED],
        running=states[TrialState.RUNNING],
        seeds=seeds,
    )


def _record(study: Study) -> dict[str, Any]:
    record = study.user_attrs.get(_RECORD)
    return record if isinstance(record, dict) and {SAMPLER, SPACE} <= record.keys() else {}


def _trial(space: Space, trial: FrozenTrial) -> FinishedTrial:
    return FinishedTrial(
        trial.number,
        space.params(trial.params),
        outcomes_of(trial),
        trial.duration.total_seconds() if trial.duration else float("nan"),
    )


def _load(storage: Storage, name: str) -> Study:
    try:
        return optuna.load_study(study_name=name, storage=storage.trials)
    except KeyError:
        names = sorted(optuna.get_all_study_names(storage.trials))
        known = f"there are {', '.join(names)}" if names else "there are none"
        raise ConfigError(f"no study {name!r} in {storage.shown}; {known}") from None
