"""The points of one study as the first points of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sor_opt.errors import ConfigError
from sor_opt.search.space import Point, Space
from sor_opt.search.studies.trials import FinishedTrial


@dataclass(frozen=True)
class Seeds:
    """Points that a study evaluates before all others.

    Parameters
    ----------
    study : str
        The study that they are from.
    points : tuple of tuple of float
        In the order of the evaluations.
    outside : int
        How many points of that study lie outside the new one's space, and are left out.
    """

    study: str
    points: tuple[Point, ...]
    outside: int = 0

    @classmethod
    def choose(cls, study: str, ranked: Sequence[FinishedTrial], space: Space) -> Seeds:
        """Take each point of a study once, in the order of its trials, the best first.

        Raises
        ------
        ConfigError
            If the study has none, has not set all that the space moves, or has fixed at another
            value what the space fixes too, such as a unit.
        """
        if not ranked:
            raise ConfigError(f"study {study!r} has no finished trial to begin from")
        known = ranked[0].params
        missing = [name for name in space.names if name not in known]
        if missing:
            raise ConfigError(
                f"study {study!r} has no parameter {missing[0]}, which this run moves"
            )
        for name, value in space.fixed.items():
            if known.get(name, value) != value:
                raise ConfigError(f"study {study!r} has {name} {known[name]}, this run {value}")
        points = dict.fromkeys(space.point(trial.params) for trial in ranked)
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
    bounds = (axis.bounds for axis in space.axes)
    return all(low <= value <= high for value, (low, high) in zip(point, bounds, strict=True))
