"""Every format that can be read, and the one call that reads them."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from sor_opt.errors import DataError
from sor_opt.market.loaders.base import Loader
from sor_opt.market.loaders.databento import DatabentoLoader
from sor_opt.market.loaders.possible import without_impossible
from sor_opt.market.loaders.source import MAX_BYTES, Source
from sor_opt.market.loaders.tabular import TabularLoader
from sor_opt.market.loaders.taq import TaqLoader
from sor_opt.market.tape import Quotes, Tape, Trades
from sor_opt.market.zones import find_zone
from sor_opt.registry import Registry

log = logging.getLogger(__name__)

Rows = TypeVar("Rows", Quotes, Trades)

LOADERS: Registry[Loader] = Registry("loader", Loader, TaqLoader, DatabentoLoader, TabularLoader)
"""To add a format: one file with a class, and the class here."""


def load_tape(
    quotes: Path | str,
    trades: Path | str | None = None,
    symbol: str | None = None,
    timezone: str | None = None,
    max_bytes: int = MAX_BYTES,
    loader: str | None = None,
) -> Tape:
    """Read a file of quotes, and one of trades beside it where given.

    The format is recognised by the content, not by the name; gzip and zstd are read as they
    are.

    Parameters
    ----------
    quotes : path
    trades : path, optional
        Takes the place of the prints that the file of quotes may hold.
    symbol : str, optional
        Which symbol, where a file holds several.
    timezone : str, optional
        IANA name of the zone of times without an offset, and of the session's clock. A file may
        name it; New York's else.
    max_bytes : int, optional
        The most that a file may hold, decompressed, and that its columns may take.
    loader : str, optional
        One of `LOADERS`, or ``path/to/mine.py:Class``, which reads the quotes whatever they look
        like, and the trades if it recognises them.

    Raises
    ------
    DataError
        If a file cannot be read, is of no known format, or its content is wrong.
    ConfigError
        If the zone is not known, or a file is too large.
    """
    if timezone is not None:
        find_zone(timezone)
    named = None if loader is None else LOADERS.make(loader)
    tape = _load(Source.open(quotes, max_bytes), symbol, timezone, named)
    if symbol and tape.symbol != symbol:
        raise DataError("does not say which symbol it holds", file=quotes, hint="omit --symbol")
    if not len(tape.quotes):
        raise DataError(
            "holds trades and no quotes", file=quotes, hint="give it as the trades of a quotes file"
        )
    if trades is None:
        return tape
    source = Source.open(trades, max_bytes)
    own = named if named and named.recognises(source.head) else None
    prints = _load(source, symbol or tape.symbol or None, timezone, own)
    if prints.trades is None:
        raise DataError("holds no trades", file=trades, hint="give a file of trades")
    return _join(tape, prints, prints.trades)


def _load(source: Source, symbol: str | None, timezone: str | None, named: Loader | None) -> Tape:
    loader = named or _recognised(source)
    tape = without_impossible(loader.load(source, symbol, timezone))
    for what, counts in (("left out", tape.left_out), ("emptied", tape.emptied)):
        for reason, count in counts.items():
            log.info("%s: %s %d %s", source.path, what, count, reason)
    return replace(tape, source=str(source.path))


def _recognised(source: Source) -> Loader:
    for kind in LOADERS.values():  # an installed one is loaded when no other knows the format
        loader = kind()
        if loader.recognises(source.head):
            return loader
    known = ", ".join(kind.title for kind in LOADERS.values())
    raise source.error("the format is not known", hint=f"known are {known}")


def _join(quoted: Tape, printed: Tape, trades: Trades) -> Tape:
    names = sorted({*quoted.venues, *printed.venues})
    return replace(
        quoted,
        venues=tuple(names),
        quotes=_renumber(quoted.quotes, quoted.venues, names),
        trades=_renumber(trades, printed.venues, names),
        left_out=dict(Counter(quoted.left_out) + Counter(printed.left_out)),
        emptied=dict(Counter(quoted.emptied) + Counter(printed.emptied)),
        trades_symbol=printed.symbol,
    )


def _renumber(rows: Rows, old: tuple[str, ...], new: list[str]) -> Rows:
    recode = np.array([new.index(name) for name in old], dtype=np.int64)
    return replace(rows, venue=recode[rows.venue])
