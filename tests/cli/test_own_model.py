"""The cost model that the documents show, as a user runs it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from sor_opt.allocators.registry import provers
from sor_opt.models.registry import MODELS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cost-model.md").read_text("utf-8")
FILE = "docs/examples/square.py"
MODEL = f"{FILE}:Square"
SHOWN = re.findall(r"```console\n\$ sor-opt (.*?)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    monkeypatch.chdir(ROOT)


def plain(text):
    """The lines without what differs from run to run: seconds, and spaces at their ends."""
    return [re.sub(r"\d+\.\d{3} │$", "seconds │", line.rstrip()) for line in text.splitlines()]


def test_the_file_that_is_shown_is_the_file():
    code = (ROOT / FILE).read_text("utf-8")
    assert re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) == [code]
    assert code.count("\n") <= 40


@pytest.mark.parametrize(("words", "output"), SHOWN, ids=["allocate", "validate", "backtest"])
def test_a_command_that_is_shown_prints_what_is_shown(run, words, output):
    code, out, err = run(*shlex.split(words))
    assert (code, err) == (0, "")
    printed = iter(plain(out))
    assert all(line in printed for line in plain(output))  # in this order


def shares(run, *words):
    code, out, _ = run("allocate", *words, "--json", "-")
    assert code == 0
    return json.loads(out)["shares"]


@pytest.mark.parametrize("allocator", [allocator.name for allocator in provers()])
def test_every_allocator_solves_it(run, allocator):
    words = ("docs/examples/book.toml", "--model", MODEL, "--allocator", allocator)
    assert shares(run, *words) == {"XNYS": 700.0, "XNAS": 300.0}


def test_a_book_may_set_its_fields_but_never_imports_it(run, tmp_path):
    book, text = tmp_path / "book.toml", (ROOT / "docs/examples/book.toml").read_text()
    book.write_text(f'{text}\n[model]\nname = "Square"\nslippage = 0.0\n')
    assert shares(run, book, "--model", MODEL) == {"XNYS": 800.0, "XNAS": 200.0}
    book.write_text(f'{text}\n[model]\nname = "{MODEL}"\n')
    for words in ([], ["--model", MODEL], ["--model", "static"]):
        code, _, err = run("allocate", book, *words)
        assert (code, err.count("\n")) == (3, 1)
        assert f"unknown model '{MODEL}'; known are {', '.join(MODELS)}; one of your own" in err


def test_snapshots_of_a_file_are_held_against_the_oracle_too(run):
    words = ("validate", "data/sample_quotes.csv.gz", "--model", MODEL, "--instances", 5)
    code, out, _ = run(*words, "--json", "-")
    assert (code, json.loads(out)["mismatches"]) == (0, 0)


def test_a_mismatch_is_written_as_a_book_that_allocate_reads(run, tmp_path, monkeypatch):
    from sor_opt.allocators.fast import allocator

    monkeypatch.setattr(allocator, "solve_single", lambda *problem: (1e9, 0.0))
    words = ("validate", "--model", MODEL, "--instances", 1, "--mismatches", tmp_path)
    assert run(*words)[0] == 4
    (written,) = tmp_path.iterdir()
    assert json.loads(written.read_text())["model"]["name"] == "Square"
    assert run("allocate", written, "--model", MODEL, "--allocator", "integer")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("validate", "--model", f"{FILE}:Round"), "holds no class 'Round'; it holds Square"),
        (("validate", "--model", MODEL, "--outside"), "--outside goes with --model placement"),
        (
            ("backtest", "data/sample_quotes.csv.gz", "--router", "static", "--model", MODEL),
            "the router static is written for the static model; the router cost takes 'Square'",
        ),
        (
            ("backtest", "data/sample_quotes.csv.gz", "--router", "cost", "--model", "placement"),
            "the model placement posts or needs outflows",
        ),
    ],
)
def test_a_wrong_call_is_one_line(run, words, said):
    code, _, err = run(*words)
    assert (code, err.count("\n")) == (2, 1)
    assert said in err
