"""`sor-opt data`: look into market data, convert it, generate some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sor_opt.cli.console import Output
from sor_opt.cli.market import DataOptions, counted
from sor_opt.cli.options import OutputGroup
from sor_opt.cli.places import READS, WRITES
from sor_opt.cli.spread import Group
from sor_opt.market.loaders import check_ending, save_tape
from sor_opt.market.prints import prints_quality
from sor_opt.market.quality import inspect
from sor_opt.market.synthetic import MAX_ROWS, SyntheticParams, generate
from sor_opt.market.tape import Tape
from sor_opt.report.inspection import inspection_document, inspection_tables

Quotes = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Quotes; the content shows the format."),
    READS,
]


def _tape(path: Path | None) -> Path | None:
    if path is not None:
        check_ending(path)
    return path


Target = Annotated[
    Path,
    typer.Option("--output", "-o", callback=_tape, help="Where to: .parquet, .csv.gz or .csv."),
    WRITES,
]


def inspect_file(file: Quotes, data: DataOptions, output: OutputGroup) -> None:
    """Show what is in a file, how good it is, and which age limit its quotes need.

    Example: sor-opt data inspect data/sample_quotes.csv.gz --trades data/sample_trades.csv.gz
    """
    out = Output(output)
    tape = data.tape(file, out)
    found, prints = inspect(tape), prints_quality(tape)
    out.result(inspection_document(tape, found, prints))
    out.show(*inspection_tables(tape, found, prints))


def convert(
    file: Quotes,
    target: Target,
    data: DataOptions,
    output: OutputGroup,
    trades_output: Annotated[
        Path | None,
        typer.Option(callback=_tape, help="Where the trades go; left out without it."),
        WRITES,
    ] = None,
) -> None:
    """Write quotes, and trades, in sor_opt's own format.

    Example: sor-opt data convert quotes_2018-01-02.csv.gz -o quotes.parquet
    """
    out = Output(output)
    tape = data.tape(file, out)
    save_tape(tape, target, trades_output)
    if tape.left_out:
        out.warn(f"left out: {counted(tape.left_out)}")
    if tape.trades is not None and trades_output is None:
        out.warn(f"{len(tape.trades):,} trades left out; --trades-output FILE writes them")
    _tell(out, tape, target, trades_output)


def generate_file(
    target: Target,
    params: Annotated[
        SyntheticParams, Group("Market", without=("seed", "day", "odd_lots", "locks"))
    ],
    output: OutputGroup,
    trades: Annotated[
        Path | None, typer.Option(callback=_tape, help="Where the trades go."), WRITES
    ] = None,
    max_rows: Annotated[int, typer.Option(min=1, help="More quotes are refused.")] = MAX_ROWS,
) -> None:
    """Make a synthetic market of six venues; the same call gives the same bytes.

    Example: sor-opt data generate -o quotes.csv.gz --trades trades.csv.gz --seed 7
    """
    out = Output(output)
    tape = generate(replace(params, seed=output.seed), max_rows)
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
