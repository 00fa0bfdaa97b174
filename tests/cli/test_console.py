"""What holds for every command: where output goes, how errors look, what a narrow screen shows."""

from __future__ import annotations

import io
import re
import sys
import time

import pytest
import typer
from rich.table import Table
from rich.text import Text

import sor_opt.cli
from sor_opt.cli import main
from sor_opt.cli.console import Output, printable
from sor_opt.cli.derive import clock, duration
from sor_opt.cli.options import OutputOptions
from sor_opt.errors import DataError


@pytest.mark.parametrize(
    "words",
    [
        "allocate none.toml --json {tmp}",
        "validate --json {tmp}",
        "validate --mismatches {tmp}/file",
        "backtest none.csv --log {tmp}/a.csv --orders {tmp}/a.csv",
        "backtest none.csv --log {tmp}/file/a.csv",
        "grid none.csv --plot {tmp}/p.png --json {tmp}",
        "grid none.csv --plot {tmp}/p.foo",
        "landscape none.csv --plot {tmp}/p.foo",
        "landscape none.csv --plot {tmp}/p.png --json {tmp}/x/../p.png",
        "compare none.csv --plot {tmp}/p.foo",
        "study run first none.csv --json {tmp}",
        "study list --json {tmp}",
        "study show first --json {tmp}",
        "study export first {tmp}/file/a.csv",
        "backtest none.csv --orders {tmp}/a.csv --json {tmp}/a.csv",
        "data inspect none.csv --json {tmp}",
        "data convert none.csv -o {tmp}/q.foo",
        "data convert none.csv -o {tmp}/q.csv --trades-output {tmp}/q.csv",
        "data generate -o {tmp}/g.csv --trades {tmp}/x.foo",
        "data generate -o {tmp}/g.csv --json {tmp}",
    ],
)
def test_an_output_of_no_use_is_refused_before_any_work(run, tmp_path, words):
    (tmp_path / "file").write_text("")
    code, out, err = run(*words.format(tmp=tmp_path).split())
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert str(tmp_path) in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_error_that_nobody_foresaw_is_one_line(run, monkeypatch):
    def broken(*_, **__):
        raise MemoryError("no room\nat all")

    monkeypatch.setattr(sor_opt.cli, "app", broken)
    text = "error: unexpected: MemoryError: no room at all; --debug shows the trace\n"
    assert run("grid", "q.csv") == (1, "", text)
    monkeypatch.setattr(sys, "argv", ["sor-opt", "grid", "--debug"])
    with pytest.raises(MemoryError):
        main()


def test_numbers_and_words_are_never_cut(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "20")
    table = Table("venue")
    table.add_column("saved", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_row("NASDAQ OMX", "123,456.789", "[-12.34, 56.78]")
    Output(OutputOptions()).show(table)
    shown = capsys.readouterr().out
    for whole in ("123,456.789", "[-12.34, 56.78]", "95 % interval", "NASDAQ"):
        assert whole in shown


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (duration, "367h"),
        (clock, "09:45:30"),
    ],
)
def test_a_duration_or_time_of_day_is_read(read, text):
    assert read(text)


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (duration, "8785h", "longer than 366 days"),
        (duration, "9" * 400 + "s", "longer than 366 days"),
        (clock, "09:45Z", "without an offset"),
        (clock, "09:45-05:00", "without an offset"),
    ],
)
def test_a_duration_or_time_of_day_out_of_bounds_is_refused(read, text, reason):
    with pytest.raises(typer.BadParameter, match=reason):
        read(text)


def test_a_negative_seed_or_top_is_refused(run):
    for words in (
        ["grid", "none.csv", "--seed", -1],
        ["grid", "none.csv", "--top", -1],
        ["study", "show", "first", "--top", -1],
    ):
        code, _, err = run(*words)
        assert (code, "greater than or equal to 0" in err) == (2, True)


def test_a_limit_below_one_is_refused(run):
    for limit in (-1, 0):
        code, out, err = run("allocate", "none.toml", "--allocator", "exhaustive", "--limit", limit)
        assert (code, out, err) == (
            2,
            "",
            f"error: limit must be > 0 and below 100,000,000,000, got {limit}\n",
        )


NASTY = {
    "[bold]x[/bold]": "[bold]x[/bold]",
    "[/]": "[/]",
    ":smile:": ":smile:",
    "\x1b[31mred\x07": r"\x1b[31mred\x07",
    "a\rb\nc\td": r"a\rb\nc\td",
    "\x7f\x9b1m": r"\x7f\x9b1m",
    "\u202eevil\u2066\u200f": r"\u202eevil\u2066\u200f",
    "\udcff": r"\udcff",
    "é中文 λ": "é中文 λ",
}
"""Names that files may hold, and what a screen shows of them."""


@pytest.mark.parametrize(("name", "shown"), NASTY.items(), ids=lambda name: ascii(name))
def test_whatever_is_shown_is_text(name, shown, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    table = Table(name, title=f"title {name}", caption=f"caption {name}")
    table.add_row(f"cell {name}")
    Output(OutputOptions()).show(table, f"line {name}")
    printed = capsys.readouterr().out
    for place in ("title", "caption", "cell", "line"):
        assert f"{place} {shown}" in printed
    assert printed.replace("\n", "").isprintable()


@pytest.mark.parametrize(("name", "shown"), NASTY.items(), ids=lambda name: ascii(name))
def test_a_warning_is_one_line_of_text(name, shown, capsys):
    Output(OutputOptions()).warn(f"about {name}")
    shown = re.sub(r"(\\[rnt])+", " ", shown)
    assert capsys.readouterr() == ("", f"warning: about {shown}\n")


@pytest.mark.parametrize(("name", "shown"), NASTY.items(), ids=lambda name: ascii(name))
def test_an_error_is_one_line_of_text(run, monkeypatch, name, shown):
    def refuse(*_, **__):
        raise DataError("wrong", file=name)

    monkeypatch.setattr(sor_opt.cli, "app", refuse)
    shown = re.sub(r"(\\[rnt])+", " ", shown)
    assert run("grid") == (3, "", f"error: {shown}: wrong\n")


def test_a_wrong_word_is_shown_as_text(run):
    assert run("\x1b[31m") == (2, "", "error: No such command '\\x1b[31m'.\n")
    for words in (["grid", "none.csv", "--every", "\x1b[31m"], ["data", "\u202e"]):
        code, out, err = run(*words)
        assert (code, out, err.rstrip("\n").isprintable()) == (2, "", True)


def test_a_long_duration_is_quoted_in_part(run):
    code, _, err = run("grid", "none.csv", "--every", "9" * 500)
    assert code == 2
    assert f"'{'9' * 77}...' is no duration" in err


def test_no_line_on_standard_error_is_endless(capsys):
    Output(OutputOptions()).warn(f"start {'x' * 10_000} end")
    line = capsys.readouterr().err
    assert line.startswith("warning: start xxx")
    assert line.endswith("xxx end\n")
    assert len(line) == 2006


@pytest.mark.parametrize("name", ["[/]", "[bold]x[/bold]", "{x}", "%s", "\x1b[31m"])
def test_the_label_of_a_bar_is_text(name, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with Output(OutputOptions()).progress(name) as progress:
        progress(1, 2)
        time.sleep(0.3)  # the bar is drawn ten times a second
    assert printable(name) in terminal.getvalue()
    assert "\x1b[31m" not in terminal.getvalue()


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_line_may_have_a_style(monkeypatch, capsys):
    Output(OutputOptions()).show(Text("one [draw]", style="yellow"))
    assert capsys.readouterr().out == "one [draw]\n"


def test_a_line_stays_whole_where_nobody_reads_it_on_a_screen(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "20")
    Output(OutputOptions()).show("a line of more than twenty columns")
    assert capsys.readouterr().out == "a line of more than twenty columns\n"
