"""What all routers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np

from sor_opt.allocators.base import Allocator
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.tape import FloatArray
from sor_opt.models.base import CostModel
from sor_opt.models.risk import RiskParams
from sor_opt.models.snapshot import Snapshot, queues_ahead
from sor_opt.models.windows import Through
from sor_opt.policies.context import Context
from sor_opt.policies.view import View

Leftover = Literal["carry", "sweep"]


@dataclass(frozen=True)
class Posting:
    """How the orders of a router that posts are handled.

    Such a router is asked once per slice. What it posts rests at the best bid until the slice ends.

    Parameters
    ----------
    leftover : {"carry", "sweep"}
        What a slice did not fill: is part of the next slice's target, or is bought, like what an
        order leaves at its horizon, from the slice's end on.
    through : {"fill", "volume"}
        What a print below the limit fills: all that we had there, or its own volume.
    """

    leftover: Leftover = "carry"
    through: Through = "fill"

    def __post_init__(self) -> None:
        if self.leftover not in get_args(Leftover):
            raise ConfigError(f"leftover must be carry or sweep, got {quoted(self.leftover)}")
        if self.through not in get_args(Through):
            raise ConfigError(f"through must be fill or volume, got {quoted(self.through)}")


class Split(NamedTuple):
    """Shares per venue to take at once and to post at the best bid; each of shape (K,)."""

    takes: FloatArray
    posts: FloatArray


class Compiled(NamedTuple):
    """A router for compiled code.

    Attributes
    ----------
    split : callable
        A function made by `sor_opt.compiled.compiled`, called as ``split(form, quotes, due, takes,
        posts)``: it writes the shares for the venues of `LiveQuotes` to arrays of shape (K,) that
        are 0 before. What it takes beyond the display does not execute. It raises nothing: an
        error in compiled code that is called by its address is lost.
    form : NamedTuple
        The router's parameters on plain numbers and arrays.
    """

    split: Callable[..., None]
    form: Any


class NoParameters(NamedTuple):
    """The form of a router that has none."""

    unused: int = 0


class Router(ABC):
    """Says to which venues the shares that are due are sent.

    Attributes
    ----------
    name : str
        The class's own name by default.
    posting : Posting, optional
        None for a router that only takes: it is asked whenever shares are due.
    risk : RiskParams, optional
        What its cost model weighs; None for a router without one.
    """

    name: ClassVar[str]
    posting: Posting | None = None
    risk: RiskParams | None = None

    def __init_subclass__(cls) -> None:
        """Name a class that does not name itself."""
        if "name" not in cls.__dict__:
            cls.name = cls.__name__

    def prepare(self, context: Context) -> Router:
        """Give a router that has learned what it needs; this one needs nothing.

        Raises
        ------
        DataError, ConfigError
            If the data does not tell it, or the orders are none for this router.
        """
        del context
        return self

    def doubts(self, context: Context, points: Sequence[Router]) -> Iterator[str]:
        """What makes its results doubtful, a line each.

        Parameters
        ----------
        context : Context
        points : sequence of Router
            This one with all the parameters that it will trade with.
        """
        del context, points
        return iter(())

    @abstractmethod
    def split(self, view: View, due: float) -> FloatArray | Split:
        """Split what is due at a decision.

        Parameters
        ----------
        view : View
        due : float
            Shares, > 0.

        Returns
        -------
        float64 ndarray, shape (K,)
            Shares to take at once from each venue of the view, immediate-or-cancel at the ask seen:
            >= 0 and at most what is left there. A router with a `posting` gives a `Split`.
        """

    @property
    def is_compiled(self) -> bool:
        """Whether `compiled` gives something, once it is prepared."""
        return False

    def compiled(self) -> Compiled | None:
        """The same for compiled code; None where there is Python alone."""
        return None


def run_compiled(router: Compiled, view: View, due: float) -> Split:
    """Let a compiled router split what is due for a Python caller, up to what is left."""
    takes, posts = np.zeros(len(view.venues)), np.zeros(len(view.venues))
    router.split(router.form, view.quotes(), due, takes, posts)
    return Split(np.minimum(takes, view.ask_left), posts)


def snapshot_of(view: View, outflows: FloatArray | None = None) -> Snapshot:
    """What a cost model sees of a view: what is left of it, and, if wanted, outflows."""
    return Snapshot(
        view.venues,
        view.ask,
        view.ask_left,
        view.bid,
        view.bid_left,
        view.fee,
        view.rebate,
        queues_ahead(view.bid, view.bid_left, view.best_bid),
        view.best_bid,
        view.best_ask,
        view.mid,
        outflows,
    )


def taken(
    model: CostModel, allocator: Allocator, view: View, due: float, risk: RiskParams
) -> FloatArray:
    """Shares to take from each venue, by the cheapest split of a model that takes alone.

    Raises
    ------
    ConfigError, SolverError
        If the model or the allocator refuses it.
    """
    problem = model.problem(snapshot_of(view), due, risk)
    sent = np.asarray(allocator.solve(problem).rungs * problem.step)
    return np.minimum(sent, view.ask_left)


class CompiledRouter(Router):
    """A router that takes, and whose split is compiled, for Python too."""

    @property
    def is_compiled(self) -> bool:
        """It is."""
        return True

    @abstractmethod
    def compiled(self) -> Compiled:
        """The split, and the parameters that it reads."""

    def split(self, view: View, due: float) -> FloatArray:
        """Split what is due as compiled code does."""
        return run_compiled(self.compiled(), view, due).takes


class ModelRouter(Router):
    """A router written for one cost model: compiled, unless another allocator solves its splits.

    Attributes
    ----------
    written_for : type
        The cost model's class.
    model : CostModel
        One of this class.
    allocator : Allocator, optional
        None for the fast one, compiled.

    Raises
    ------
    ConfigError
        If the model is another one.
    """

    written_for: ClassVar[type[CostModel]]
    model: CostModel
    allocator: Allocator | None

    def __post_init__(self) -> None:
        if not isinstance(self.model, self.written_for):
            raise ConfigError(
                f"the router {self.name} is written for the {self.written_for.name} model; the "
                f"router cost takes {quoted(self.model.name)}"
            )

    @property
    def is_compiled(self) -> bool:
        """Whether there is no other allocator."""
        return self.allocator is None

    def compiled(self) -> Compiled | None:
        """The split by the fast allocator; None with another one."""
        return self._compiled() if self.allocator is None else None

    def split(self, view: View, due: float) -> FloatArray | Split:
        """Solve the cost model's problem.

        Raises
        ------
        SolverError
            If the allocator refuses it.
        """
        if self.allocator is not None:
            return self._solve(self.allocator, view, due)
        split = run_compiled(self._compiled(), view, due)
        return split.takes if self.posting is None else split

    @abstractmethod
    def _compiled(self) -> Compiled:
        """The split by the fast allocator, and the parameters that it reads."""

    @abstractmethod
    def _solve(self, allocator: Allocator, view: View, due: float) -> FloatArray | Split:
        """The split by an allocator."""
