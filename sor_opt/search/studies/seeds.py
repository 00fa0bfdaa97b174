"""The points of one study as the first points of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sor_opt.errors import ConfigError
from sor_opt.search.narrowing import Point
from sor_opt.search.space import NAMES, Space
from sor_opt.search.studies.trials import FinishedTrial


@dataclass(frozen=True)
class Seeds:
    """Points that a study evaluates before all others.

    Parameters
    ----------
    study : str
        The study that they are from.
    points : tuple of tuple of float
        In the order of the evaluations; one value per parameter, as in
        `sor_opt.search.space.NAMES`.
    outside : int
        How many points of that study lie outside the new one's space, and are left out.
    """

    study: str
    points: tuple[Point, ...]
    outside: int = 0

    @classmethod
    def choose(cls, study: str, trials: Sequence[FinishedTrial], space: Space) -> Seeds:
        """Take each point of a study once, the best first and the earliest among equals.

        Raises
        ------
        ConfigError
            If the study has none, or they are in another unit than the space.
        """
        ranked = sorted(trials, key=lambda trial: trial.outcome.train_bps)
        points = dict.fromkeys(
            tuple(getattr(trial.params, name) for name in NAMES) for trial in ranked
        )
        if not points:
            raise ConfigError(f"study {study!r} has no finished trial to begin from")
        unit = trials[0].params.unit
        if unit != space.unit:
            raise ConfigError(f"study {study!r} is in the unit {unit}, this run in {space.unit}")
        inside = tuple(point for point in points if _holds(space, point))
        return cls(study, inside, len(points) - len(inside))

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Seeds:
        """Read what `record` wrote."""
        return cls(record["study"], tuple(map(tuple, record["points"])), record["outside"])

    def record(self) -> dict[str, Any]:
        """Give them as plain data."""
        return asdict(self)

    def describe(self) -> str:
        """Say in a few words what they are."""
        left = f"; {self.outside} more lie outside the space" if self.outside else ""
        return f"{len(self.points)} points of study {self.study}, the best first{left}"


def _holds(space: Space, point: Point) -> bool:
    bounds = map(space.bounds, NAMES)
    return all(low <= value <= high for value, (low, high) in zip(point, bounds, strict=True))
