"""What a loader is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from sor_opt.market.loaders.header import Header
from sor_opt.market.loaders.source import Source
from sor_opt.market.tape import Quotes, Tape

_NONE = np.empty(0)
NO_QUOTES = Quotes(_NONE.astype(np.int64), _NONE.astype(np.int64), _NONE, _NONE, _NONE, _NONE)
"""What a file of trades holds of quotes."""


class Loader(ABC):
    """Turns files of one format into tapes.

    A new format is one file with a subclass and one row in ``registry.py``; the conformance suite
    in ``tests/market`` then runs over it.

    Attributes
    ----------
    name : str
        What messages call the format.
    signature : frozenset of str
        Columns that tell the format; two of them recognise it, so that a file that lacks one is
        still refused for what it lacks.
    spellings : mapping of str to str
        The loader's name of a column by each way to write it, in small letters; columns that are
        not in it are known by their names in small letters.
    """

    name: ClassVar[str]
    signature: ClassVar[frozenset[str]]
    spellings: ClassVar[Mapping[str, str]] = {}

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
        for all formats alike.

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
