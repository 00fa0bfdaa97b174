"""What all schedules share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

from sor_opt.market.book import DUST
from sor_opt.policies.context import Context
from sor_opt.policies.view import Progress

Timing = Literal["slice", "print", "decision"]


class Schedule(ABC):
    """Says how many shares of a parent order should have been bought by now.

    Attributes
    ----------
    name : str
        The class's own name by default.
    timing : {"slice", "print", "decision"}
        What the shares due depend on, `Progress` apart: the slice alone; also the volume printed;
        or the whole `View`. With the first two all is asked before the replay, which then need not
        call Python; the last is asked at every decision on a book that can be traded on, and what
        it said stands until the next one.

    A schedule that is asked beforehand is a frozen dataclass, or keeps what it says.
    """

    name: ClassVar[str]
    timing: ClassVar[Timing] = "decision"

    def __init_subclass__(cls) -> None:
        """Name a class that does not name itself."""
        if "name" not in cls.__dict__:
            cls.name = cls.__name__

    def prepare(self, context: Context) -> Schedule:
        """Give a schedule that has learned what it needs; this one needs nothing.

        Raises
        ------
        DataError
            If the data does not tell it.
        """
        del context
        return self

    @abstractmethod
    def due(self, view: Any) -> float:
        """Shares that should have been bought by now, or by the end of the slice.

        Parameters
        ----------
        view : Progress or View
            A `View` with the timing "decision".

        Returns
        -------
        float
            0 to `view.size`; the horizon's end completes an order whatever is due.
        """


def whole_shares(view: Progress, shares: float) -> float:
    """Round shares of an order down to whole ones; all of it is not rounded.

    A billionth that is missing is rounding.
    """
    return view.size if shares >= view.size else float(shares * (1 + DUST) // 1)
