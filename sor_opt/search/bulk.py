"""Many finished trials in one transaction, in the tables of Optuna 5.

Optuna's own way to add a trial costs a transaction and some twenty statements each; here a batch
costs one transaction and six statements.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, Engine, Table, func, insert, select

from sor_opt.errors import StorageError

_Row = dict[str, Any]


def append(engine: Engine, study: int, trials: Sequence[FrozenTrial]) -> None:
    """Add finished trials to a study, all or none of them.

    Parameters
    ----------
    engine : Engine
        A database with Optuna's tables.
    study : int
        The study's id.
    trials : sequence of FrozenTrial
        Finished trials, numbered on from the study's last one.

    Raises
    ------
    StorageError
        If the study has grown meanwhile, so that the numbers are taken.
    """
    with engine.begin() as connection:
        ids = _insert_trials(connection, study, trials)
        pairs = list(zip(ids, trials, strict=True))
        _insert(connection, models.TrialValueModel, _values(pairs))
        _insert(connection, models.TrialParamModel, _params(pairs))
        for model, attrs in (
            (models.TrialUserAttributeModel, "user_attrs"),
            (models.TrialSystemAttributeModel, "system_attrs"),
        ):
            _insert(connection, model, _attributes(pairs, attrs))


def _insert_trials(
    connection: Connection, study: int, trials: Sequence[FrozenTrial]
) -> Sequence[int]:
    table: Table = models.TrialModel.__table__
    rows = [
        {
            "study_id": study,
            "number": trial.number,
            "state": trial.state,
            "datetime_start": _utc(trial.datetime_start),
            "datetime_complete": _utc(trial.datetime_complete),
        }
        for trial in trials
    ]
    returning = insert(table).returning(table.c.trial_id, sort_by_parameter_order=True)
    ids = connection.scalars(returning, rows).all()
    held = connection.scalar(
        select(func.count()).select_from(table).where(table.c.study_id == study)
    )
    if held != trials[-1].number + 1:
        raise StorageError("another program has added trials to the study that is being written")
    return ids


def _insert(connection: Connection, model: Any, rows: list[_Row]) -> None:
    if rows:
        connection.execute(insert(model.__table__), rows)


def _values(pairs: list[tuple[int, FrozenTrial]]) -> list[_Row]:
    rows = []
    for key, trial in pairs:
        for objective, number in enumerate(trial.values or ()):
            value, kind = models.TrialValueModel.value_to_stored_repr(number)
            rows.append(
                {"trial_id": key, "objective": objective, "value": value, "value_type": kind}
            )
    return rows


def _params(pairs: list[tuple[int, FrozenTrial]]) -> list[_Row]:
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


def _attributes(pairs: list[tuple[int, FrozenTrial]], attrs: str) -> list[_Row]:
    return [
        {"trial_id": key, "key": name, "value_json": json.dumps(value)}
        for key, trial in pairs
        for name, value in getattr(trial, attrs).items()
    ]


def _utc(moment: datetime | None) -> datetime | None:
    """Convert naive local time, which Optuna shows, to naive UTC, which it stores."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)
