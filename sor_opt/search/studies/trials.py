"""Finished trials, as they are read from a study."""

from __future__ import annotations

from typing import Any, NamedTuple

from sor_opt.models.risk import RiskParams
from sor_opt.search.objective import Outcome


class FinishedTrial(NamedTuple):
    """One finished trial."""

    number: int
    params: RiskParams
    outcome: Outcome
    seconds: float


class ForeignTrial(NamedTuple):
    """A finished trial that sor_opt has not measured: its value means whatever it may."""

    number: int
    params: dict[str, Any]
    values: tuple[float, ...]
