"""`allocate` and `validate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sor_opt.cli.options import OutputOptions, spread
from sor_opt.errors import SolverError

if TYPE_CHECKING:
    from rich.table import Table

    from sor_opt.allocators.crosscheck import CrossCheck
    from sor_opt.cli.console import Output
    from sor_opt.model.instances import Instance
    from sor_opt.model.ladder import Allocation


@dataclass(frozen=True)
class BookOptions:
    """What the command line says over the book; the rest is the book's, or the default."""

    size: Annotated[float | None, typer.Option(help="Shares to trade.")] = None
    side: Annotated[Literal["buy", "sell"] | None, typer.Option(help="Side of the order.")] = None
    space: Annotated[
        Literal["open", "strict"] | None,
        typer.Option(help="open: the total is free; strict: it is the target exactly."),
    ] = None
    ref: Annotated[
        Literal["mid", "zero"] | None,
        typer.Option(help="Reference price; mid in the open space, zero in the strict one."),
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

    def read(self, book: Path) -> Instance:
        """Read the book and lay the options over it."""
        from dataclasses import fields, replace

        from sor_opt.model.instances import read_instance

        instance = read_instance(book)

        def over(record: Any) -> Any:
            named = {f.name: getattr(self, f.name, None) for f in fields(record)}
            return replace(record, **{k: v for k, v in named.items() if v is not None})

        return replace(
            instance,
            order=over(instance.order),
            risk=over(instance.risk),
            model=over(instance.model),
        )


@spread
def allocate(
    book: Annotated[Path, typer.Argument(help="Venues: TOML, JSON or CSV.")],
    options: BookOptions,
    output: OutputOptions,
    model: Annotated[Literal["static"], typer.Option(help="Cost model.")] = "static",  # noqa: ARG001
    allocator: Annotated[
        str, typer.Option(help="exhaustive, integer, integer-cbc or fast.")
    ] = "fast",
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds that an integer program may take.")
    ] = None,
    gap: Annotated[
        float, typer.Option(help="Relative gap at which an integer program may stop.")
    ] = 0.0,
    limit: Annotated[
        int | None, typer.Option(help="Points above which exhaustive refuses.")
    ] = None,
) -> None:
    """Split one order over the venues of a book at the least cost.

    Example: sor-opt allocate book.toml --size 5000 --allocator integer
    """
    from sor_opt.allocators.exhaustive import DEFAULT_LIMIT
    from sor_opt.allocators.integer import IntegerParams
    from sor_opt.allocators.registry import Settings, create
    from sor_opt.cli.console import Output

    out = Output(output)
    instance = options.read(book)
    problem = instance.problem()
    _note(instance, out)
    with out.progress("points") as progress:

        def tell(done: int, points: int) -> None:
            if done == 0:
                out.show(f"{points:,} points to visit")
            progress(done, points)

        settings = Settings(
            DEFAULT_LIMIT if limit is None else limit, tell, IntegerParams(time_limit, gap)
        )
        found = create(allocator, settings).solve(problem)
    out.show(_split_table(instance, found), _summary_table(found))
    out.result({key: getattr(found, key) for key in _DOCUMENT})
    if found.status == "feasible":
        raise SolverError(
            f"{found.solver} did not prove its split optimal, gap ${found.gap:g};"
            " give it more --time-limit, or --gap 0"
        )


_DOCUMENT = (
    "status",
    "cost",
    "shares",
    "executed",
    "underfill",
    "overfill",
    "bound",
    "gap",
    "solver",
)
"""What of an `Allocation` the JSON document holds."""


def _note(instance: Instance, out: Output) -> None:
    if instance.crossed:
        bid, ask = instance.best
        out.warn(f"the book is crossed: best bid {bid:g} is above best ask {ask:g}")
    silent = [venue.name for venue in instance.venues if venue not in instance.quoted]
    if silent:
        out.warn(f"a size of 0 shows nothing: {', '.join(silent)}")


def _split_table(instance: Instance, found: Allocation) -> Table:
    from rich.table import Table

    buying = instance.order.side == "buy"
    table = Table("venue", title=f"{instance.order.side} {instance.order.size:,.10g} shares")
    for name in ("ask" if buying else "bid", "displayed", "fee", "sent", "executed"):
        table.add_column(name, justify="right")
    problem = found.problem
    for venue, first, climbed in zip(
        instance.venues, problem.offsets[:-1], found.rungs, strict=True
    ):
        price, size = (venue.ask, venue.ask_size) if buying else (venue.bid, venue.bid_size)
        executed = problem.fills[first : first + climbed].sum()
        numbers = (price, size, venue.fee, climbed * problem.step, executed)
        table.add_row(venue.name, *(f"{number:,.10g}" for number in numbers))
    return table


def _summary_table(found: Allocation) -> Table:
    from rich.table import Table

    table = Table("", show_header=False)
    table.add_column(justify="right")
    table.add_row("status", found.status)
    if found.status == "infeasible":
        table.add_row("", "no admissible split has the size exactly")
        return table
    for label, dollars in (
        ("cost", found.cost),
        ("of it execution", found.execution_cost),
        ("of it penalties", found.cost - found.execution_cost),
        ("gap", found.gap),
    ):
        table.add_row(label, f"${dollars:,.4f}")
    for label, shares in (
        ("executed", found.executed),
        ("short", found.underfill),
        ("in excess", found.overfill),
    ):
        table.add_row(label, f"{shares:,.10g}")
    table.add_row("solver", found.solver)
    return table


_MISMATCH = "mismatch-{:04d}.json"


@spread
def validate(
    output: OutputOptions,
    data: Annotated[
        Path | None, typer.Argument(help="Quotes to draw snapshots from, instead of random books.")
    ] = None,
    instances: Annotated[int, typer.Option(min=1, help="Instances, each in both spaces.")] = 200,
    mismatches: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write every mismatch as a book here.")
    ] = None,
) -> None:
    """Hold all allocators against the exhaustive search.

    Example: sor-opt validate data/sample_quotes.csv.gz --instances 100 --mismatches wrong/
    """
    import numpy as np

    from sor_opt.allocators.crosscheck import crosscheck, random_instances, snapshot_instances
    from sor_opt.allocators.registry import create, names
    from sor_opt.cli.console import Output
    from sor_opt.market.loaders import load_tape

    out = Output(output, mismatches and mismatches / _MISMATCH.format(1))
    rng = np.random.default_rng(output.seed)
    if data is None:
        drawn = random_instances(instances, rng)
    else:
        drawn = snapshot_instances(load_tape(data), instances, rng)
    with out.progress("instances") as progress:
        result = crosscheck(
            drawn, [create(name) for name in names()], lambda done: progress(done, instances)
        )
    out.show(_tally_table(result))
    out.result(
        {
            "instances": result.instances,
            "mismatches": len(result.mismatches),
            "by_allocator": {name: vars(tally) for name, tally in result.by_allocator.items()},
            "trimmed": result.trimmed,
        }
    )
    if result.mismatches:
        where = _write_mismatches(result, mismatches)
        raise SolverError(f"{len(result.mismatches)} mismatches; {where}")


def _tally_table(result: CrossCheck) -> Table:
    from rich.table import Table

    table = Table(
        "allocator",
        title=f"{result.instances} instances in both spaces, {result.trimmed} trimmed to fewer"
        f" venues: {len(result.mismatches)} mismatches",
    )
    for name in ("solved", "infeasible", "mismatches", "seconds"):
        table.add_column(name, justify="right")
    for name, tally in result.by_allocator.items():
        counts = (tally.solved, tally.infeasible, tally.mismatches)
        table.add_row(name, *(f"{count:,}" for count in counts), f"{tally.seconds:.3f}")
    return table


def _write_mismatches(result: CrossCheck, folder: Path | None) -> str:
    from sor_opt.model.instances import write_instance

    if folder is None:
        return "see them with --mismatches DIR"
    for number, mismatch in enumerate(result.mismatches, start=1):
        write_instance(mismatch.instance, folder / _MISMATCH.format(number))
    return f"written to {folder}, for `sor-opt allocate FILE --allocator NAME`"
