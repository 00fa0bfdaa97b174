"""Books: files of venues, and, if wanted, of an order, parameters and outflows.

A BOOK is TOML or JSON with ``[[venues]]`` and, if wanted, ``[order]``, ``[risk]``, ``[model]``
(whose ``name`` tells the cost model) and ``[outflow]``, or a CSV of venues. The content tells the
format, not the name. A side of a venue without a price and a size that can be is empty, the other
one stays. ``venue`` is read like ``name``.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from sor_opt.errors import ConfigError, DataError, quoted
from sor_opt.files import write_atomically
from sor_opt.models.base import CostModel
from sor_opt.models.bounds import MAX_PRICE, MAX_SHARES
from sor_opt.models.case import Order
from sor_opt.models.instances import Instance
from sor_opt.models.outflow import Outflow
from sor_opt.models.registry import MODELS
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import Venue
from sor_opt.params import changed, field_types
from sor_opt.texts import parse_json, parse_toml, read_text

_TABLES = {"venues", "order", "risk", "model", "outflow"}
_COLUMNS = ",".join(f.name for f in fields(Venue))
_KINDS = "a TOML, JSON or CSV file of venues"

_MOST = {"bid": MAX_PRICE, "bid_size": MAX_SHARES, "ask": MAX_PRICE, "ask_size": MAX_SHARES}
"""What shows a side, each > 0 and at most this."""

_Record = TypeVar("_Record")


def read_instance(path: Path | str, model: type[CostModel] | None = None) -> Instance:
    """Read a BOOK file.

    Parameters
    ----------
    path : path or str
    model : type, optional
        The cost model to take in place of the one that the book names. What the book says of it
        under its name, or under none, stands; of another model the step alone.

    Raises
    ------
    DataError
        If the file cannot be read, or something in it is missing, unknown or out of its range.
    """
    tables = _parse(read_text(path, _KINDS), path)
    _known(tables, _TABLES, "the book", path, None)
    rows = tables.get("venues")
    if not isinstance(rows, list) or not rows:
        raise DataError("holds no venues", file=path, hint=f"give each the keys {_COLUMNS}")
    try:
        return Instance(
            tuple(_venue(row, path, number) for number, row in enumerate(rows, start=1)),
            _build(Order, tables.get("order", {}), path),
            _build(RiskParams, tables.get("risk", {}), path),
            _model(tables.get("model", {}), path, model),
            _build(Outflow, tables["outflow"], path) if "outflow" in tables else None,
        )
    except ConfigError as error:
        raise DataError(str(error), file=path) from error


def write_instance(instance: Instance, path: Path | str) -> None:
    """Write an instance as JSON that `read_instance` reads back, whole or not at all."""

    def given(record: Any) -> dict[str, Any]:
        left_out = (None, ())
        return {k: v for k, v in asdict(record).items() if not any(v is x for x in left_out)}

    tables: dict[str, Any] = {
        "venues": [given(venue) for venue in instance.venues],
        "order": given(instance.order),
        "risk": given(instance.risk),
        "model": {"name": instance.model.name, **given(instance.model)},
    }
    if instance.outflow is not None:
        tables["outflow"] = given(instance.outflow)
    write_atomically(path, f"{json.dumps(tables, indent=1)}\n".encode())


def _parse(text: str, path: object) -> Mapping[str, Any]:
    lines = [line.strip() for line in text.splitlines()]
    head = next((line for line in lines if line and not line.startswith("#")), "")
    if not head:
        raise DataError("is empty", file=path, hint=f"give {_KINDS}")
    if head.startswith("{"):
        return parse_json(text, path)
    if head.startswith("[") or "=" in head:
        return parse_toml(text, path)
    return {"venues": _csv_rows(text, path)}


def _csv_rows(text: str, path: object) -> list[dict[str, str]]:
    lines = csv.reader(io.StringIO(text), skipinitialspace=True)
    number, rows = 0, []
    try:
        header = [name.strip() for name in next(filter(None, lines))]
        repeated = [name for name, count in Counter(header).items() if count > 1]
        if repeated:
            raise DataError(f"column {quoted(repeated[0])} repeats", file=path)
        for number, cells in enumerate(filter(None, lines), start=1):
            if len(cells) != len(header):
                problem = "has another number of cells than the header"
                raise DataError(problem, file=path, row=number)
            given = zip(header, map(str.strip, cells), strict=True)
            rows.append({name: cell for name, cell in given if cell})
    except csv.Error as error:
        raise DataError(f"is no CSV: {error}", file=path, row=number + 1) from error
    return rows


def _venue(row: Any, path: object, number: int) -> Venue:
    """Make a venue of what a row names, without the prices and sizes that cannot be."""
    if not isinstance(row, Mapping):
        return _build(Venue, row, path, number)
    given = {key: value for key, value in row.items() if value is not None}
    if "venue" in given:
        if "name" in given:
            raise DataError("has both a name and a venue", file=path, row=number)
        given["name"] = given.pop("venue")
    try:
        for key, most in _MOST.items():
            if key in given and not 0 < _value(key, given[key], {float}) <= most:
                del given[key]
    except ValueError as error:
        raise DataError(str(error), file=path, row=number) from error
    return _build(Venue, given, path, number)


def _model(table: Any, path: object, named: type[CostModel] | None) -> CostModel:
    """Make the cost model that is named: by the caller, by the table, or the static one."""
    if not isinstance(table, Mapping):
        return _build(StaticModel, table, path)
    name = table.get("name", (named or StaticModel).name)
    own = {key: value for key, value in table.items() if key != "name"}
    if named is not None and name == named.name:
        return _build(named, own, path)
    if not isinstance(name, str) or name not in MODELS:
        hint = f"known are {', '.join(MODELS)}; one of your own is named by --model mine.py:Class"
        raise DataError(f"unknown model {quoted(name)}", file=path, hint=hint)
    model = _build(MODELS[name], own, path)
    if named is None:
        return model
    return changed(named(), {"step": model.step} if "step" in own else {})


def _build(kind: type[_Record], table: Any, path: object, row: int | None = None) -> _Record:
    """Make a dataclass from a table, with one clear line about what is wrong in it."""
    what = kind.__name__
    if not isinstance(table, Mapping):
        problem = f"{what} must be a table of keys, got {quoted(table)}"
        raise DataError(problem, file=path, row=row)
    members = fields(kind)  # type: ignore[arg-type]
    _known(table, {member.name for member in members}, what, path, row)
    for member in members:
        needed = member.default is MISSING and member.default_factory is MISSING
        if needed and member.name not in table:
            raise DataError(
                f"{member.name} is missing", file=path, row=row, hint=f"each venue needs {_COLUMNS}"
            )
    made: Any = kind
    hints = field_types(made)
    try:
        return kind(**{key: _value(key, value, _types(hints[key])) for key, value in table.items()})
    except (ConfigError, ValueError) as error:
        raise DataError(str(error), file=path, row=row) from error


def _known(
    table: Mapping[str, Any], known: set[str], what: str, path: object, row: int | None
) -> None:
    unknown = sorted(map(str, table.keys() - known))
    if unknown:
        raise DataError(
            f"unknown key {quoted(unknown[0])} in {what}",
            file=path,
            row=row,
            hint=f"known are {', '.join(sorted(known))}",
        )


def _types(hint: Any) -> set[Any]:
    """The plain types that an annotation allows."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _types(inner[0])
    if origin is Literal:
        return set(map(type, inner))
    if origin in (Union, UnionType):
        return set().union(*map(_types, inner))
    return {origin or hint}


def _value(key: str, value: Any, types: set[Any]) -> Any:
    """Read a value as one of some types; a list as a tuple."""
    if isinstance(value, list) and tuple in types:
        return tuple(_value(key, item, types) for item in value)
    if str in types:
        return _of_type(key, value, str, "text")
    if bool in types:
        return _of_type(key, value, bool, "true or false")
    whole = int in types
    try:
        if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
            raise TypeError  # Python reads 1_0 as 10
        number = float(value)
        if whole and not number.is_integer():
            raise ValueError
        return int(number) if whole else number
    except (TypeError, ValueError, OverflowError):
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{key} must be {kind}, got {quoted(value)}") from None


def _of_type(key: str, value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{key} must be {what}, got {quoted(value)}")
    return value
