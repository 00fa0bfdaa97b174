"""What a cost model is: it says what a split costs, as a ladder problem."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sor_opt.errors import ConfigError, quoted
from sor_opt.models.case import Case
from sor_opt.models.ladder import LadderProblem
from sor_opt.models.outflow import Outflow
from sor_opt.models.risk import RiskParams
from sor_opt.models.snapshot import Snapshot


class Drawn(NamedTuple):
    """An instance that was drawn at random, in its parts."""

    case: Case
    model: CostModel
    outflow: Outflow | None = None


@dataclass(frozen=True)
class CostModel(ABC):
    """Says what a split of an order over venues costs.

    A cost model is a frozen dataclass, whose fields are its parameters, with one method,
    `compile`; the other ones have defaults. One of the package is one file and one row in
    ``registry.py``.

    Attributes
    ----------
    name : str
        The class's own name by default.
    step : float
        Shares per chunk, as in its problems; a model that lets it be set has a field of this name.
    posts : bool
        Whether it posts too: then a ladder per venue to take from is followed by one per venue to
        post at. Otherwise there is a ladder per venue alone.
    needs_outflows : bool
        Whether a snapshot must have outflows.
    without_mid : str
        What a user may do who has a book without a mid, for an error.
    assumptions : tuple of str
        What it assumes of the penalties, by name; `doubts` says where it does not hold.
    """

    name: ClassVar[str]
    step = 100.0
    posts: ClassVar[bool] = False
    needs_outflows: ClassVar[bool] = False
    without_mid: ClassVar[str] = ""
    assumptions: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Name a class that does not name itself."""
        if "name" not in cls.__dict__:
            cls.name = cls.__name__

    @property
    def needs_mid(self) -> bool:
        """Whether a book must show a bid and an ask."""
        return True

    @abstractmethod
    def compile(self, snapshot: Snapshot, target: float, risk: RiskParams) -> LadderProblem:
        """Compile a snapshot to a ladder problem.

        Parameters
        ----------
        snapshot : Snapshot
            K venues.
        target : float
            S, shares, > 0.
        risk : RiskParams

        Returns
        -------
        LadderProblem
            With K ladders in the order of the venues, or 2K, see `posts`.

        Raises
        ------
        ConfigError
            If a number is out of its range.
        """

    def problem(self, snapshot: Snapshot, target: float, risk: RiskParams) -> LadderProblem:
        """What `compile` gives, checked.

        Raises
        ------
        ConfigError
            If it is no ladder problem, or has another number of ladders.
        """
        made: Any = self.compile(snapshot, target, risk)
        if not isinstance(made, LadderProblem):
            raise ConfigError(
                f"the model {self.name} must compile to a LadderProblem, got {quoted(made)}"
            )
        ladders = len(snapshot.venues) * (1 + self.posts)
        if len(made.names) != ladders:
            raise ConfigError(
                f"the model {self.name} must give {ladders} ladders for "
                f"{len(snapshot.venues)} venues, got {len(made.names)}"
            )
        return made

    def variants(self) -> Sequence[CostModel]:
        """The models that `validate` holds the allocators against in place of this one."""
        return (self,)

    def doubts(self, snapshot: Snapshot, risk: RiskParams) -> list[str]:
        """What makes the penalties doubtful at one moment, a line each."""
        del snapshot, risk
        return []

    def draw(self, case: Case, rng: np.random.Generator, outside: bool = False) -> Drawn:
        """Draw an instance of this model from a random case.

        Parameters
        ----------
        case : Case
            Two-sided, with an order whose size is known.
        rng : numpy.random.Generator
        outside : bool
            Whether the penalties may break the model's assumptions.
        """
        del rng, outside
        return Drawn(case, self)
