"""What an allocator is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from sor_opt.model.ladder import Allocation, LadderProblem


class Allocator(ABC):
    """Solves ladder problems.

    A new allocator is one file with a subclass and one row in ``registry.py``; the conformance
    suite in ``tests/allocators`` then runs over it.
    """

    name: ClassVar[str]

    @property
    def proves(self) -> bool:
        """Whether an answer claims to be proven, as all but approximations do."""
        return True

    @abstractmethod
    def solve(self, problem: LadderProblem) -> Allocation:
        """Find the cheapest climb.

        Among equal costs (see `sor_opt.model.ladder.tie_tolerance`) the fewest shares sent win,
        then the earliest ladder; an integer program cannot promise these two.

        Raises
        ------
        SolverError
            If the solver refuses the problem or fails.
        """
