"""Finished trials, as they are read from a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sor_opt.search.objective import Outcome
from sor_opt.search.space import Setting


class FinishedTrial(NamedTuple):
    """One finished trial, all that was set in it by name, and what it came to by each measure."""

    number: int
    params: Mapping[str, Setting]
    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def outcome(self) -> Outcome:
        """What it came to by the first measure, which most often is the only one."""
        return self.outcomes[0]

    @property
    def train(self) -> tuple[float, ...]:
        """The values that a search sees, one per measure."""
        return tuple(outcome.train_bps for outcome in self.outcomes)

    @property
    def test(self) -> tuple[float, ...]:
        """The same on the test orders."""
        return tuple(outcome.test_bps for outcome in self.outcomes)


class ForeignTrial(NamedTuple):
    """A finished trial that sor_opt has not measured: its value means whatever it may."""

    number: int
    params: dict[str, Any]
    values: tuple[float, ...]
