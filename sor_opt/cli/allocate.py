"""`allocate` and `validate`."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from sor_opt.cli.market import DataOptions
from sor_opt.cli.options import FeeOptions, OutputOptions, given_options, spread
from sor_opt.cli.places import READS, Files
from sor_opt.errors import ConfigError, SolverError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from sor_opt.allocators.base import Allocator
    from sor_opt.allocators.crosscheck import CrossCheck
    from sor_opt.cli.console import Output
    from sor_opt.models.base import CostModel
    from sor_opt.models.instances import Instance


@dataclass(frozen=True)
class BookOptions(FeeOptions):
    """What the command line says over the book; the rest is the book's, or the default."""

    size: Annotated[float | None, typer.Option(help="Shares to trade.")] = None
    side: Annotated[Literal["buy", "sell"] | None, typer.Option(help="Side of the order.")] = None
    space: Annotated[
        Literal["open", "strict"] | None,
        typer.Option(help="static: the total is free, or it is the target exactly."),
    ] = None
    ref: Annotated[
        Literal["mid", "zero"] | None,
        typer.Option(help="static: reference price, mid in the open space, zero in the strict."),
    ] = None
    depth: Annotated[
        Literal["displayed", "infinite"] | None,
        typer.Option(help="placement: what is displayed, or the lowest ask without end."),
    ] = None
    step: Annotated[float | None, typer.Option(help="Shares per chunk.")] = None
    lambda_over: Annotated[
        float | None, typer.Option(help="Penalty per share beyond the target.")
    ] = None
    lambda_under: Annotated[float | None, typer.Option(help="Penalty per share short of it.")] = (
        None
    )
    theta_queue: Annotated[float | None, typer.Option(help="Queue risk and impact.")] = None
    unit: Annotated[
        Literal["fraction", "per_share"] | None,
        typer.Option(help="Fractions of the mid, or dollars per share."),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Cost model (static), or path/to/mine.py:Class."),
    ] = None

    def read(self, book: Path) -> Instance:
        """Read the book and lay the options over it."""
        from dataclasses import replace

        from sor_opt.models.books import read_instance
        from sor_opt.models.registry import MODELS
        from sor_opt.params import changed, parameters

        instance = read_instance(book, type(MODELS.make(self.model)) if self.model else None)
        records = {name: getattr(instance, name) for name in ("order", "risk", "model")}
        others = {"model", *(field.name for field in fields(FeeOptions))}
        given = {name: v for name, v in given_options(self).items() if name not in others}
        known = {each.name for record in records.values() for each in parameters(record)}
        for name in sorted(given.keys() - known):
            raise ConfigError(f"--{name} does not go with the {instance.model.name} model")
        return replace(instance, **{name: changed(each, given) for name, each in records.items()})

    def price(self, instance: Instance, out: Output) -> Instance:
        """Fill in the fees that the book does not name, and say which."""
        unpriced = [venue.name for venue in instance.venues if venue.fee is None]
        fees = self.schedule()
        if unpriced and not self.no_fees:
            rows = [fees.newest(name) for name in unpriced]
            taken = ", ".join(f"{r.venue} ${r.taker:g} and ${r.rebate:g} ({r.date})" for r in rows)
            out.warn(
                "the book names no fee for these venues; the newest fee and rebate of the table "
                f"are taken: {taken}"
            )
        return instance.priced(fees)


@dataclass(frozen=True)
class AllocatorOptions:
    """Which allocator solves the problem, and when it may stop."""

    allocator: Annotated[
        str, typer.Option(help="exhaustive, integer, integer-cbc, fast or robbins-monro.")
    ] = "fast"
    certify: Annotated[
        bool, typer.Option(help="Whether fast proves its answer, where scenarios make it a search.")
    ] = True
    iterations: Annotated[int, typer.Option(help="Of robbins-monro.")] = 1000
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds that the allocator may take.")
    ] = None
    gap: Annotated[
        float, typer.Option(help="Relative gap at which an integer program may stop.")
    ] = 0.0
    limit: Annotated[
        int | None, typer.Option(min=1, help="Points above which exhaustive refuses.")
    ] = None
    max_terms: Annotated[
        int, typer.Option(min=1, help="Terms above which an integer program is not written.")
    ] = 5_000_000

    def make(self, seed: int, progress: Callable[[int, int], None]) -> Allocator:
        """Make the allocator, which takes its own of the options."""
        from dataclasses import replace

        from sor_opt.allocators.registry import ALLOCATORS
        from sor_opt.params import changed

        values = {**given_options(self), "seed": seed}
        made = replace(changed(ALLOCATORS.make(self.allocator), values), progress=progress)
        if made.time_limit is not None:
            made.warm_up()
        return made


@spread
def allocate(
    book: Annotated[Path, typer.Argument(help="Venues: TOML, JSON or CSV."), READS],
    options: BookOptions,
    output: OutputOptions,
    solving: AllocatorOptions,
) -> None:
    """Split one order over the venues of a book at the least cost.

    The placement model needs the table `outflow` in the book.

    Example: sor-opt allocate book.toml --size 5000 --model placement --allocator integer
    """
    from sor_opt.cli.console import Output
    from sor_opt.report.allocation import allocation_summary, split_table, summary_table

    out = Output(output)
    instance = options.price(options.read(book), out)
    problem = instance.problem()
    _note(instance, out)
    with out.progress("points") as progress:

        def tell(done: int, points: int) -> None:
            if done == 0:
                out.note(f"{points:,} points to evaluate")
            progress(done, points)

        solver = solving.make(output.seed, tell)
        found = solver.solve(problem)
    out.result(allocation_summary(instance, found))
    out.show(split_table(instance, found), summary_table(found))
    if found.status == "feasible" and solver.proves:
        gap_text = f"${found.gap:g}" if math.isfinite(found.gap) else "not known"
        raise SolverError(
            f"{found.solver} did not prove its split optimal, gap {gap_text};"
            " give it more --time-limit, or --gap 0"
        )


def _note(instance: Instance, out: Output) -> None:
    from sor_opt.models.venues import BookSide

    for doubt in instance.model.doubts(instance.snapshot, instance.risk):
        out.warn(doubt)
    if instance.crossed:
        bid, ask = instance.best
        out.warn(f"the book is crossed: best bid {bid:,.10g} is above best ask {ask:,.10g}")
    silent = [
        f"{venue.name} {side}"
        for venue in instance.venues
        for side in get_args(BookSide)
        if not venue.shows(side)
    ]
    if silent:
        out.warn(
            "a side without a price and a size above 0 (and in bounds) shows nothing: "
            f"{', '.join(silent)}"
        )
    if None in instance.best and instance.risk.unit == "fraction":
        out.warn(f"without a mid the penalties are fractions of {instance.reference:,.10g}")


_MISMATCH = "mismatch-{:04d}.json"


def _mismatch_files(folder: Path) -> list[Path]:
    """Name the books that may be written into a folder: the first, and what is there."""
    return [folder / _MISMATCH.format(1), *folder.glob("mismatch-*.json")]


@spread
def validate(
    output: OutputOptions,
    options: DataOptions,
    data: Annotated[
        Path | None,
        typer.Argument(help="Quotes to draw snapshots from, instead of random books."),
        READS,
    ] = None,
    model: Annotated[
        str,
        typer.Option(metavar="NAME", help="Cost model; static in both spaces; or mine.py:Class."),
    ] = "static",
    instances: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many.")] = 200,
    outside: Annotated[
        bool, typer.Option("--outside", help="placement: penalties beyond A1 to A3 too.")
    ] = False,
    mismatches: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write every mismatch as a book here."),
        Files(written=True, named=_mismatch_files),
    ] = None,
) -> None:
    """Hold all allocators that prove their answers against the exhaustive search.

    Example: sor-opt validate data/sample_quotes.csv.gz --instances 100 --mismatches wrong/
    """
    import numpy as np

    from sor_opt.allocators.crosscheck import crosscheck
    from sor_opt.allocators.draws import instances_of, random_instances, snapshot_instances
    from sor_opt.allocators.registry import provers
    from sor_opt.cli.console import Output

    out = Output(output)
    rng = np.random.default_rng(output.seed)
    if data is None and (options.trades or options.symbol or options.timezone):
        raise ConfigError("--trades, --symbol and --timezone go with DATA")
    cost_model = _cost_model(model, outside)
    drawn = (
        random_instances(instances, rng)
        if data is None
        else snapshot_instances(options.tape(data, out), instances, rng)
    )
    posed = instances_of(cost_model, drawn, rng, outside)
    with out.progress("instances") as progress:
        result = crosscheck(posed, provers(), lambda done: progress(done, instances))
    written = _write_mismatches(result, mismatches)
    out.result(
        {
            "instances": result.instances,
            "mismatches": len(result.mismatches),
            "by_allocator": {name: vars(tally) for name, tally in result.by_allocator.items()},
            "trimmed": result.trimmed,
        }
    )
    out.show(_tally_table(result))
    if result.mismatches:
        raise SolverError(f"{len(result.mismatches)} mismatches; {written}")


def _cost_model(name: str, outside: bool) -> CostModel:
    from sor_opt.models.registry import MODELS

    model = MODELS.make(name)
    if outside and not model.assumptions:
        assuming = [name for name, kind in MODELS.items() if kind.assumptions]
        raise ConfigError(f"--outside goes with --model {' or '.join(assuming)} alone")
    return model


def _tally_table(result: CrossCheck) -> Table:
    from rich.table import Table

    table = Table(
        "allocator",
        title=f"{result.instances} instances, {result.trimmed} trimmed to fewer venues: "
        f"{len(result.mismatches)} mismatches",
    )
    for name in ("solved", "infeasible", "mismatches", "seconds"):
        table.add_column(name, justify="right")
    for name, tally in result.by_allocator.items():
        counts = (tally.solved, tally.infeasible, tally.mismatches)
        table.add_row(name, *(f"{count:,}" for count in counts), f"{tally.seconds:.3f}")
    return table


def _write_mismatches(result: CrossCheck, folder: Path | None) -> str:
    from sor_opt.models.books import write_instance

    if folder is None:
        return "see them with --mismatches DIR"
    for number, mismatch in enumerate(result.mismatches, start=1):
        write_instance(mismatch.instance, folder / _MISMATCH.format(number))
    return f"written to {folder}, for `sor-opt allocate FILE --allocator NAME`"
