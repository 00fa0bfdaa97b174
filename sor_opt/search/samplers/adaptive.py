"""The grid first, then leaps over the whole space, and walks around the best point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sor_opt.search.narrowing import Round, narrow, rounds
from sor_opt.search.samplers.base import SamplerStatus, SequenceSampler
from sor_opt.search.space import Point, Space


class AdaptiveSampler(SequenceSampler):
    """Follows the rule of `sor_opt.search.narrowing`; it is over when nothing is left to evaluate.

    A round's points follow from the values of all rounds before it, whatever the order in which
    these finished, so a worker that is early waits for the round to be complete.
    """

    name = "adaptive"
    when_exhausted = "nothing is left to evaluate"
    seeded = False

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._points: list[Point] = []
        self._rounds: Iterator[Round] | None = None
        self._last: tuple[Point, ...] = ()  # the points of the round that is under way

    @classmethod
    def rounds(cls, space: Space, values: Mapping[Point, float]) -> list[Round]:
        """The rounds so far; the last may be unfinished."""
        return rounds(space, values)

    def point(self, slot: int, values: Mapping[Point, float]) -> Point | SamplerStatus:
        """Give the point number `slot` of the rounds, which follow from `values`."""
        if self._rounds is None:
            self._rounds = narrow(self.space, values)
        while slot >= len(self._points):
            if not all(point in values for point in self._last):
                return SamplerStatus.WAIT
            following = next(self._rounds, None)
            if following is None:
                return SamplerStatus.EXHAUSTED
            self._last = following.points
            self._points += self._last
        return self._points[slot]
