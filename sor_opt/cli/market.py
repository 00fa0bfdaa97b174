"""The options of every command that reads market data, and the one way to read it with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sor_opt.cli.console import Output
from sor_opt.cli.names import OWN_FILES, name_option
from sor_opt.cli.places import READS
from sor_opt.errors import quoted
from sor_opt.market.loaders import LOADERS, load_tape
from sor_opt.market.prints import prints_quality
from sor_opt.market.tape import Tape
from sor_opt.report.inspection import print_warnings

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def byte_count(text: str | int) -> int:
    """Read `4GB`, `500MB` or `1000` as a number of bytes."""
    match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([KMGT]?B|)", str(text).strip().upper())
    count = round(float(match[1]) * _UNITS[match[2]]) if match else 0
    if count < 1:
        raise typer.BadParameter(f"{quoted(text)} is no number of bytes; write 500MB or 8GB")
    return count


@dataclass(frozen=True)
class DataOptions:
    """How market data is read."""

    trades: Annotated[
        Path | None, typer.Option(help="Trades of the same symbol and days."), READS
    ] = None
    symbol: Annotated[str | None, typer.Option(help="Which one, where a file holds several.")] = (
        None
    )
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="IANA name: of times without an offset, and of the session's clock.",
        ),
    ] = None
    format: Annotated[
        str | None,
        name_option(LOADERS, "loader", "Of DATA, in place of what its content says."),
        OWN_FILES,
    ] = None
    max_bytes: Annotated[
        int,
        typer.Option(
            parser=byte_count, metavar="BYTES", help="Refuse a file that holds more, decompressed."
        ),
    ] = "4GB"  # type: ignore[assignment]

    def tape(self, data: Path, out: Output) -> Tape:
        """Read quotes, and trades where given, and warn of what is doubtful about them."""
        tape = load_tape(data, self.trades, self.symbol, self.timezone, self.max_bytes, self.format)
        if tape.trades_symbol is not None and bool(tape.trades_symbol) != bool(tape.symbol):
            named, other = ("trades", "quotes") if tape.trades_symbol else ("quotes", "trades")
            symbol = tape.trades_symbol or tape.symbol
            out.warn(
                f"the {named} are of {quoted(symbol)}, the {other} name no symbol; "
                "make sure that they belong together"
            )
        if tape.emptied:
            out.warn(f"emptied: {counted(tape.emptied)}")
        for text in print_warnings(prints_quality(tape)):
            out.warn(text)
        return tape


def counted(counts: Mapping[str, int]) -> str:
    """Write counts by reason in a line."""
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
