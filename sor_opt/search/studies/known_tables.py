"""Trials in tables that are known, read and written a transaction at a time.

Optuna writes every parameter, attribute and state of a trial in a transaction of its own, and reads
them back one by one; here a trial costs two transactions, or a batch of trials one. The tables are
Optuna's own, so its dashboard and its library read what is written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Table, func, insert, or_, select, update

from sor_opt.errors import StorageError
from sor_opt.search.studies.storage import SharedStorage
from sor_opt.search.studies.stored import GROWN, StoredTrials
from sor_opt.search.studies.tables import PARAMS, SYSTEM_ATTRIBUTES, TRIALS, USER_ATTRIBUTES, VALUES

_Row = dict[str, Any]


class KnownTables(StoredTrials):
    """A study's trials in the tables of `tables`; several are added all or none."""

    def __init__(self, storage: SharedStorage, name: str) -> None:
        super().__init__(storage, name)
        self._engine = storage.engine
        self._ids: list[int] = []  # of the trials by number

    def fail(self, number: int) -> None:
        """End a trial whose process has died, unless it has finished after all."""
        with self._engine.begin() as connection:
            _end(connection, self._ids[number], TrialState.FAIL)

    def _changes(self) -> list[FrozenTrial]:
        last = self._ids[-1] if self._ids else 0
        ran = [self._ids[number] for number in self.running]
        changed = or_(
            TRIALS.c.trial_id > last,
            TRIALS.c.trial_id.in_(ran) & (TRIALS.c.state != TrialState.RUNNING),
        )
        query = select(TRIALS.c.trial_id).where(TRIALS.c.study_id == self.study, changed)
        with self._engine.connect() as connection:
            ids = list(connection.scalars(query.order_by(TRIALS.c.trial_id)))
        self._ids += [key for key in ids if key > last]
        if self._ids == ids:  # none were known: Optuna reads all of them at once
            return self._optuna.get_all_trials(self.study, deepcopy=False)[: len(ids)]
        return [self._optuna.get_trial(key) for key in ids]

    def _append(self, trials: Sequence[FrozenTrial]) -> None:
        with self._engine.begin() as connection:
            ids = self._insert(connection, trials)
            pairs = list(zip(ids, trials, strict=True))
            _insert(connection, PARAMS, _params(pairs))
            _insert_outcomes(connection, [pair for pair in pairs if pair[1].state.is_finished()])
        self._ids += ids

    def _finish(self, trial: FrozenTrial) -> bool:
        key = self._ids[trial.number]
        with self._engine.begin() as connection:
            running = _end(connection, key, trial.state)
            if running:
                _insert_outcomes(connection, [(key, trial)])
        return running

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
        numbered = insert(TRIALS).returning(TRIALS.c.trial_id, sort_by_parameter_order=True)
        ids = connection.scalars(numbered, rows).all()
        mine = TRIALS.c.study_id == self.study
        if connection.scalar(select(func.count()).where(mine)) != trials[-1].number + 1:
            raise StorageError(GROWN)
        return ids


def _end(connection: Connection, key: int, state: TrialState) -> bool:
    """End a trial, and say whether it was running."""
    running = (TRIALS.c.trial_id == key) & (TRIALS.c.state == TrialState.RUNNING)
    ended = {"state": state, "datetime_complete": _utc(datetime.now())}
    return connection.execute(update(TRIALS).where(running).values(ended)).rowcount == 1


def _insert_outcomes(connection: Connection, pairs: Sequence[tuple[int, FrozenTrial]]) -> None:
    _insert(connection, VALUES, _values(pairs))
    users = ((key, trial.user_attrs) for key, trial in pairs)
    _insert(connection, USER_ATTRIBUTES, _attributes(users))
    systems = ((key, trial.system_attrs) for key, trial in pairs)
    _insert(connection, SYSTEM_ATTRIBUTES, _attributes(systems))


def _insert(connection: Connection, table: Table, rows: list[_Row]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _values(pairs: Sequence[tuple[int, FrozenTrial]]) -> list[_Row]:
    return [
        {"trial_id": key, "objective": objective, **_stored(value)}
        for key, trial in pairs
        for objective, value in enumerate(trial.values or ())
    ]


def _stored(value: float) -> _Row:
    """Give a value as it is stored; Optuna takes none that is NaN."""
    if math.isfinite(value):
        return {"value": value, "value_type": "FINITE"}
    return {"value": None, "value_type": "INF_POS" if value > 0 else "INF_NEG"}


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
