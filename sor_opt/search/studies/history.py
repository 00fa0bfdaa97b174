"""What a study has seen: its finished trials, and what it was made for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import optuna
from optuna import Study
from optuna.trial import FrozenTrial, TrialState

from sor_opt.errors import ConfigError, StorageError
from sor_opt.model.risk import RiskParams
from sor_opt.search.objective import Outcome
from sor_opt.search.space import NAMES, Space
from sor_opt.search.studies.desk import TEST_ATTRIBUTE
from sor_opt.search.studies.locks import Key
from sor_opt.search.studies.storage import Storage

if TYPE_CHECKING:
    import pandas as pd

IDENTITY_ATTRIBUTE = "sor_opt"
SAMPLER, SPACE = "sampler", "space"


class Visit(NamedTuple):
    """One finished trial."""

    number: int
    params: RiskParams
    outcome: Outcome
    seconds: float


@dataclass(frozen=True)
class History:
    """A study as it stands.

    Parameters
    ----------
    name : str
        The study.
    identity : dict of str to str
        What it was made for: data, orders, policy, space, objective, sampler.
    space : Space
        The space that it searches.
    visits : tuple of Visit
        Its finished trials in the order of their numbers.
    failed, running : int
        Its trials without a value, and those that run (or whose process has died).
    """

    name: str
    identity: dict[str, str]
    space: Space
    visits: tuple[Visit, ...]
    failed: int
    running: int

    @property
    def sampler(self) -> str:
        """The name of its sampler."""
        return self.identity[SAMPLER]

    @property
    def best(self) -> Visit | None:
        """The finished trial of the lowest `train_bps`, the earliest among equals."""
        return min(self.visits, key=lambda visit: visit.outcome.train_bps, default=None)

    def frame(self) -> pd.DataFrame:
        """One row per finished trial: number, the parameters, both outcomes, seconds."""
        import pandas as pd

        rows = [
            {
                "number": visit.number,
                **{name: getattr(visit.params, name) for name in NAMES},
                **visit.outcome._asdict(),
                "seconds": visit.seconds,
            }
            for visit in self.visits
        ]
        return pd.DataFrame(rows, columns=["number", *NAMES, *Outcome._fields, "seconds"])


def studies(storage: Storage) -> list[History]:
    """Read all of sor_opt's studies in a database, by name."""
    names = optuna.get_all_study_names(storage.trials)
    loaded = (optuna.load_study(study_name=name, storage=storage.trials) for name in names)
    return sorted((history(study) for study in loaded if identity_of(study)), key=lambda h: h.name)


def find(storage: Storage, name: str) -> History:
    """Read one study.

    Raises
    ------
    StorageError
        If there is no such study, or sor_opt has not made it.
    """
    study = _load(storage, name)
    if not identity_of(study):
        raise StorageError(f"study {name!r} in {storage.shown} was not made by sor-opt")
    return history(study)


def delete(storage: Storage, name: str) -> None:
    """Delete a study with all of its trials.

    Raises
    ------
    StorageError
        If there is no such study.
    ConfigError
        If a process is running it.
    """
    study = _load(storage, name)
    key = storage.trials.get_study_id_from_name(name)
    with storage.locks.held(Key(key), give_up=lambda: True) as taken:
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        if not taken or not all(storage.locks.free(Key.trial(key, t.number)) for t in running):
            raise ConfigError(f"study {name!r} is being run; stop that first")
        optuna.delete_study(study_name=name, storage=storage.trials)


def identity_of(study: Study) -> dict[str, str]:
    """Tell what a study was made for; empty where sor_opt has not made it."""
    return dict(study.user_attrs.get(IDENTITY_ATTRIBUTE, {}))


def history(study: Study) -> History:
    """Read a study that sor_opt has made."""
    identity = identity_of(study)
    return of_trials(study.study_name, identity, study.get_trials(deepcopy=False))


def of_trials(name: str, identity: dict[str, str], trials: Sequence[FrozenTrial]) -> History:
    """Make a history of Optuna's trials."""
    space = _space(identity)
    states = [trial.state for trial in trials]
    return History(
        name,
        identity,
        space,
        tuple(_visits(space, trials)),
        failed=states.count(TrialState.FAIL),
        running=states.count(TrialState.RUNNING),
    )


def space_text(space: Space) -> str:
    """Write a space as one line of an identity."""
    return json.dumps(asdict(space))


def _space(identity: dict[str, str]) -> Space:
    values: dict[str, Any] = json.loads(identity[SPACE])
    levels = {name: tuple(values[name]) for name in NAMES}
    return Space(**{**values, **levels})


def _visits(space: Space, trials: Iterable[FrozenTrial]) -> Iterable[Visit]:
    for trial in trials:
        if trial.state is not TrialState.COMPLETE or trial.value is None:
            continue
        test = trial.user_attrs.get(TEST_ATTRIBUTE)
        yield Visit(
            trial.number,
            space.params(trial.params),
            Outcome(trial.value, float("nan") if test is None else test),
            trial.duration.total_seconds() if trial.duration else float("nan"),
        )


def _load(storage: Storage, name: str) -> Study:
    try:
        return optuna.load_study(study_name=name, storage=storage.trials)
    except KeyError:
        names = sorted(optuna.get_all_study_names(storage.trials))
        known = f"there are {', '.join(names)}" if names else "there are none"
        raise StorageError(f"no study {name!r} in {storage.shown}; {known}") from None
