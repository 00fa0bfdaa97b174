"""Every format that can be read, and the one call that reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from sor_opt.errors import DataError
from sor_opt.market.loaders.base import Loader, Source
from sor_opt.market.loaders.databento import DatabentoLoader
from sor_opt.market.loaders.tabular import TabularLoader
from sor_opt.market.loaders.taq import TaqLoader
from sor_opt.market.tape import Quotes, Tape, Trades

Rows = TypeVar("Rows", Quotes, Trades)

LOADERS: tuple[Loader, ...] = (TaqLoader(), DatabentoLoader(), TabularLoader())
"""One row per format."""


def load_tape(
    quotes: Path | str, trades: Path | str | None = None, symbol: str | None = None
) -> Tape:
    """Read a file of quotes, and one of trades beside it where given.

    The format is told by the content, whatever the file is called; gzip and zstd are read as they
    are.

    Parameters
    ----------
    quotes : path
    trades : path, optional
        Takes the place of the prints that the file of quotes may hold.
    symbol : str, optional
        Which symbol, where a file holds several.

    Raises
    ------
    DataError
        If a file cannot be read, is of no known format, or its content is wrong.
    """
    tape = _load(Source.open(quotes), symbol)
    if symbol and tape.symbol != symbol:
        raise DataError("does not say which symbol it holds", file=quotes, mend="omit --symbol")
    if not len(tape.quotes):
        raise DataError(
            "holds trades and no quotes", file=quotes, mend="give it as the trades of a quotes file"
        )
    if trades is None:
        return tape
    prints = _load(Source.open(trades), symbol or tape.symbol or None)
    if prints.trades is None:
        raise DataError("holds no trades", file=trades, mend="give a file of trades")
    return _join(tape, prints.venues, prints.trades)


def _load(source: Source, symbol: str | None) -> Tape:
    for loader in LOADERS:
        if loader.recognises(source.head):
            return replace(loader.load(source, symbol), source=str(source.path))
    known = ", ".join(loader.name for loader in LOADERS)
    raise source.error("the format is not known", mend=f"known are {known}")


def _join(quoted: Tape, venues: tuple[str, ...], trades: Trades) -> Tape:
    names = sorted({*quoted.venues, *venues})
    return replace(
        quoted,
        venues=tuple(names),
        quotes=_renumber(quoted.quotes, quoted.venues, names),
        trades=_renumber(trades, venues, names),
    )


def _renumber(rows: Rows, old: tuple[str, ...], new: list[str]) -> Rows:
    recode = np.array([new.index(name) for name in old], dtype=np.int64)
    return replace(rows, venue=recode[rows.venue])
