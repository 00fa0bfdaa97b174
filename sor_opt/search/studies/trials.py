"""Finished trials, as they are read from a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sor_opt.search.objective import Outcome
from sor_opt.search.space import Setting


class FinishedTrial(NamedTuple):
    """One finished trial, and all that was set in it by name."""

    number: int
    params: Mapping[str, Setting]
    outcome: Outcome
    seconds: float


class ForeignTrial(NamedTuple):
    """A finished trial that sor_opt has not measured: its value means whatever it may."""

    number: int
    params: dict[str, Any]
    values: tuple[float, ...]
