"""What a loader is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sor_opt.market.loaders.header import Header
from sor_opt.market.loaders.source import Source
from sor_opt.market.tape import Quotes, Tape

_NONE = np.empty(0)
NO_QUOTES = Quotes(_NONE.astype(np.int64), _NONE.astype(np.int64), _NONE, _NONE, _NONE, _NONE)
"""What a file of trades holds of quotes."""


@dataclass(frozen=True)
class Example:
    """A small file of a format, by which the format is known and tested.

    Parameters
    ----------
    text : str
        A CSV of three or four rows of one symbol, in time order; the quotes show both sides.
    time, venue, price, size, symbol : str
        Columns by the part they play: of quotes a price of a bid and a size of an ask.
    trades : bool
        Whether it is a file of trades.
    day : str
        The column that holds the day, where the time does not.
    nan_prices : bool
        Whether NaN stands for a price that is missing; where it does not it is refused.
    """

    text: str
    time: str
    venue: str
    price: str
    size: str
    symbol: str
    trades: bool = False
    day: str = ""
    nan_prices: bool = True


class Loader(ABC):
    """Turns files of one format into tapes.

    A new format is one file with a subclass and one row in ``registry.py``; the conformance suite
    in ``tests/market`` then runs over it.

    Attributes
    ----------
    name : str
        The format in a word; the class's own name by default.
    title : str
        What messages call the format; the name by default.
    examples : tuple of Example
        Files of quotes, and of trades; what the suite runs over.
    signature : frozenset of str
        Columns that tell the format; two of them recognise it, so that a file that lacks one is
        still refused for what it lacks.
    spellings : mapping of str to str
        The loader's name of a column by each way to write it, in small letters; columns that are
        not in it are known by their names in small letters.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    examples: ClassVar[tuple[Example, ...]] = ()
    signature: ClassVar[frozenset[str]] = frozenset()
    spellings: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls) -> None:
        """Name a class that does not name itself."""
        if "name" not in cls.__dict__:
            cls.name = cls.__name__
        if "title" not in cls.__dict__:
            cls.title = cls.name

    def header(self, head: bytes) -> Header:
        """Read a CSV's header from the first few KB of its content."""
        return Header.of_csv(head, self.spellings)

    def recognises(self, head: bytes) -> bool:
        """Whether a file that starts with `head` (decompressed) is of this format."""
        return len(self.signature.intersection(self.header(head).names)) >= 2

    @abstractmethod
    def load(self, source: Source, symbol: str | None, timezone: str | None) -> Tape:
        """Read the quotes, the trades or both that the file holds.

        A file of trades gives a tape without quotes. Blank, NaN and zero numbers are kept: such a
        number empties its side. So are numbers that cannot be: the registry empties their sides,
        for all formats alike. A quote that the file says is not firm is emptied by the loader, NaN
        on both sides, and counted in the tape's ``emptied``.

        Parameters
        ----------
        source : Source
        symbol : str or None
            Which symbol, where the file holds several.
        timezone : str or None
            A known zone: of times without an offset, and of the tape; None leaves both to the file.

        Raises
        ------
        DataError
            If a column is missing, a row cannot be read, a price or size is negative, a time cannot
            be or runs backwards, a venue is unknown, or several symbols are found and `symbol` is
            None.
        """
