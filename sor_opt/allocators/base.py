"""What an allocator is, and how it keeps to a time limit."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Annotated, ClassVar, Self

import numpy as np

from sor_opt.errors import ConfigError, SolverError
from sor_opt.models.ladder import Allocation, LadderProblem
from sor_opt.params import Param

EXAMPLES = tuple(
    LadderProblem(("A",), np.array([0, 2]), np.full((2, count), 60.0), np.ones(2), 90.0, 0.1, 0.1)
    for count in (1, 2)
)
"""Problems that are solved at once, to compile what solves them."""

_SLOWEST, _FASTEST = 10_000_000, 1_000_000_000
"""Steps of a search per second: what to begin with, and more than any machine takes."""

_WORTH = 0.8
"""Part of the time left that another attempt may be meant to take."""


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


@dataclass(frozen=True)
class IntegerParams:
    """When an integer program may stop.

    Parameters
    ----------
    gap : float
        Relative gap at which the solver may stop, >= 0; with 0 it stops at the optimum.
    max_terms : int
        Terms above which a program is not written, >= 1: half a minute and some gigabytes go into
        writing as many as it is by default.
    """

    gap: Annotated[float, Param("relative gap at which an integer program may stop")] = 0.0
    max_terms: Annotated[int, Param("above which an integer program is not written", "terms")] = (
        5_000_000
    )

    def __post_init__(self) -> None:
        if self.max_terms < 1:
            raise ConfigError(f"max_terms must be >= 1, got {self.max_terms:,}")
        if not 0 <= self.gap < math.inf:
            raise ConfigError(f"gap must be >= 0, got {self.gap:g}")


@dataclass(frozen=True)
class Allocator(ABC):
    """Solves ladder problems.

    An allocator is a frozen dataclass, whose fields are its parameters, with one method, `solve`.
    One of the package is one file with a subclass and one row in ``registry.py``; the conformance
    suite in ``tests/allocators`` then runs over it.

    Parameters
    ----------
    time_limit : float, optional
        Seconds that a solve may take, about, > 0; None for as long as it needs.
    progress : callable, optional
        Called with (points done, points in all) by an allocator that counts points, before it
        begins and as it goes on.

    Attributes
    ----------
    name : str
        The class's own name by default.
    breaks_ties : bool
        Whether of several selections that tie it proves the one that `solve` tells of.
    """

    name: ClassVar[str]
    breaks_ties: ClassVar[bool] = True

    time_limit: Annotated[float | None, Param("what a solve may take", "s")] = field(
        default=None, kw_only=True
    )
    progress: Callable[[int, int], None] | None = field(
        default=None, kw_only=True, repr=False, compare=False
    )

    def __init_subclass__(cls) -> None:
        """Name a class that does not name itself."""
        if "name" not in cls.__dict__:
            cls.name = cls.__name__

    def __post_init__(self) -> None:
        if self.time_limit is not None and not 0 < self.time_limit < math.inf:
            raise ConfigError(f"time_limit must be > 0, got {self.time_limit:g}")

    @property
    def proves(self) -> bool:
        """Whether an answer claims to be proven, as all but approximations do."""
        return True

    def proving(self) -> Self:
        """The same, so that it proves its answers where it can."""
        return self

    def takes(self, problem: LadderProblem) -> bool:
        """Whether a problem is of a kind that it solves."""
        del problem
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
        limited = replace(self, time_limit=seconds)
        if self.time_limit is not None and self.time_limit < seconds:
            limited = self
        limited.warm_up()
        return limited

    def warm_up(self) -> None:  # noqa: B027 (most have nothing to compile)
        """Compile what is needed, where that counts: it is no part of the time limit."""

    @abstractmethod
    def solve(self, problem: LadderProblem) -> Allocation:
        """Find the cheapest selection of rungs.

        Among equal costs (see `sor_opt.models.ladder.tie_tolerance`) the fewest shares sent win,
        then the earliest ladder, if it `breaks_ties`.

        Raises
        ------
        SolverError
            If it does not take the problem, fails, or finds nothing in its time.
        """
