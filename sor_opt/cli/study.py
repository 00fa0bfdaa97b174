"""`study`: searches that are kept in a database."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sor_opt.backtest.baselines import BASELINE_SCHEDULES
from sor_opt.backtest.result import Result
from sor_opt.cli.console import Output
from sor_opt.cli.names import OWN_FILES, name_option
from sor_opt.cli.options import OutputGroup, OutputOptions
from sor_opt.cli.places import WRITES, Files
from sor_opt.cli.policy import SearchedOptions
from sor_opt.cli.replay import DataArgument, ReplayOptions, SearchOptions
from sor_opt.cli.spread import Group
from sor_opt.errors import ConfigError
from sor_opt.report.export import check_suffix, write_frame
from sor_opt.report.risk import risk_summary
from sor_opt.report.savings import headline
from sor_opt.report.studies import (
    full_summary,
    history_summary,
    list_tables,
    result_summary,
    result_tables,
    show_tables,
)
from sor_opt.report.verdict import (
    SELECTION,
    UNKNOWN,
    default_summary,
    saved_summary,
    selection_summary,
)
from sor_opt.search.grid import default_point
from sor_opt.search.kept_costs import KeptCosts
from sor_opt.search.pareto import ParetoObjective
from sor_opt.search.samplers.registry import SAMPLERS, make_sampler
from sor_opt.search.savings import savings_at
from sor_opt.search.studies import history
from sor_opt.search.studies.storage import (
    DEFAULT_STORAGE,
    files,
    open_storage,
    read_storage,
    shown,
)
from sor_opt.search.studies.study import StudyRun, run_study
from sor_opt.search.verdict import saved_on_default, selection_of

NameArgument = Annotated[str, typer.Argument(help="The study.")]
StorageOption = Annotated[
    str,
    typer.Option(
        envvar="SOR_OPT_STORAGE", metavar="URL", help="An Optuna database, or a SQLite file."
    ),
    Files(read=True, written=True, named=files),
]


@dataclass(frozen=True)
class StudyOptions:
    """How a study searches, and where it is kept."""

    sampler: Annotated[str, name_option(SAMPLERS, "sampler", "How to look."), OWN_FILES] = (
        "adaptive"
    )
    trials: Annotated[int, typer.Option(help="Finished trials to reach.")] = 100
    storage: StorageOption = DEFAULT_STORAGE
    workers: Annotated[int, typer.Option(help="Processes.")] = 1
    batch: Annotated[
        int, typer.Option(help="Save so many trials at once; a kill costs them at most.")
    ] = 1
    seed_from: Annotated[
        str | None,
        typer.Option(metavar="STUDY", help="Begin a new study with the points of this one."),
    ] = None


def run(
    name: NameArgument,
    data: DataArgument,
    replay: ReplayOptions,
    policy: Annotated[SearchedOptions, Group("Policy")],
    search: Annotated[SearchOptions, Group("Search")],
    output: OutputGroup,
    study: Annotated[StudyOptions, Group("Search")],
) -> None:
    """Make a study, or go on with it, until it holds so many finished trials.

    The same command resumes it after anything, and may run on several machines at once.

    Example: sor-opt study run first data/sample_quotes.csv.gz --every 10m --trials 60
    """
    out = Output(output)
    searched = policy.make(BASELINE_SCHEDULES)
    space = search.space(searched, policy.given)
    measures = search.measures
    # Complains before the data is read.
    make_sampler(study.sampler, space, output.seed, len(measures))
    objective = replay.objective(data, searched, space, measures[0], out)
    kept = KeptCosts(objective)
    plan = StudyRun(
        name,
        kept if len(measures) == 1 else ParetoObjective(objective, measures),
        space,
        study.sampler,
        study.trials,
        study.storage,
        output.seed,
        study.workers,
        study.batch,
        study.seed_from,
    )
    with out.progress(name) as progress:
        result = run_study(plan, progress)
    best = None if result.interrupted else result.best
    said = headline(objective, {})
    if best:
        chosen, default = objective.replay(best.params), default_point(objective, space)
        said = headline(objective, savings_at(objective, best.params, chosen, policy.given))
        said |= risk_summary(objective, {"best": chosen})
        said |= _selection(kept, result.history, default.result, output.seed, out)
        said |= default_summary(default)
        said |= saved_summary(saved_on_default(objective, chosen, default.result))
        with open_storage(study.storage) as opened:
            history.keep_headline(opened, name, best.number, said)
    summary = UNKNOWN | said | result_summary(result)
    out.result(summary)
    out.show(*result_tables(summary))
    if result.interrupted:
        out.warn(f"interrupted; this resumes it: {_command(study.storage)}")
        raise typer.Exit(1)


def _selection(
    kept: KeptCosts, tried: history.History, default: Result, seed: int, out: Output
) -> dict[str, Any]:
    """How much of the best trial may be luck, as the last run told it where no point is new."""
    points = {tried.space.point(trial.params): trial.params for trial in tried.trials}
    known = tried.headline or {}
    if known.get("tried") == len(points):
        return {key: known[key] for key in SELECTION}
    with out.progress("costs of the points") as progress:
        costs = kept.table(points.values(), progress)
    return selection_summary(selection_of(kept.objective, costs, default, seed))


def list_studies(output: OutputGroup, storage: StorageOption = DEFAULT_STORAGE) -> None:
    """Show the studies of a database.

    Example: sor-opt study list
    """
    out = Output(output)
    with read_storage(storage) as opened:
        summaries = [history_summary(each) for each in history.studies(opened)]
        shown = opened.shown
    out.result({"storage": shown, "studies": summaries})
    out.show(*list_tables(summaries))


def show(
    name: NameArgument,
    output: OutputGroup,
    storage: StorageOption = DEFAULT_STORAGE,
    top: Annotated[int, typer.Option(min=0, help="Rows of the table; 0 for all.")] = 10,
) -> None:
    """Show a study: what it searches, its best trials, how far it is.

    Example: sor-opt study show first --top 20
    """
    out = Output(output)
    with read_storage(storage) as opened:
        summary = {**full_summary(history.find(opened, name)), "storage": opened.shown}
    out.result(summary)
    out.show(*show_tables(summary, top))


def export(
    name: NameArgument,
    file: Annotated[Path, typer.Argument(help="Ends in .csv, .json or .parquet."), WRITES],
    storage: StorageOption = DEFAULT_STORAGE,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,  # noqa: ARG001
) -> None:
    """Write the finished trials of a study to a file.

    Example: sor-opt study export first trials.csv
    """
    check_suffix(file)
    with read_storage(storage) as opened:
        found = history.find(opened, name)
    write_frame(found.frame(), file)
    others = f"; {len(found.others)} not measured by sor-opt left out" if found.others else ""
    Output(OutputOptions()).show(f"{len(found.trials)} trials in {file}{others}")


def delete(
    name: NameArgument,
    storage: StorageOption = DEFAULT_STORAGE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,  # noqa: ARG001
) -> None:
    """Delete a study with all of its trials.

    Example: sor-opt study delete first
    """
    out = Output(OutputOptions())
    with open_storage(storage) as opened:
        finished = len(history.find(opened, name).trials)
        if not yes:
            out.confirm(f"Delete study {name} with {finished} finished trials?")
        history.delete(opened, name)
    out.show(f"deleted {name}")


def dashboard(
    storage: StorageOption = DEFAULT_STORAGE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="On 127.0.0.1.")] = 8080,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,  # noqa: ARG001
) -> None:
    """Serve Optuna's dashboard to this machine alone, until Ctrl-C.

    Example: sor-opt study dashboard --port 8081
    """
    try:
        from optuna_dashboard import run_server
    except ModuleNotFoundError as error:
        text = "the dashboard needs an optional extra: pip install 'sor-opt[dashboard]'"
        raise ConfigError(text) from error
    with open_storage(storage) as opened:
        address = f"http://127.0.0.1:{port}"
        Output(OutputOptions()).show(f"{address} shows {opened.shown}; Ctrl-C ends it")
        run_server(opened.trials, host="127.0.0.1", port=port)


def _command(storage: str) -> str:
    """Give the command as it was typed, without a password."""
    words = (word.replace(storage, shown(storage)) for word in sys.argv[1:])
    return shlex.join(["sor-opt", *words])
