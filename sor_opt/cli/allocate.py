"""`allocate` and `validate`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import typer
from rich.table import Table

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.crosscheck import CrossCheck, crosscheck
from sor_opt.allocators.draws import instances_of, random_instances, snapshot_instances
from sor_opt.allocators.registry import ALLOCATORS, provers
from sor_opt.cli.console import Output
from sor_opt.cli.market import DataOptions
from sor_opt.cli.names import OWN_FILES, name_option, named, names_option, split_names
from sor_opt.cli.options import FeeOptions, OutputGroup
from sor_opt.cli.owned import Part, check_owned, owned
from sor_opt.cli.places import READS, Files
from sor_opt.cli.spread import Given, Group, Words
from sor_opt.errors import ConfigError, SolverError
from sor_opt.models.base import CostModel
from sor_opt.models.books import read_instance, write_instance
from sor_opt.models.case import Order
from sor_opt.models.instances import Instance
from sor_opt.models.registry import MODELS
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import BookSide
from sor_opt.params import Parameter, changed, parameters
from sor_opt.report.allocation import allocation_summary, split_table, summary_table


def _models(words: Words) -> Iterator[Part]:
    chosen = list(named(words, MODELS.kind))
    for name in dict.fromkeys((*MODELS.rows, *chosen)):
        model = MODELS.make(name)
        yield Part(MODELS.kind, model.name, model, name in chosen)


def _allocators(words: Words) -> Iterator[Part]:
    chosen = list(named(words, ALLOCATORS.kind))
    for name in dict.fromkeys((*ALLOCATORS.rows, *chosen)):
        allocator = ALLOCATORS.make(name).proving()
        yield Part(ALLOCATORS.kind, allocator.name, allocator, name in chosen)


def _book_parameters(words: Words) -> list[Parameter]:
    shared = (*parameters(Order()), *parameters(RiskParams()))
    return [*shared, *(each.told for each in owned(_models(words)).values())]


def _allocator_parameters(words: Words) -> list[Parameter]:
    known = owned(_allocators(words)).values()
    return [each.told for each in known if each.parameter.name != "seed"]  # which is --seed


@dataclass(frozen=True)
class BookOptions:
    """What the command line says over the book; the rest is the book's, or the default."""

    fees: FeeOptions = field(default_factory=FeeOptions)
    model: Annotated[
        str | None,
        name_option(MODELS, "model", "Cost model, in place of the book's (static)."),
        OWN_FILES,
    ] = None
    given: Annotated[Mapping[str, Any], Given("In place of the book's", _book_parameters)] = field(
        default_factory=dict
    )

    def read(self, book: Path) -> Instance:
        """Read the book and lay the options over it."""
        instance = read_instance(book, MODELS.find(self.model) if self.model else None)
        records = {name: getattr(instance, name) for name in ("order", "risk", "model")}
        check_owned(self.given, records.values(), owned(_models(())))
        made = {name: changed(record, self.given) for name, record in records.items()}
        return replace(instance, **made)

    def price(self, instance: Instance, out: Output) -> Instance:
        """Fill in the fees that the book does not name, and say which."""
        unpriced = [venue.name for venue in instance.venues if venue.fee is None]
        fees = self.fees.schedule()
        if unpriced and not self.fees.no_fees:
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
        str, name_option(ALLOCATORS, "allocator", "What solves the problem."), OWN_FILES
    ] = "fast"
    given: Annotated[
        Mapping[str, Any], Given("Parameters of the allocator", _allocator_parameters)
    ] = field(default_factory=dict)

    def make(self, seed: int) -> Allocator:
        """Make the allocator, which takes its own of the options."""
        usual = ALLOCATORS.make(self.allocator).proving()
        check_owned(self.given, [usual], owned(_allocators(())))
        made = changed(usual, {**self.given, "seed": seed})
        if made.time_limit is not None:
            made.warm_up()
        return made


def allocate(
    book: Annotated[Path, typer.Argument(help="Venues: TOML, JSON or CSV."), READS],
    options: Annotated[BookOptions, Group("Book")],
    output: OutputGroup,
    solving: Annotated[AllocatorOptions, Group("Allocator")],
) -> None:
    """Split one order over the venues of a book at the least cost.

    The placement model needs the table `outflow` in the book.

    Example: sor-opt allocate book.toml --size 5000 --model placement --allocator integer
    """
    out = Output(output)
    solver = solving.make(output.seed)
    instance = options.price(options.read(book), out)
    problem = instance.problem()
    _note(instance, out)
    with out.progress("points") as progress:

        def tell(done: int, points: int) -> None:
            if done == 0:
                out.note(f"{points:,} points to evaluate")
            progress(done, points)

        found = replace(solver, progress=tell).solve(problem)
    out.result(allocation_summary(instance, found))
    out.show(split_table(instance, found), summary_table(found))
    if found.status == "feasible" and solver.proves:
        gap_text = f"${found.gap:g}" if math.isfinite(found.gap) else "not known"
        raise SolverError(
            f"{found.solver} did not prove its split optimal, gap {gap_text};"
            " give it more --time-limit, or --gap 0"
        )


def _note(instance: Instance, out: Output) -> None:
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


def validate(
    output: OutputGroup,
    options: Annotated[DataOptions, Group("Data")],
    data: Annotated[
        Path | None,
        typer.Argument(help="Quotes to draw snapshots from, instead of random books."),
        READS,
    ] = None,
    model: Annotated[
        str, name_option(MODELS, "model", "Cost model; the static one in both spaces."), OWN_FILES
    ] = "static",
    allocator: Annotated[
        str | None,
        names_option(ALLOCATORS, "allocator", "One of your own to hold against the oracle too."),
        OWN_FILES,
    ] = None,
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
    out = Output(output)
    rng = np.random.default_rng(output.seed)
    if data is None and (options.trades or options.symbol or options.timezone):
        raise ConfigError("--trades, --symbol and --timezone go with DATA")
    cost_model = _cost_model(model, outside)
    solvers = provers(split_names(allocator or ""))
    drawn = (
        random_instances(instances, rng)
        if data is None
        else snapshot_instances(options.tape(data, out), instances, rng)
    )
    posed = instances_of(cost_model, drawn, rng, outside)
    with out.progress("instances") as progress:
        result = crosscheck(posed, solvers, lambda done: progress(done, instances))
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
    model = MODELS.make(name)
    if outside and not model.assumptions:
        assuming = [name for name, kind in MODELS.items() if kind.assumptions]
        raise ConfigError(f"--outside goes with --model {' or '.join(assuming)} alone")
    return model


def _tally_table(result: CrossCheck) -> Table:
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
    if folder is None:
        return "see them with --mismatches DIR"
    for number, mismatch in enumerate(result.mismatches, start=1):
        write_instance(mismatch.instance, folder / _MISMATCH.format(number))
    return f"written to {folder}, for `sor-opt allocate FILE --allocator NAME`"
