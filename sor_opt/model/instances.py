"""An instance: the venues of one moment, an order, and the model's parameters; read and written.

A BOOK file is TOML or JSON with ``[[venues]]`` and, if wanted, ``[order]``, ``[risk]`` and
``[model]``, or a CSV of venues. The content tells the format, not the name.
"""

from __future__ import annotations

import csv
import io
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np

from sor_opt.errors import ConfigError, DataError
from sor_opt.files import whole
from sor_opt.market.book import Side
from sor_opt.model.ladder import LadderProblem
from sor_opt.model.risk import RiskParams
from sor_opt.model.static import StaticParams, static_problem
from sor_opt.model.venues import Venue

_TEXT = {"name", "side", "unit", "space", "ref"}
"""Keys that hold text; all others hold numbers."""

_COLUMNS = ",".join(f.name for f in fields(Venue))

_Record = TypeVar("_Record")


@dataclass(frozen=True)
class Order:
    """What is to be traded.

    Parameters
    ----------
    size : float, optional
        Shares, > 0; None where the file leaves it to the caller.
    side : {"buy", "sell"}

    Raises
    ------
    ConfigError
        If the size is not a positive number or the side is unknown.
    """

    size: float | None = None
    side: Side = "buy"

    def __post_init__(self) -> None:
        if self.size is not None and not 0 < self.size < math.inf:
            raise ConfigError(f"size must be > 0, got {self.size:g}")
        if self.side not in get_args(Side):
            raise ConfigError(f"side must be buy or sell, got {self.side!r}")


@dataclass(frozen=True)
class Instance:
    """Venues, order and parameters: all that an allocation follows from.

    Parameters
    ----------
    venues : tuple of Venue
    order : Order
    risk : RiskParams
    model : StaticParams

    Raises
    ------
    ConfigError
        If there is no venue, or a name repeats.
    """

    venues: tuple[Venue, ...]
    order: Order = field(default_factory=Order)
    risk: RiskParams = field(default_factory=RiskParams)
    model: StaticParams = field(default_factory=StaticParams)

    def __post_init__(self) -> None:
        names = [venue.name for venue in self.venues]
        if not names:
            raise ConfigError("there are no venues")
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ConfigError(f"venue names repeat: {', '.join(repeated)}")

    @property
    def quoted(self) -> tuple[Venue, ...]:
        """Venues that show a two-sided market; one with a size of 0 shows nothing."""
        return tuple(v for v in self.venues if v.bid_size > 0 and v.ask_size > 0)

    @property
    def best(self) -> tuple[float, float]:
        """Best bid and ask, dollars; of all venues where none shows a size."""
        seen = self.quoted or self.venues
        return max(venue.bid for venue in seen), min(venue.ask for venue in seen)

    @property
    def crossed(self) -> bool:
        """Whether the best bid is above the best ask."""
        bid, ask = self.best
        return bid > ask

    def problem(self) -> LadderProblem:
        """Compile to a ladder problem, one ladder per venue; a sell order in the mirrored book.

        Raises
        ------
        ConfigError
            If the order has no size.
        """
        if self.order.size is None:
            raise ConfigError("the order has no size; give --size N, or [order] size in the book")
        buying = self.order.side == "buy"
        mid = sum(self.best) / 2
        quoted = self.quoted

        def column(values: list[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
            return np.array(values, dtype=np.float64)

        return static_problem(
            names=[v.name for v in self.venues],
            ask=column([v.ask if buying else -v.bid for v in self.venues]),
            ask_size=column(
                [(v.ask_size if buying else v.bid_size) * (v in quoted) for v in self.venues]
            ),
            fee=column([v.fee for v in self.venues]),
            rebate=column([v.rebate for v in self.venues]),
            mid=mid if buying else -mid,
            target=self.order.size,
            risk=self.risk,
            params=self.model,
        )


def read_instance(path: Path | str) -> Instance:
    """Read a BOOK file.

    Raises
    ------
    DataError
        If the file cannot be read, or something in it is missing, unknown or out of its range.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise DataError(
            f"cannot be read: {reason}", file=path, mend="give a TOML, JSON or CSV file of venues"
        ) from error
    tables = _parse(text, path)
    _known(tables, {"venues", "order", "risk", "model"}, "the book", path, None)
    rows = tables.get("venues")
    if not isinstance(rows, list) or not rows:
        raise DataError("holds no venues", file=path, mend=f"give each the keys {_COLUMNS}")
    try:
        return Instance(
            tuple(_build(Venue, row, path, number) for number, row in enumerate(rows, start=1)),
            _build(Order, tables.get("order", {}), path),
            _build(RiskParams, tables.get("risk", {}), path),
            _build(StaticParams, tables.get("model", {}), path),
        )
    except ConfigError as error:
        raise DataError(str(error), file=path) from error


def write_instance(instance: Instance, path: Path | str) -> None:
    """Write an instance as JSON that `read_instance` reads back, whole or not at all."""

    def given(record: Any) -> dict[str, Any]:
        return {key: value for key, value in asdict(record).items() if value is not None}

    tables = {
        "venues": [given(venue) for venue in instance.venues],
        "order": given(instance.order),
        "risk": given(instance.risk),
        "model": given(instance.model),
    }
    with whole(path) as temporary:
        temporary.write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")


def _parse(text: str, path: object) -> Mapping[str, Any]:
    lines = [line.strip() for line in text.splitlines()]
    head = next((line for line in lines if line and not line.startswith("#")), "")
    if not head:
        raise DataError("is empty", file=path, mend="give a TOML, JSON or CSV file of venues")
    try:
        if head.startswith("{"):
            tables: dict[str, Any] = json.loads(text)
            return tables
        if head.startswith("[") or "=" in head:
            return tomllib.loads(text)
    except ValueError as error:
        raise DataError(f"is neither TOML, JSON nor CSV: {error}", file=path) from error
    return {"venues": _csv_rows(text, path)}


def _csv_rows(text: str, path: object) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    rows = []
    for number, cells in enumerate(reader, start=1):
        if None in cells or None in cells.values():
            raise DataError("has another number of cells than the header", file=path, row=number)
        rows.append({key.strip(): cell.strip() for key, cell in cells.items() if cell.strip()})
    return rows


def _build(kind: type[_Record], table: Any, path: object, row: int | None = None) -> _Record:
    """Make a dataclass from a table, with one clear line about what is wrong in it."""
    what = kind.__name__
    if not isinstance(table, Mapping):
        raise DataError(f"{what} must be a table of keys, got {table!r}", file=path, row=row)
    members = fields(kind)  # type: ignore[arg-type]
    _known(table, {member.name for member in members}, what, path, row)
    for member in members:
        needed = member.default is MISSING and member.default_factory is MISSING
        if needed and member.name not in table:
            raise DataError(
                f"{member.name} is missing", file=path, row=row, mend=f"each venue needs {_COLUMNS}"
            )
    try:
        return kind(**{key: _value(key, value) for key, value in table.items()})
    except (ConfigError, ValueError) as error:
        raise DataError(str(error), file=path, row=row) from error


def _known(
    table: Mapping[str, Any], known: set[str], what: str, path: object, row: int | None
) -> None:
    unknown = sorted(map(str, table.keys() - known))
    if unknown:
        raise DataError(
            f"unknown key {unknown[0]!r} in {what}",
            file=path,
            row=row,
            mend=f"known are {', '.join(sorted(known))}",
        )


def _value(key: str, value: Any) -> Any:
    if key in _TEXT:
        if not isinstance(value, str):
            raise ValueError(f"{key} must be text, got {value!r}")
        return value
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{key} must be a number, got {value!r}") from None
