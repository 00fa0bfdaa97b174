"""`sor-opt data`: look into market data, convert it, generate some."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sor_opt.cli.console import Output
from sor_opt.cli.market import DataOptions, counted
from sor_opt.cli.options import OutputOptions, spread
from sor_opt.cli.places import READS, WRITES

if TYPE_CHECKING:
    from sor_opt.market.tape import Tape

app = typer.Typer(name="data", help="Inspect, convert and generate market data.")

Quotes = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Quotes; the content shows the format."),
    READS,
]


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
def inspect_file(file: Quotes, data: DataOptions, output: OutputOptions) -> None:
    """Show what is in a file, how good it is, and which age limit its quotes need.

    Example: sor-opt data inspect data/sample_quotes.csv.gz --trades data/sample_trades.csv.gz
    """
    from sor_opt.market.prints import prints_quality
    from sor_opt.market.quality import inspect
    from sor_opt.report.inspection import inspection_document, inspection_tables

    out = Output(output)
    tape = data.tape(file, out)
    found, prints = inspect(tape), prints_quality(tape)
    out.result(inspection_document(tape, found, prints))
    out.show(*inspection_tables(tape, found, prints))


@app.command()
@spread
def convert(
    file: Quotes,
    target: Target,
    data: DataOptions,
    output: OutputOptions,
    trades_output: Annotated[
        Path | None,
        typer.Option(callback=_tape, help="Where the trades go; left out without it."),
        WRITES,
    ] = None,
) -> None:
    """Write quotes, and trades, in sor_opt's own format.

    Example: sor-opt data convert quotes_2018-01-02.csv.gz -o quotes.parquet
    """
    from sor_opt.market.loaders import save_tape

    out = Output(output)
    tape = data.tape(file, out)
    save_tape(tape, target, trades_output)
    if tape.left_out:
        out.warn(f"left out: {counted(tape.left_out)}")
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
    max_rows: Annotated[int, typer.Option(min=1, help="More quotes are refused.")] = 5_000_000,
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
    tape = generate(params, max_rows)
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
