"""`sor-opt data`: look into market data, convert it, generate some."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sor_opt.cli.console import Output
from sor_opt.cli.options import OutputOptions, spread
from sor_opt.cli.places import READS, WRITES

if TYPE_CHECKING:
    from rich.table import Table

    from sor_opt.market.quality import Inspection
    from sor_opt.market.tape import Tape

app = typer.Typer(name="data", help="Inspect, convert and generate market data.")

Quotes = Annotated[
    Path, typer.Argument(metavar="FILE", help="Quotes; the format is told by the content."), READS
]
Trades = Annotated[Path | None, typer.Option(help="Trades beside the quotes."), READS]
Symbol = Annotated[str | None, typer.Option(help="Which symbol, where a file holds several.")]


def _tape(path: Path | None) -> Path | None:
    if path is not None:
        from sor_opt.market.loaders import check_ending

        check_ending(path)
    return path


Target = Annotated[
    Path,
    typer.Option("--output", "-o", callback=_tape, help="Where to: .parquet, .csv.gz or .csv."),
    WRITES,
]


@app.command("inspect")
@spread
def inspect_file(
    file: Quotes, output: OutputOptions, trades: Trades = None, symbol: Symbol = None
) -> None:
    """Show what is in a file, how good it is, and which age limit its quotes need.

    Example: sor-opt data inspect data/sample_quotes.csv.gz --trades data/sample_trades.csv.gz
    """
    from sor_opt.market.loaders import load_tape
    from sor_opt.market.quality import inspect

    out = Output(output)
    tape = load_tape(file, trades, symbol)
    found = inspect(tape)
    out.result(_payload(tape, found))
    out.show(*_summary(tape, found), _venue_table(found), _age_table(found), _proposal(found))


@app.command()
@spread
def convert(
    file: Quotes,
    target: Target,
    output: OutputOptions,
    trades: Trades = None,
    trades_output: Annotated[
        Path | None,
        typer.Option(callback=_tape, help="Where the trades go; left out without it."),
        WRITES,
    ] = None,
    symbol: Symbol = None,
) -> None:
    """Write quotes, and trades, in sor_opt's own format.

    Example: sor-opt data convert quotes_2018-01-02.csv.gz -o quotes.parquet
    """
    from sor_opt.market.loaders import load_tape, save_tape

    out = Output(output)
    tape = load_tape(file, trades, symbol)
    save_tape(tape, target, trades_output)
    if tape.trades is not None and trades_output is None:
        out.warn(f"{len(tape.trades):,} trades left out; --trades-output FILE writes them")
    _tell(out, tape, target, trades_output)


@app.command()
@spread
def generate(
    target: Target,
    output: OutputOptions,
    trades: Annotated[
        Path | None, typer.Option(callback=_tape, help="Where the trades go."), WRITES
    ] = None,
    minutes: Annotated[float, typer.Option(help="Length of the session from 09:30.")] = 390.0,
    rate: Annotated[float, typer.Option(help="Events per second over all venues.")] = 5.0,
    volatility: Annotated[float, typer.Option(help="Deviation of a session's return.")] = 0.008,
    price: Annotated[float, typer.Option(help="Dollars at the open.")] = 120.0,
) -> None:
    """Make a synthetic market of six venues; the same call gives the same bytes.

    Example: sor-opt data generate -o quotes.csv.gz --trades trades.csv.gz --seed 7
    """
    from sor_opt.market.loaders import save_tape
    from sor_opt.market.synthetic import SyntheticParams, generate

    out = Output(output)
    params = SyntheticParams(
        seed=output.seed,
        minutes=minutes,
        events_per_second=rate,
        volatility=volatility,
        price=price,
    )
    tape = generate(params)
    save_tape(tape, target, trades)
    _tell(out, tape, target, trades)


def _tell(out: Output, tape: Tape, quotes: Path, trades: Path | None) -> None:
    out.result(
        {
            "quotes": {"file": str(quotes), "rows": len(tape.quotes)},
            "trades": trades and {"file": str(trades), "rows": len(tape.trades or ())},
            "fingerprint": tape.fingerprint(),
        }
    )
    out.show(f"{len(tape.quotes):,} quotes of {len(tape.venues)} venues in {quotes}")
    if trades is not None and tape.trades is not None:
        out.show(f"{len(tape.trades):,} trades in {trades}")


def _summary(tape: Tape, found: Inspection) -> tuple[str, str]:
    start, end = _clock(tape, found.start), _clock(tape, found.end)
    return (
        f"{tape.source}{f', symbol {tape.symbol}' if tape.symbol else ''}",
        f"{found.rows:,} quotes and {found.trades:,} trades on {len(tape.venues)} venues, "
        f"{found.snapshots:,} snapshots, {start} to {end} {tape.timezone}",
    )


def _clock(tape: Tape, ts: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(ts / 1e9, tape.zone).strftime("%Y-%m-%d %H:%M:%S")


def _venue_table(found: Inspection) -> Table:
    columns = (
        "quotes",
        "one-sided",
        "missing",
        "inverted",
        "repeated",
        "spread",
        "trades",
        "volume",
    )
    table = _table("By venue", "venue", *columns)
    for v in found.venues:
        counts = (f"{n:,}" for n in (v.rows, v.one_sided, v.missing, v.inverted, v.duplicates))
        table.add_row(v.name, *counts, f"{v.spread:.4f}", f"{v.trades:,}", f"{v.volume:,.0f}")
    return table


def _age_table(found: Inspection) -> Table:
    table = _table("The book by age limit", "limit", "crossed", "locked", "empty", "stale quotes")
    for age, q in found.by_age:
        shares = (q.crossed_share, q.locked_share, q.empty_share, q.stale_share)
        table.add_row(_age(age), *(f"{share:.2%}" for share in shares))
    return table


def _table(title: str, first: str, *numbers: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _proposal(found: Inspection) -> str:
    age = found.proposed_max_quote_age
    if age is None:
        return "No age limit is needed."
    return f"Proposed: --max-quote-age {_age(age)}"


def _age(age: int | None) -> str:
    if age is None:
        return "none"
    return f"{age / 1e9:g}s" if age >= 10**9 else f"{age / 1e6:g}ms"


def _payload(tape: Tape, found: Inspection) -> dict[str, Any]:
    from dataclasses import asdict

    facts = asdict(found)
    facts["by_age"] = [{"max_quote_age_ns": age, **asdict(q)} for age, q in found.by_age]
    facts["proposed_max_quote_age_ns"] = facts.pop("proposed_max_quote_age")
    return {"file": tape.source, "symbol": tape.symbol, "fingerprint": tape.fingerprint(), **facts}
