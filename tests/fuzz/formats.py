"""One small valid file of every format that is read, how it is loaded, and what it should hold."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import zstandard
from pyarrow import parquet as pq

from sor_opt.market.loaders import load_tape
from sor_opt.models.books import read_instance
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.registry import named
from sor_opt.search.space import Space
from tests.fuzz.mutators import BYTES, CELLS, VALUES, Mutator, mutate, squared
from tests.fuzz.readings import (
    MOST_DOLLARS,
    MOST_SHARES,
    ChangedError,
    Databento,
    DatabentoTrades,
    LondonQuotes,
    OwnQuotes,
    OwnTrades,
    Reading,
    TaqQuotes,
    TaqTrades,
    number,
)

OWN_QUOTES = b"""ts,venue,bid,bid_size,ask,ask_size,symbol
1709562600000000000,SYN-A,119.99,300,120.01,300,SYN
1709562600230893000,SYN-B,119.98,100,120.02,42,SYN
1709562600230893000,SYN-C,119.97,,120.03,0,SYN
1709562600258545000,SYN-A,119.98,200,120.02,100,SYN
1709562601000000000,SYN-B,0,0,120.04,17.5,SYN
1709562601500000000,SYN-C,119.96,900,120.00,100,SYN
"""
LONDON_QUOTES = b"""ts,venue,bid,bid_size,ask,ask_size,timezone
2024-03-04T09:30:00,XLON,119.99,300,120.01,300,Europe/London
2024-03-04T09:30:00.230893,XPAR,119.98,100,120.02,42,
2024-03-04 09:30:01.5,XLON,119.97,,120.03,10,
2024-03-04T09:30:02.000000001,XLON,119.98,200,120.02,100,
"""
OWN_TRADES = b"""ts,venue,price,size,side,symbol
2024-03-04T09:30:00.230893-05:00,SYN-B,119.99,100,sell,SYN
2024-03-04T09:30:00.496713-05:00,SYN-A,120.01,85,buy,SYN
2024-03-04T14:30:01.054290Z,SYN-A,120.00,300,,SYN
2024-03-04T14:30:01.054290Z,SYN-C,120.00,0,,SYN
2024-03-04T14:30:01.3Z,SYN-C,119.98,2.5,sell,SYN
"""
TAQ_QUOTES = b"""DATE,TIME,EX,BID,BIDSIZ,OFR,OFRSIZ,SYMBOL,QU_COND
2018-01-02,09:30:00.000000,N,156.57,1,156.60,2,XXX,R
2018-01-02,09:30:00.125000,P,156.56,3,156.61,1,XXX,R
2018-01-02,09:30:00.125000,D,156.56,3,156.61,1,XXX,R
2018-01-02,09:30:01,T,156.55,2,0.0,0,XXX,O
2018-01-02,09:30:02.500000,N,156.58,2,156.61,2,XXX,N
"""
TAQ_TRADES = b"""DATE,TIME,EX,SYMBOL,COND,SIZE,PRICE,CORR
2018-01-02,09:30:00.200000,N,XXX,,100,156.60,0
2018-01-02,09:30:00.300000,D,XXX,,100,156.60,0
2018-01-02,09:30:01.100000,P,XXX,FTI,37,156.61,0
2018-01-02,09:30:01.500000,P,XXX,I,37,156.61,8
2018-01-02,09:30:01.600000,N,XXX,4,100,156.61,0
2018-01-02,09:30:01.900000,T,XXX,,200,156.55,1
"""
MBP_1 = b"""ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,\
bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,symbol
2024-08-01T13:36:32.000000308Z,2024-08-01T13:36:32.0Z,1,2,38,A,B,0,222.81,10,222.81,222.83,100,36,AAPL
2024-08-01T13:36:32.100000308Z,2024-08-01T13:36:32.1Z,1,43,38,A,A,0,222.84,70,222.80,222.84,50,70,AAPL
2024-08-01T13:36:32.200000308Z,2024-08-01T13:36:32.2Z,1,2,38,T,B,0,222.83,36,222.81,222.83,100,36,AAPL
2024-08-01T13:36:32.300000308Z,2024-08-01T13:36:32.3Z,1,2,38,C,A,0,222.83,36,222.81,,100,0,AAPL
2024-08-01T13:36:32.400000308Z,2024-08-01T13:36:32.4Z,1,17,38,T,N,0,222.82,5,222.81,222.85,100,90,AAPL
"""
MBP_1_RAW = b"""ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,\
flags,ts_in_delta,sequence,bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_ct_00,ask_ct_00
1722519392000000308,1722519392000000000,1,2,38,A,B,0,222810000000,10,0,9,1,222810000000,222830000000,100,36,1,1
1722519392100000308,1722519392100000000,1,43,38,A,A,0,222840000000,70,0,9,2,222800000000,222840000000,50,70,1,1
1722519392200000308,1722519392200000000,1,2,38,T,B,0,222830000000,36,0,9,3,222810000000,222830000000,100,36,1,1
1722519392300000308,1722519392300000000,1,2,38,C,A,0,222830000000,36,0,9,4,222810000000,9223372036854775807,100,0,1,0
"""
MBP_10 = b"""ts_recv,publisher_id,instrument_id,action,side,depth,price,size,\
bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_px_01,ask_px_01,bid_sz_01,ask_sz_01,symbol
2024-08-01T13:36:32.000000308Z,2,38,A,B,0,222.81,10,222.81,222.83,100,36,222.80,222.85,10,10,AAPL
2024-08-01T13:36:32.100000308Z,2,38,A,B,1,222.80,70,222.81,222.83,100,36,222.80,222.85,80,10,AAPL
2024-08-01T13:36:32.200000308Z,2,38,T,B,0,222.83,36,222.81,222.83,100,36,222.80,222.85,80,10,AAPL
2024-08-01T13:36:32.300000308Z,2,38,C,A,0,222.83,36,222.81,222.85,100,10,222.80,,80,0,AAPL
"""
TBBO = b"""ts_event,publisher_id,instrument_id,action,side,price,size,\
bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,symbol
2024-08-01T13:36:32.2Z,2,38,T,B,222.83,36,222.81,222.83,100,36,AAPL
2024-08-01T13:36:33.2Z,43,38,T,A,222.80,5,222.80,222.84,50,70,AAPL
2024-08-01T13:36:34.2Z,2,38,T,N,222.82,1,222.81,222.83,64,36,AAPL
"""
DATABENTO_TRADES = b"""ts_recv,rtype,publisher_id,instrument_id,action,side,price,size,symbol
2024-08-01T13:36:32.2Z,0,2,38,T,B,222.83,36,AAPL
2024-08-01T13:36:33.2Z,0,43,38,T,A,222.80,5,AAPL
2024-08-01T13:36:34.2Z,0,2,38,T,N,222.82,1,AAPL
"""
DATABENTO_TRADES_RAW = b"""ts_recv,rtype,publisher_id,instrument_id,action,side,price,size,symbol
1722519392200000000,0,2,38,T,B,222830000000,36,AAPL
1722519393200000000,0,43,38,T,A,222800000000,5,AAPL
1722519394200000000,0,2,38,T,N,222820000000,1,AAPL
"""
BOOK_TOML = b"""# A book with all that it may hold.
[[venues]]
name = "XNYS"
bid = 99.98
bid_size = 2000
ask = 100.02
ask_size = 2_000
fee = 0.003
rebate = 0.002
queue = 2500

[[venues]]
name = "XNAS"
bid = 99.97
bid_size = 1500
ask = 100.03
ask_size = 700
fee = -1e-3
rebate = 0.0

[order]
side = "buy"
size = 500

[risk]
lambda_over = 0.024
lambda_under = 0.026
theta_queue = 0.0005
unit = "per_share"

[model]
name = "placement"

[outflow]
family = "poisson"
mean = [2200, 2100.5]
alpha = 0.5
scenarios = 50
seed = 7
"""
BOOK_JSON = b"""{"venues": [
 {"name": "XNYS", "bid": 99.98, "bid_size": 2000, "ask": 100.02, "ask_size": 2000, "fee": 0.003},
 {"name": "XNAS", "bid": 99.97, "bid_size": 1500, "ask": 100.03, "ask_size": 700, "fee": -0.001,
  "rebate": 0}],
 "order": {"side": "sell", "size": 900},
 "risk": {"lambda_over": 0.001, "lambda_under": 0.002, "theta_queue": 0.0001}
}
"""
BOOK_CSV = b"""name,bid,bid_size,ask,ask_size,fee,rebate
XNYS,99.98,2000,100.02,2000,0.003,0.002
XNAS,99.97,1500,100.03,700,-0.001,0
BATS,99.97,1500,100.04,100,0.001,0
"""
FEES = b"""[[fee]]
venue = "XNYS"
date = 2018-01-01
taker = 0.0030
rebate = 0.0020
source = "the venue's list"

[[fee]]
venue = "XNYS"
date = 2019-01-01
taker = 0.0029
rebate = -0.0002
assumption = true

[[fee]]
venue = "BATY"
date = 2018-01-01
taker = -0.0006
rebate = -0.0018
"""
LEVELS = b"""lambda_over = [0.0005, 0.001, 0.002]
lambda_under = [5e-4, 1e-3]
theta_queue = [0.00005]
reach = 10
unit = "fraction"
"""

Pack = Callable[[Random, bytes], bytes]


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes
    ----------
    name : str
    text : bytes
        A valid file, as text.
    mutators : tuple of callable
        What spoils the text.
    check : callable
        Loads a file and holds it against the text that it was made of; raises `ChangedError`.
    pack : callable or None
        Makes the file of the text where it is not the text itself; its bytes are spoiled too.
    """

    name: str
    text: bytes
    mutators: tuple[Mutator, ...]
    check: Callable[[Path, bytes], None]
    pack: Pack | None = None

    def packed(self) -> bytes:
        """Make the valid file."""
        return self.text if self.pack is None else self.pack(Random(0), self.text)

    def spoil(self, rng: Random) -> tuple[bytes, bytes]:
        """Make a spoiled file, and what it says: packed bytes that changed still say the same."""
        if self.pack is None:
            text = mutate(rng, self.text, self.mutators)
            return text, text
        if rng.random() < 0.5:
            return mutate(rng, self.pack(rng, self.text), BYTES), self.text
        text = mutate(rng, self.text, self.mutators)
        return self.pack(rng, text), text


def _gzip(rng: Random, text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


def _zstd(rng: Random, text: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(text)


def _parquet(rng: Random, text: bytes) -> bytes:
    """Write the cells in types that hold them, now and then in an unusual one."""
    head, *rows = csv.reader(io.StringIO(text.decode(), newline=""))
    columns = [_typed(rng, list(cells)) for cells in zip(*rows, strict=True)]
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_arrays(columns, head[: len(columns)]), sink, write_page_checksum=True
    )
    content: bytes = sink.getvalue().to_pybytes()
    return content


UNUSUAL = 0.1
"""Share of the columns of Parquet that are written in one of `TYPES`."""

TYPES: tuple[pa.DataType, ...] = (
    pa.timestamp("ns", "UTC"), pa.timestamp("ns", "America/New_York"), pa.timestamp("us", "UTC"),
    pa.timestamp("ns"), pa.int64(), pa.int32(), pa.uint64(), pa.float64(), pa.float32(),
    pa.decimal128(30, 6), pa.bool_(), pa.string(), pa.large_string(), pa.string_view(), pa.binary(),
    pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.float64()),
)  # fmt: skip


def _typed(rng: Random, cells: list[str]) -> pa.Array:
    """Give cells the type that holds them as they are written, or one that is unusual."""
    values = pa.array([cell or None for cell in cells], pa.string())
    whole = all(re.fullmatch(r"|0|[1-9]\d*", cell) for cell in cells)
    usual = (*([pa.int64()] if whole else []), pa.float64(), pa.dictionary(pa.int32(), pa.string()))
    for type_ in (rng.choice(TYPES), *usual) if rng.random() < UNUSUAL else usual:
        try:
            return values.cast(type_)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    return values


def _quotes(reading: Reading) -> Callable[[Path, bytes], None]:
    """Load a file of quotes."""

    def check(path: Path, text: bytes) -> None:
        reading.compare(load_tape(path), text)

    return check


def _trades(reading: Reading, beside: bytes) -> Callable[[Path, bytes], None]:
    """Load a file of trades beside one of quotes, of which no row is left out."""

    def check(path: Path, text: bytes) -> None:
        quotes = path.with_name("beside")
        quotes.write_bytes(beside)
        reading.compare(load_tape(quotes, path), text)

    return check


def _without(rows: bytes, *words: bytes) -> bytes:
    """Leave out the rows that hold one of the words."""
    lines = rows.splitlines(keepends=True)
    return b"".join(line for line in lines if not any(word in line for word in words))


def _book(read: Callable[[str], Any]) -> Callable[[Path, bytes], None]:
    """Load a book, and hold it against what the format's own reader makes of its text."""

    def check(path: Path, text: bytes) -> None:
        instance = read_instance(path)
        tables = read(_lines(text))
        for said, venue in zip(tables["venues"], instance.venues, strict=True):
            _same(venue.name, _shown(said), venue)
        for name in ("order", "risk", "outflow"):
            _same(name, tables.get(name, {}), getattr(instance, name))
        _same("model", {**tables.get("model", {}), "name": instance.model.name}, instance.model)

    return check


def _shown(said: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a venue's table says, with nothing for prices and sizes that cannot be."""
    shown = {"name" if key == "venue" else key: value for key, value in said.items()}
    for key in shown.keys() & {"bid", "bid_size", "ask", "ask_size"}:
        size, says = key.endswith("size"), shown[key]
        value = number(says) if isinstance(says, str) else says
        if value is not None and not 0 < value <= (MOST_SHARES if size else MOST_DOLLARS):
            shown[key] = 0.0 if size else None
    return {
        key: value for key, value in shown.items() if value is not None or key in ("bid", "ask")
    }


def _lines(text: bytes) -> str:
    """Decode a text whose lines may end in any way."""
    return io.StringIO(text.decode("utf-8-sig"), newline=None).read()


def _same(where: str, said: Any, held: Any) -> None:
    """Hold what a file says against what was made of it, value by value."""
    if isinstance(said, Mapping):
        for key, value in said.items():
            _same(f"{where}.{key}", value, getattr(held, key))
    elif isinstance(said, (list, tuple)):
        if len(said) != len(held):
            raise ChangedError(f"{where} has {len(held)} entries, the file {len(said)}")
        for i, (value, made) in enumerate(zip(said, held, strict=True)):
            _same(f"{where}[{i}]", value, made)
    elif isinstance(held, (int, float)) and not isinstance(held, bool):
        value = number(said) if isinstance(said, str) else said
        if isinstance(value, bool) or value is None or not math.isclose(value, held):
            raise ChangedError(f"{where} is {held!r}, the file says {said!r:.80}")
    elif said != held:
        raise ChangedError(f"{where} is {held!r}, the file says {said!r:.80}")


def _csv_book(text: str) -> dict[str, Any]:
    head, *rows = (row for row in csv.reader(io.StringIO(text), skipinitialspace=True) if row)
    names = [name.strip() for name in head]
    filled = ({n: c.strip() for n, c in zip(names, row, strict=True) if c.strip()} for row in rows)
    return {"venues": [*filled]}


def _check_fees(path: Path, text: bytes) -> None:
    schedule = FeeSchedule.read(path)
    said = {(row["venue"], row["date"]): row for row in tomllib.loads(_lines(text))["fee"]}
    _same("fees", [said[key] for key in sorted(said)], schedule.rows)


def _check_levels(path: Path, text: bytes) -> None:
    record = Space.read(named("static"), path).record()
    held = {k: v["levels"] if isinstance(v, Mapping) else v for k, v in record.items()}
    _same("levels", tomllib.loads(_lines(text)), SimpleNamespace(**held))


ROWS = (*CELLS, *CELLS, *BYTES)
SQUARE = tuple(squared(mutator) for mutator in CELLS)
TABLES = (*VALUES, *VALUES, *BYTES)

_quotes_of_ours, _trades_of_ours = _quotes(OwnQuotes()), _trades(OwnTrades(), OWN_QUOTES)
_databento, _prints = _quotes(Databento()), _trades(DatabentoTrades(), TBBO)
_taq_trades = _trades(TaqTrades(), _without(TAQ_QUOTES, b",D,", b",N\n"))

FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (
        Format("own quotes", OWN_QUOTES, ROWS, _quotes_of_ours),
        Format("own quotes, zone", LONDON_QUOTES, ROWS, _quotes(LondonQuotes())),
        Format("own quotes, gzip", OWN_QUOTES, CELLS, _quotes_of_ours, _gzip),
        Format("own quotes, zstd", OWN_QUOTES, CELLS, _quotes_of_ours, _zstd),
        Format("own quotes, Parquet", OWN_QUOTES, SQUARE, _quotes_of_ours, _parquet),
        Format("own trades", OWN_TRADES, ROWS, _trades_of_ours),
        Format("own trades, Parquet", OWN_TRADES, SQUARE, _trades_of_ours, _parquet),
        Format("TAQ quotes", TAQ_QUOTES, ROWS, _quotes(TaqQuotes())),
        Format("TAQ trades", TAQ_TRADES, ROWS, _taq_trades),
        Format("mbp-1", MBP_1, ROWS, _databento),
        Format("mbp-1, raw", MBP_1_RAW, ROWS, _databento),
        Format("mbp-10", MBP_10, ROWS, _databento),
        Format("tbbo", TBBO, ROWS, _databento),
        Format("Databento trades", DATABENTO_TRADES, ROWS, _prints),
        Format("Databento trades, raw", DATABENTO_TRADES_RAW, ROWS, _prints),
        Format("book, TOML", BOOK_TOML, TABLES, _book(tomllib.loads)),
        Format("book, JSON", BOOK_JSON, TABLES, _book(json.loads)),
        Format("book, CSV", BOOK_CSV, ROWS, _book(_csv_book)),
        Format("fees", FEES, TABLES, _check_fees),
        Format("levels", LEVELS, TABLES, _check_levels),
    )
}
"""By name."""
