"""What holds for every command: where output goes, how errors look, what a narrow screen shows."""

from __future__ import annotations

import sys

import pytest
import typer
from rich.table import Table

import sor_opt.cli
from sor_opt.cli import main
from sor_opt.cli.console import Output
from sor_opt.cli.options import OutputOptions, duration
from sor_opt.cli.replay import clock
from sor_opt.errors import ConfigError


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


def test_two_outputs_may_not_be_one_file(tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "log.csv")
    with pytest.raises(ConfigError, match="two outputs"):
        Output(OutputOptions(), tmp_path / "log.csv", None, tmp_path / "link.csv")


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
