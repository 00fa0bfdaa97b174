"""Optuna's tables, as far as they are read and written here, and what a database says of them.

They are those of Optuna 3.6 to 5.0. Whoever uses them looks first whether a database has these.
"""

from __future__ import annotations

from typing import NamedTuple

from optuna.trial import TrialState
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Enum,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    select,
)

_METADATA = MetaData()

TRIALS = Table(
    "trials",
    _METADATA,
    Column("trial_id", Integer, primary_key=True),
    Column("number", Integer),
    Column("study_id", Integer),
    Column("state", Enum(TrialState), nullable=False),
    Column("datetime_start", DateTime),  # UTC
    Column("datetime_complete", DateTime),  # UTC
)

PARAMS = Table(
    "trial_params",
    _METADATA,
    Column("param_id", Integer, primary_key=True),
    Column("trial_id", Integer),
    Column("param_name", String(512)),
    Column("param_value", Float(53)),
    Column("distribution_json", Text),
)

VALUES = Table(
    "trial_values",
    _METADATA,
    Column("trial_value_id", Integer, primary_key=True),
    Column("trial_id", Integer, nullable=False),
    Column("objective", Integer, nullable=False),
    Column("value", Float(53)),  # NULL where it is infinite
    Column("value_type", Enum("FINITE", "INF_POS", "INF_NEG", name="trialvaluetype")),
)

USER_ATTRIBUTES = Table(
    "trial_user_attributes",
    _METADATA,
    Column("trial_user_attribute_id", Integer, primary_key=True),
    Column("trial_id", Integer),
    Column("key", String(512)),
    Column("value_json", Text),
)

SYSTEM_ATTRIBUTES = Table(
    "trial_system_attributes",
    _METADATA,
    Column("trial_system_attribute_id", Integer, primary_key=True),
    Column("trial_id", Integer),
    Column("key", String(512)),
    Column("value_json", Text),
)

_VERSION_INFO = Table(
    "version_info",
    _METADATA,
    Column("version_info_id", Integer, primary_key=True),
    Column("schema_version", Integer),
    Column("library_version", String(256)),
)

_MIGRATION = Table("alembic_version", _METADATA, Column("version_num", String(32)))

KNOWN = (12, "v3.2.0.a")
"""The version of the tables above, and the last of Optuna's migrations that changed them.

Optuna has left the first as it is since it keeps count of migrations; each of them can change.
"""

_FIRST_OF_UTC = 5
"""The major version of Optuna from which on times are stored in UTC."""


class Version(NamedTuple):
    """What a database says of its tables.

    Parameters
    ----------
    schema : int
        Their version.
    migration : str
        The last migration.
    library : str
        The version of Optuna that made them, or has upgraded them since. Optuna leaves it as it is
        when it merely opens a database.
    """

    schema: int
    migration: str
    library: str

    @classmethod
    def read(cls, connection: Connection) -> Version:
        """Read it from a database that Optuna has opened."""
        info = connection.execute(
            select(_VERSION_INFO.c.schema_version, _VERSION_INFO.c.library_version)
        ).one()
        migration = connection.execute(select(_MIGRATION.c.version_num)).scalar_one()
        return cls(info.schema_version, migration, info.library_version)

    @property
    def known(self) -> bool:
        """Whether the tables are those of this module."""
        return (self.schema, self.migration) == KNOWN

    @property
    def local_times(self) -> bool:
        """Whether some of its times may be local ones, which Optuna reads as UTC by now."""
        major = self.library.partition(".")[0]
        return major.isdecimal() and int(major) < _FIRST_OF_UTC
