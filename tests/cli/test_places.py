"""No command writes over a file that it reads, or over another output of its own."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, get_args, get_origin

import pytest
import typer

from sor_opt import cli
from sor_opt.cli.commands import Commands
from sor_opt.cli.names import OWN, OWN_FILES
from sor_opt.cli.places import READS, WRITES, Files, keep_apart
from sor_opt.cli.spread import spread
from sor_opt.errors import ConfigError


def commands(group: Commands) -> dict[str, Callable[..., None]]:
    """All commands of the command line, by name, with what typer sees of them."""
    found = {}
    for name, row in group.rows.items():
        found |= commands(row) if isinstance(row, Commands) else {name: spread(row.function())}
    return found


COMMANDS = commands(cli.COMMANDS)
PARAMETERS = [
    (name, parameter)
    for name, command in COMMANDS.items()
    for parameter in inspect.signature(command).parameters.values()
]


def marks(parameter: inspect.Parameter) -> list[Files]:
    return [mark for mark in get_args(parameter.annotation) if isinstance(mark, Files)]


def names_files(parameter: inspect.Parameter) -> bool:
    hint = parameter.annotation
    hint = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    said = any("FILE" in text for text in metavars(parameter))
    return Path in (hint, *get_args(hint)) or parameter.name == "storage" or said


def metavars(parameter: inspect.Parameter) -> list[str]:
    infos = [info for info in get_args(parameter.annotation) if hasattr(info, "metavar")]
    return [info.metavar or "" for info in infos]


def takes_classes(parameter: inspect.Parameter) -> bool:
    return OWN_FILES in marks(parameter)


def test_the_walk_finds_the_commands():
    assert {"allocate", "run", "inspect", "list"} <= set(COMMANDS)
    assert len([name for name, parameter in PARAMETERS if names_files(parameter)]) > 40


@pytest.mark.parametrize(("command", "parameter"), PARAMETERS, ids=lambda part: str(part)[:40])
def test_what_names_files_says_what_is_done_with_them(command, parameter):
    assert len(marks(parameter)) == names_files(parameter), f"{command}: {parameter.name}"


def test_what_takes_classes_says_so():
    for _, parameter in PARAMETERS:
        said = any(OWN in text for text in metavars(parameter))
        assert takes_classes(parameter) == said, parameter.name


PAIRS = [
    (command, written.name, other.name, "mine.py" if takes_classes(other) else "mismatch-0001.json")
    for command, written in PARAMETERS
    for name, other in PARAMETERS
    if command == name and written is not other and marks(other)
    if any(mark.written and not mark.read for mark in marks(written))
    if not (written.name == "mismatches" and takes_classes(other))  # no book is called like one
]


@pytest.mark.parametrize(("command", "written", "other", "called"), PAIRS)
def test_every_command_refuses_to_write_where_it_reads_or_writes(
    command, written, other, called, tmp_path, monkeypatch
):
    """The command itself is called, so that it must be the one to compare."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / called
    file.write_text("precious")
    values: dict[str, object] = {
        parameter.name: Path(parameter.name) if names_files(parameter) else "none"
        for parameter in inspect.signature(COMMANDS[command]).parameters.values()
        if parameter.default is inspect.Parameter.empty
    }
    for name in (written, other):
        values[name] = {"mismatches": tmp_path, "storage": str(file)}.get(name, file)
    if called == "mine.py":
        values[other] = f"{file}:Class"
    with pytest.raises(ConfigError, match=rf"would overwrite .*{called}, which .* names"):
        _call(COMMANDS[command], values)
    assert file.read_text() == "precious"


def _call(command, values):
    parameters = inspect.signature(command).parameters.values()
    command(**{p.name: values.get(p.name, p.default) for p in parameters})


def parameter(name: str, mark: Files, info: object = None) -> inspect.Parameter:
    info = info or typer.Option()
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, annotation=Annotated[Path, info, mark])


DATA = parameter("data", READS, typer.Argument())
LOG = parameter("log", WRITES, typer.Option("-l", "--log-file"))


@pytest.mark.parametrize("link", ["same", "soft", "hard", "dotted", "folder"])
def test_a_link_is_followed(tmp_path, link):
    data = tmp_path / "q.csv"
    data.write_text("")
    (tmp_path / "soft").symlink_to(data)
    (tmp_path / "hard").hardlink_to(data)
    (tmp_path / "linked").symlink_to(tmp_path)
    log = {
        "same": data,
        "soft": tmp_path / "soft",
        "hard": tmp_path / "hard",
        "dotted": tmp_path / "none" / ".." / "q.csv",
        "folder": tmp_path / "linked" / "q.csv",
    }[link]
    with pytest.raises(ConfigError) as error:
        keep_apart([DATA, LOG], {"data": data, "log": log})
    text = f"--log-file would overwrite {data}, which DATA names; name another file"
    assert str(error.value) == text


def test_two_outputs_may_not_become_one_file(tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "log.csv")
    given = {"log": tmp_path / "log.csv", "plot_file": tmp_path / "link.csv"}
    with pytest.raises(ConfigError) as error:
        keep_apart([LOG, parameter("plot_file", WRITES)], given)
    text = f"--plot-file would overwrite {tmp_path}/log.csv, which --log-file names"
    assert str(error.value) == f"{text}; name another file"


def test_what_is_only_read_may_be_given_twice(tmp_path):
    data = tmp_path / "q.csv"
    data.write_text("")
    keep_apart([DATA, parameter("trades", READS)], {"data": data, "trades": data})


def test_what_is_left_out_or_holds_nothing_is_no_file(tmp_path):
    keep_apart([DATA, LOG], {"data": tmp_path / "q.csv", "log": None})
    keep_apart([DATA, LOG], {"data": Path(os.devnull), "log": Path(os.devnull)})
    keep_apart([DATA, LOG], {"data": Path("-"), "log": Path("-")})


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal", ".lock"])
@pytest.mark.parametrize("storage", ["{db}", "sqlite:///{db}"])
def test_a_database_is_all_of_its_files(run, tmp_path, storage, end):
    database = tmp_path / "o.db"
    where = storage.format(db=database)
    code, out, err = run("study", "list", "--storage", where, "--json", f"{database}{end}")
    text = f"--json would overwrite {database}{end}, which --storage names; name another file"
    assert (code, out, err) == (2, "", f"error: {text}\n")


def test_the_database_of_nobody_who_named_one_counts_too(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOR_OPT_STORAGE", raising=False)
    code, _, err = run("study", "list", "--json", "studies/sor_opt.db")
    assert (code, "would overwrite studies/sor_opt.db" in err) == (2, True)


def test_a_database_is_no_input(run, tmp_path):
    data = tmp_path / "q.csv"
    data.write_text("precious")
    code, _, err = run("study", "run", "first", data, "--storage", data)
    text = f"--storage would overwrite {data}, which DATA names; name another file"
    assert (code, err) == (2, f"error: {text}\n")


def test_a_server_has_no_files(run, tmp_path):
    """The name of a server's database is not that of a file."""
    (tmp_path / "studies").write_text("")
    _, _, err = run(
        "study", "list", "--storage", "postgresql://127.0.0.1:1/studies", "--json", "studies"
    )
    assert "would overwrite" not in err


def test_a_folder_of_mismatches_counts_for_the_books_in_it(run, tmp_path):
    book, quotes = tmp_path / "mismatch-0007.json", tmp_path / "q.csv"
    for file in (book, quotes):
        file.write_text("precious")
    quotes_link = tmp_path / "link.csv"
    quotes_link.hardlink_to(book)
    for data in (book, quotes_link):
        code, _, err = run("validate", data, "--mismatches", tmp_path)
        text = f"--mismatches would overwrite {data}, which DATA names; name another file"
        assert (code, err) == (2, f"error: {text}\n")
    assert run("validate", quotes, "--mismatches", tmp_path)[0] == 3  # it is read, and is no data
