"""The trials of one study in the tables of Optuna 5, read and written a transaction at a time.

Optuna writes every parameter, attribute and state of a trial in a transaction of its own, and reads
them back one by one; here a trial costs two transactions, or a batch of trials one. The tables are
Optuna's own, so its dashboard and its library read what is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Table, func, insert, or_, select, update

from sor_opt.errors import StorageError
from sor_opt.search.studies.storage import SharedStorage

_Row = dict[str, Any]
_TRIALS: Table = models.TrialModel.__table__


class TrialTables:
    """A study's trials in Optuna's tables, as one process reads and writes them.

    Whoever calls `append` has held the study's lock since `changes`: the numbers it uses are free.
    """

    def __init__(self, storage: SharedStorage, name: str) -> None:
        self.study = storage.trials.get_study_id_from_name(name)
        self._trials = storage.trials
        self._engine = storage.engine
        self._ids: list[int] = []  # of the trials by number
        self._open: set[int] = set()  # ids of those that were not finished when last seen

    def changes(self) -> list[FrozenTrial]:
        """Read the trials that are new, or have finished, since the last call, by number.

        Raises
        ------
        StorageError
            If another program has queued trials, which only Optuna can take from the queue.
        """
        if not self._ids:
            trials = self._trials.get_all_trials(self.study, deepcopy=False)
        else:
            trials = [self._trials.get_trial(key) for key in self._changed()]
        if any(trial.state is TrialState.WAITING for trial in trials):
            raise StorageError(
                "another program has queued trials in this study; let it run or delete them"
            )
        for trial in trials:
            self._note(trial._trial_id, trial.state)
        return trials

    def append(self, trials: Sequence[FrozenTrial]) -> None:
        """Add trials, running or finished, all or none of them.

        Raises
        ------
        StorageError
            If the study has grown meanwhile, so that the numbers are taken.
        """
        with self._engine.begin() as connection:
            ids = self._insert(connection, trials)
            pairs = list(zip(ids, trials, strict=True))
            _insert(connection, models.TrialParamModel, _params(pairs))
            _insert_outcomes(connection, [pair for pair in pairs if pair[1].state.is_finished()])
        for key, trial in pairs:
            self._note(key, trial.state)

    def finish(self, trial: FrozenTrial) -> None:
        """Write the outcome of a running trial that has finished.

        Raises
        ------
        StorageError
            If another program has ended the trial.
        """
        key = self._ids[trial.number]
        with self._engine.begin() as connection:
            if not self._end(connection, key, trial.state):
                raise StorageError(
                    f"another program has ended trial {trial.number}; the same command goes on"
                )
            _insert_outcomes(connection, [(key, trial)])
        self._note(key, trial.state)

    def fail(self, number: int) -> None:
        """End a trial whose process has died, unless it has finished after all."""
        with self._engine.begin() as connection:
            self._end(connection, self._ids[number], TrialState.FAIL)

    def _note(self, key: int, state: TrialState) -> None:
        if not self._ids or key > self._ids[-1]:
            self._ids.append(key)
        (self._open.discard if state.is_finished() else self._open.add)(key)

    def _changed(self) -> list[int]:
        changed = or_(
            _TRIALS.c.trial_id > self._ids[-1],
            _TRIALS.c.trial_id.in_(self._open) & (_TRIALS.c.state != TrialState.RUNNING),
        )
        query = select(_TRIALS.c.trial_id).where(_TRIALS.c.study_id == self.study, changed)
        with self._engine.connect() as connection:
            return list(connection.scalars(query.order_by(_TRIALS.c.trial_id)))

    def _insert(self, connection: Connection, trials: Sequence[FrozenTrial]) -> Sequence[int]:
        rows = [
            {
                "study_id": self.study,
                "number": trial.number,
                "state": trial.state,
                "datetime_start": _utc(trial.datetime_start),
                "datetime_complete": _utc(trial.datetime_complete),
            }
            for trial in trials
        ]
        numbered = insert(_TRIALS).returning(_TRIALS.c.trial_id, sort_by_parameter_order=True)
        ids = connection.scalars(numbered, rows).all()
        mine = _TRIALS.c.study_id == self.study
        if connection.scalar(select(func.count()).where(mine)) != trials[-1].number + 1:
            raise StorageError(
                "another program has added trials to this study meanwhile; the same command goes on"
            )
        return ids

    def _end(self, connection: Connection, key: int, state: TrialState) -> bool:
        running = (_TRIALS.c.trial_id == key) & (_TRIALS.c.state == TrialState.RUNNING)
        ended = {"state": state, "datetime_complete": _utc(datetime.now())}
        return connection.execute(update(_TRIALS).where(running).values(ended)).rowcount == 1


def _insert_outcomes(connection: Connection, pairs: Sequence[tuple[int, FrozenTrial]]) -> None:
    _insert(connection, models.TrialValueModel, _values(pairs))
    users = ((key, trial.user_attrs) for key, trial in pairs)
    _insert(connection, models.TrialUserAttributeModel, _attributes(users))
    systems = ((key, trial.system_attrs) for key, trial in pairs)
    _insert(connection, models.TrialSystemAttributeModel, _attributes(systems))


def _insert(connection: Connection, model: Any, rows: list[_Row]) -> None:
    if rows:
        connection.execute(insert(model.__table__), rows)


def _values(pairs: Sequence[tuple[int, FrozenTrial]]) -> list[_Row]:
    rows = []
    for key, trial in pairs:
        for objective, number in enumerate(trial.values or ()):
            value, kind = models.TrialValueModel.value_to_stored_repr(number)
            rows.append(
                {"trial_id": key, "objective": objective, "value": value, "value_type": kind}
            )
    return rows


def _params(pairs: Sequence[tuple[int, FrozenTrial]]) -> list[_Row]:
    return [
        {
            "trial_id": key,
            "param_name": name,
            "param_value": trial.distributions[name].to_internal_repr(value),
            "distribution_json": distribution_to_json(trial.distributions[name]),
        }
        for key, trial in pairs
        for name, value in trial.params.items()
    ]


def _attributes(pairs: Iterable[tuple[int, dict[str, Any]]]) -> list[_Row]:
    return [
        {"trial_id": key, "key": name, "value_json": json.dumps(value)}
        for key, attributes in pairs
        for name, value in attributes.items()
    ]


def _utc(moment: datetime | None) -> datetime | None:
    """Convert naive local time, which Optuna shows, to naive UTC, which it stores."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)
