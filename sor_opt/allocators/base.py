"""What an allocator is, and how it keeps to a time limit."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import perf_counter
from typing import ClassVar, Self

import numpy as np

from sor_opt.errors import ConfigError, SolverError
from sor_opt.models.ladder import Allocation, LadderProblem

EXAMPLES = tuple(
    LadderProblem(("A",), np.array([0, 2]), np.full((2, count), 60.0), np.ones(2), 90.0, 0.1, 0.1)
    for count in (1, 2)
)
"""Problems that are solved at once, to compile what solves them."""

_SLOWEST, _FASTEST = 10_000_000, 1_000_000_000
"""Steps of a search per second: what to begin with, and more than any machine takes."""

_WORTH = 0.8
"""Part of the time left that another attempt may be meant to take."""


def check_time_limit(seconds: float) -> None:
    """Refuse what is no time limit.

    Raises
    ------
    ConfigError
    """
    if not 0 < seconds < math.inf:
        raise ConfigError(f"time_limit must be > 0, got {seconds:g}")


class Clock:
    """Counts the seconds of one solve.

    Parameters
    ----------
    limit : float, optional
        Seconds that it may take.
    """

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self._start = perf_counter()

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return perf_counter() - self._start

    @property
    def left(self) -> float:
        """Seconds that are left; infinite without a limit."""
        return math.inf if self.limit is None else self.limit - self.seconds

    def require(self, failure: str, reserve: float = 0.0) -> float:
        """Seconds that are left beyond a reserve.

        Raises
        ------
        SolverError
            If there are none; `failure` says what comes of it.
        """
        left = self.left - reserve
        if left <= 0:
            raise SolverError(
                f"{failure}: the time limit of {self.limit:g} s is over; give it more --time-limit"
            )
        return left

    def within(self, attempt: Callable[[int], bool], most: int) -> bool:
        """Attempt a compiled search, which cannot look at the clock, with as many steps as fit.

        There is always an attempt, of one step where the time is over: what it began with is an
        answer too.

        Parameters
        ----------
        attempt : callable
            Searches from the beginning for at most so many steps; tells whether it came to an end.
            It is called once at least, even if no time is left.
        most : int
            Steps to take without a time limit, and at most with one.

        Returns
        -------
        bool
            Whether an attempt came to an end.
        """
        if self.limit is None:
            return attempt(most)
        steps, tried = max(1, int(_SLOWEST * self.left / 2)), 0
        while min(steps, most) > tried:
            tried, began = min(steps, most), self.seconds
            if attempt(tried):
                return True
            pace = min(_FASTEST, tried / max(self.seconds - began, 1e-9))
            steps = int(_WORTH * pace * self.left)
        return False


class Allocator(ABC):
    """Solves ladder problems.

    A new allocator is one file with a subclass and one row in ``registry.py``; the conformance
    suite in ``tests/allocators`` then runs over it.
    """

    name: ClassVar[str]

    time_limit: float | None = None
    """Seconds that a solve may take, about; None for as long as it needs."""

    @property
    def proves(self) -> bool:
        """Whether an answer claims to be proven, as all but approximations do."""
        return True

    def within(self, seconds: float) -> Self:
        """The same allocator with a time limit, or with the tighter one of two.

        When the time is over an allocator gives the best selection that it has as "feasible", or
        raises SolverError where it has none.

        Raises
        ------
        ConfigError
            If it is not > 0.
        """
        check_time_limit(seconds)
        other = copy.copy(self)
        other.time_limit = min(seconds, self.time_limit or math.inf)
        other.warm_up()
        return other

    def warm_up(self) -> None:  # noqa: B027 (most have nothing to compile)
        """Compile what is needed, where that counts: it is no part of the time limit."""

    @abstractmethod
    def solve(self, problem: LadderProblem) -> Allocation:
        """Find the cheapest selection of rungs.

        Among equal costs (see `sor_opt.models.ladder.tie_tolerance`) the fewest shares sent win,
        then the earliest ladder; an integer program cannot promise these two.

        Raises
        ------
        SolverError
            If the solver refuses the problem, fails, or finds nothing in its time.
        """
