"""`study`: searches that are kept in a database."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sor_opt.cli.console import Output
from sor_opt.cli.names import NamingCommand
from sor_opt.cli.options import OutputOptions, spread
from sor_opt.cli.places import WRITES, Files
from sor_opt.cli.policy import PolicyOptions
from sor_opt.cli.replay import DataArgument, LevelsOptions, ReplayOptions

app = typer.Typer(name="study", help="Searches that are kept, resumed and shared.")

_DEFAULT_STORAGE = "sqlite:///studies/sor_opt.db"


def _storage_files(where: str) -> list[Path]:
    from sor_opt.search.studies.storage import files

    return files(where)


NameArgument = Annotated[str, typer.Argument(help="The study.")]
StorageOption = Annotated[
    str,
    typer.Option(
        envvar="SOR_OPT_STORAGE", metavar="URL", help="An Optuna database, or a SQLite file."
    ),
    Files(read=True, written=True, named=_storage_files),
]


@dataclass(frozen=True)
class StudyOptions:
    """How a study searches, and where it is kept."""

    sampler: Annotated[str, typer.Option(help="grid, adaptive, random, qmc, tpe, cmaes or gp.")] = (
        "adaptive"
    )
    trials: Annotated[int, typer.Option(help="Finished trials to reach.")] = 100
    storage: StorageOption = _DEFAULT_STORAGE
    workers: Annotated[int, typer.Option(help="Processes.")] = 1
    batch: Annotated[
        int, typer.Option(help="Save so many trials at once; a kill costs them at most.")
    ] = 1
    seed_from: Annotated[
        str | None,
        typer.Option(metavar="STUDY", help="Begin a new study with the points of this one."),
    ] = None


@app.command("run", cls=NamingCommand)
@spread
def run(
    name: NameArgument,
    data: DataArgument,
    replay: ReplayOptions,
    policy: PolicyOptions,
    levels: LevelsOptions,
    output: OutputOptions,
    study: StudyOptions,
) -> None:
    """Make a study, or go on with it, until it holds so many finished trials.

    The same command resumes it after anything, and may run on several machines at once.

    Example: sor-opt study run first data/sample_quotes.csv.gz --every 10m --trials 60
    """
    from sor_opt.report.studies import result_summary, result_tables
    from sor_opt.search.samplers.registry import make_sampler
    from sor_opt.search.studies.study import StudyRun, run_study

    out = Output(output)
    searched = policy.make()
    space = levels.space(searched)
    make_sampler(study.sampler, space, output.seed)  # complains before the data is read
    objective = replay.objective(data, searched, space, out)
    plan = StudyRun(
        name,
        objective,
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
    summary = result_summary(result)
    out.result(summary)
    out.show(*result_tables(summary))
    if result.interrupted:
        out.warn(f"interrupted; this resumes it: {_command(study.storage)}")
        raise typer.Exit(1)


@app.command("list")
@spread
def list_studies(output: OutputOptions, storage: StorageOption = _DEFAULT_STORAGE) -> None:
    """Show the studies of a database.

    Example: sor-opt study list
    """
    from sor_opt.report.studies import history_summary, list_tables
    from sor_opt.search.studies.history import studies
    from sor_opt.search.studies.storage import read_storage

    out = Output(output)
    with read_storage(storage) as opened:
        summaries = [history_summary(history) for history in studies(opened)]
        shown = opened.shown
    out.result({"storage": shown, "studies": summaries})
    out.show(*list_tables(summaries))


@app.command("show")
@spread
def show(
    name: NameArgument,
    output: OutputOptions,
    storage: StorageOption = _DEFAULT_STORAGE,
    top: Annotated[int, typer.Option(min=0, help="Rows of the table; 0 for all.")] = 10,
) -> None:
    """Show a study: what it searches, its best trials, how far it is.

    Example: sor-opt study show first --top 20
    """
    from sor_opt.report.studies import full_summary, show_tables
    from sor_opt.search.studies.history import find
    from sor_opt.search.studies.storage import read_storage

    out = Output(output)
    with read_storage(storage) as opened:
        summary = {**full_summary(find(opened, name)), "storage": opened.shown}
    out.result(summary)
    out.show(*show_tables(summary, top))


@app.command("export")
@spread
def export(
    name: NameArgument,
    file: Annotated[Path, typer.Argument(help="Ends in .csv, .json or .parquet."), WRITES],
    storage: StorageOption = _DEFAULT_STORAGE,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,  # noqa: ARG001
) -> None:
    """Write the finished trials of a study to a file.

    Example: sor-opt study export first trials.csv
    """
    from sor_opt.report.export import check_suffix, write_frame
    from sor_opt.search.studies.history import find
    from sor_opt.search.studies.storage import read_storage

    check_suffix(file)
    with read_storage(storage) as opened:
        history = find(opened, name)
    write_frame(history.frame(), file)
    others = f"; {len(history.others)} not measured by sor-opt left out" if history.others else ""
    Output(OutputOptions()).show(f"{len(history.trials)} trials in {file}{others}")


@app.command("delete")
@spread
def delete(
    name: NameArgument,
    storage: StorageOption = _DEFAULT_STORAGE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,  # noqa: ARG001
) -> None:
    """Delete a study with all of its trials.

    Example: sor-opt study delete first
    """
    from sor_opt.search.studies import history
    from sor_opt.search.studies.storage import open_storage

    out = Output(OutputOptions())
    with open_storage(storage) as opened:
        finished = len(history.find(opened, name).trials)
        if not yes:
            out.confirm(f"Delete study {name} with {finished} finished trials?")
        history.delete(opened, name)
    out.show(f"deleted {name}")


@app.command("dashboard")
@spread
def dashboard(
    storage: StorageOption = _DEFAULT_STORAGE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="On 127.0.0.1.")] = 8080,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,  # noqa: ARG001
) -> None:
    """Serve Optuna's dashboard to this machine alone, until Ctrl-C.

    Example: sor-opt study dashboard --port 8081
    """
    from sor_opt.errors import ConfigError
    from sor_opt.search.studies.storage import open_storage

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
    from sor_opt.search.studies.storage import shown

    words = (word.replace(storage, shown(storage)) for word in sys.argv[1:])
    return shlex.join(["sor-opt", *words])
