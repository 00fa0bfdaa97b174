import json

import pytest

from sor_opt.allocators.registry import ALLOCATORS, provers

BOOK = """name,bid,bid_size,ask,ask_size,fee,rebate
XNYS,99.99,300,100.01,250,0.003,0.002
XNAS,99.98,400,100.02,300,0.001,0.004
"""
KEYS = ["status", "cost", "shares", "executed", "underfill", "overfill", "bound", "gap", "solver"]


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text(BOOK)
    return path


@pytest.mark.parametrize("allocator", [allocator.name for allocator in provers()])
def test_every_allocator_gives_the_same_json(run, book, allocator):
    code, out, _ = run("allocate", book, "--size", 450, "--allocator", allocator, "--json", "-")
    found = json.loads(out)
    assert code == 0
    assert list(found) == KEYS
    assert found["shares"] == {"XNYS": 300.0, "XNAS": 200.0}
    assert found["cost"] == pytest.approx(250 * 0.013 - 50 * 0.002 + 200 * 0.021)
    assert (found["status"], found["executed"], found["gap"]) == ("optimal", 450.0, 0.0)
    assert found["solver"] == allocator


def test_people_get_a_table(run, book):
    code, out, _ = run("allocate", book, "--size", 450)
    assert code == 0
    assert "XNYS" in out
    assert "optimal" in out


def test_options_stand_over_the_book(run, tmp_path):
    path = tmp_path / "book.json"
    rows = [
        dict(zip(BOOK.splitlines()[0].split(","), line.split(","), strict=True))
        for line in BOOK.splitlines()[1:]
    ]
    path.write_text(json.dumps({"venues": rows, "order": {"size": 200}, "model": {"step": 50}}))
    shares = json.loads(run("allocate", path, "--json", "-")[1])["shares"]
    assert shares == {"XNYS": 200.0, "XNAS": 0.0}
    over = ("--size", 500, "--side", "sell", "--step", 100, "--lambda-under", 0.1)
    sold = json.loads(run("allocate", path, *over, "--unit", "per_share", "--json", "-")[1])
    assert sold["shares"] == {"XNYS": 300.0, "XNAS": 200.0}


def test_no_admissible_split_is_an_answer(run, book):
    code, out, _ = run("allocate", book, "--size", 450, "--space", "strict", "--json", "-")
    found = json.loads(out)
    assert code == 0
    assert (found["status"], found["cost"], found["gap"]) == ("infeasible", None, None)


def test_a_split_that_is_not_proven_is_written_and_then_an_error(run, book):
    arguments = ("allocate", book, "--size", 420, "--allocator", "integer-cbc", "--gap", 0.5)
    code, out, err = run(*arguments, "--json", "-")
    found = json.loads(out)
    assert found["status"] == "feasible"
    assert found["gap"] > 0
    assert code == 4
    assert "did not prove" in err


def test_exhaustive_says_how_to_raise_its_limit(run, book):
    arguments = ("allocate", book, "--size", 450, "--allocator", "exhaustive")
    code, _, err = run(*arguments, "--limit", 10)
    assert code == 4
    assert "--limit 16" in err
    code, _, err = run(*arguments, "--limit", 16)
    assert (code, err) == (0, "16 points to evaluate\n")


def test_a_crossed_book_and_a_silent_venue_are_noted(run, book):
    book.write_text(BOOK + "XBOS,100.05,100,100.06,100,0,0\nXPSX,1,0,2,0,0,0\nIEXG,,5,9e18,1,0,0\n")
    code, _, err = run("allocate", book, "--size", 450)
    assert code == 0
    assert err.splitlines() == [
        "warning: the book is crossed: best bid 100.05 is above best ask 100.01",
        "warning: a side without a price and a size above 0 (and in bounds) shows nothing: "
        "XPSX bid, XPSX ask, IEXG bid, IEXG ask",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--size", "0"], 2, "size must be > 0, got 0"),
        ([], 2, "--size N"),
        (
            ["--size", "5", "--allocator", "magic"],
            2,
            "no allocator 'magic'; there are",
        ),
        (["--size", "5", "--lambda-over", "-1"], 2, "lambda_over must be finite and >= 0, got -1"),
        (
            ["--size", "5", "--allocator", "integer", "--time-limit", "0"],
            2,
            "time_limit must be > 0",
        ),
        (["--size", "5", "--model", "placement"], 2, "placement"),
        (["--size", "1e300"], 2, "size must be at most 1e+12, got 1e+300"),
        (["--size", "5", "--step", "1e-300"], 2, "step must be 1e-06 to 1e+12, got 1e-300"),
        (["--size", "5", "--step", "1e300"], 2, "step must be 1e-06 to 1e+12, got 1e+300"),
        (["--size", "5", "--lambda-over", "1e300"], 2, "lambda_over must be at most 1e+06"),
        (["--size", "5", "--allocator", "fast", "--time-limit", "-1"], 2, "time_limit must be > 0"),
        (["--size", "5", "--limit", "0"], 2, "--limit"),
        (["--size", "5", "--max-terms", "0"], 2, "max_terms must be >= 1, got 0"),
        (
            ["--size", "5", "--allocator", "robbins-monro", "--iterations", str(10**9)],
            2,
            "at most 100,000,000, got 1000000000",
        ),
        (["--size", "5", "--model", "magic"], 2, "no model 'magic'; there are static, placement"),
    ],
)
def test_a_wrong_call_is_one_line(run, book, arguments, code, message):
    exit_code, _, err = run("allocate", book, *arguments)
    assert exit_code == code
    assert message in err
    assert err.strip().count("\n") == 0


def test_a_wrong_book_is_one_line(run, book):
    book.write_text(BOOK.replace("100.02", "100.02.1"))
    code, _, err = run("allocate", book, "--size", 450)
    assert code == 3
    assert err.strip().endswith("row 2: ask must be a number, got '100.02.1'")


def test_a_price_that_cannot_be_empties_its_side_alone(run, book):
    book.write_text(BOOK.replace("100.02", "-1"))
    code, out, err = run("allocate", book, "--size", 450, "--json", "-")
    assert (code, json.loads(out)["shares"]) == (0, {"XNYS": 300.0, "XNAS": 0.0})
    assert err.strip().endswith("shows nothing: XNAS ask")
    sold = run("allocate", book, "--size", 500, "--side", "sell", "--json", "-")[1]
    assert json.loads(sold)["shares"] == {"XNYS": 300.0, "XNAS": 200.0}


ONE_SIDED = "venue,ask,ask_size\nXNYS,100.02,2000\nXNAS,100.03,3000\n"


def test_without_bids_buying_needs_a_reference_of_zero(run, book):
    book.write_text(ONE_SIDED)
    code, _, err = run("allocate", book, "--size", 4000, "--no-fees")
    assert (code, err) == (
        2,
        "error: no venue shows a bid, so there is no mid; --ref zero needs none\n",
    )
    options = ("--size", 4000, "--no-fees", "--ref", "zero", "--lambda-under", 2, "--json", "-")
    code, out, err = run("allocate", book, *options)
    found = json.loads(out)
    assert (code, found["shares"]) == (0, {"XNYS": 2000.0, "XNAS": 2000.0})
    assert found["cost"] == pytest.approx(2000 * 100.02 + 2000 * 100.03)
    assert err.splitlines()[-1] == "warning: without a mid the penalties are fractions of 100.02"
    code, out, _ = run("allocate", book, *options, "--unit", "per_share", "--side", "sell")
    assert (code, json.loads(out)["underfill"]) == (0, 4000.0)


FEELESS = BOOK.replace(",fee,rebate", "").replace(",0.003,0.002", "").replace(",0.001,0.004", "")


def test_fees_that_the_book_does_not_name_are_the_newest_packaged_ones_and_reported(run, book):
    book.write_text(FEELESS + "XBOS,99.98,400,100.02,300\n")
    code, out, err = run("allocate", book, "--size", 850, "--json", "-")
    assert code == 0
    assert err == (
        "warning: the book names no fee for these venues; the newest fee and rebate of the table "
        "are taken: XNYS $0.00275 and $0.0012 (2018-05-01), XNAS $0.003 and $0.0015 (2014-08-01), "
        "XBOS $0.0007 and $-0.003 (2021-04-01)\n"
    )
    # XNYS: 250 shares, its odd lot's rest earns the rebate; XNAS 300 and XBOS 300 at two cents.
    cost = 250 * 0.01275 - 50 * 0.0012 + 300 * 0.023 + 300 * 0.0207
    assert json.loads(out)["cost"] == pytest.approx(cost)


def test_an_unknown_venue_needs_a_fee_or_a_word_that_there_is_none(run, book, tmp_path):
    book.write_text(FEELESS.replace("XNAS", "V9"))
    code, _, err = run("allocate", book, "--size", 450)
    assert code == 2
    assert err.startswith("error: no fee is known for venue V9; give one with --fees FILE")
    assert err.endswith("or count none with --no-fees\n")
    code, out, err = run("allocate", book, "--size", 450, "--no-fees", "--json", "-")
    assert (code, err) == (0, "")
    assert json.loads(out)["cost"] == pytest.approx(250 * 0.01 + 200 * 0.02)
    fees = tmp_path / "fees.toml"
    fees.write_text('[[fee]]\nvenue = "V9"\ndate = 2018-01-01\ntaker = 0.1\nrebate = 0\n')
    code, _, err = run("allocate", book, "--size", 450, "--fees", fees)
    assert code == 0
    assert "V9 $0.1 and $0 (2018-01-01)" in err
    assert run("allocate", book, "--size", 450, "--fees", fees, "--no-fees")[0] == 2


def test_a_fee_that_the_book_names_is_taken_as_it_is(run, book):
    code, _, err = run("allocate", book, "--size", 450)
    assert (code, err) == (0, "")


@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_time_enough_changes_nothing(run, book, allocator):
    arguments = ("allocate", book, "--size", 450, "--allocator", allocator, "--json", "-")
    assert run(*arguments, "--time-limit", 60)[:2] == run(*arguments)[:2]


def test_what_the_time_does_not_allow_is_not_called_proven(run, tmp_path):
    rows = "".join(f"V{k},99.99,90,100.0{k % 3},{90 * k + 35},0.001,0\n" for k in range(1, 8))
    book = tmp_path / "book.csv"
    book.write_text(f"name,bid,bid_size,ask,ask_size,fee,rebate\n{rows}")
    arguments = ("allocate", book, "--size", 1500, "--step", 10, "--allocator", "exhaustive")
    code, _, err = run(*arguments, "--limit", 10**11)
    assert (code, err) == (
        2,
        "error: limit must be > 0 and below 100,000,000,000, got 100,000,000,000\n",
    )
    arguments = (*arguments, "--limit", 10**11 - 1)
    code, out, err = run(*arguments, "--time-limit", "0.05", "--json", "-")
    found = json.loads(out)
    assert code == 4
    assert (found["status"], found["bound"], found["gap"]) == ("feasible", None, None)
    assert "exhaustive did not prove its split optimal, gap not known" in err


def test_a_ladder_of_too_many_rungs_is_refused(run, book):
    code, _, err = run("allocate", book, "--size", 450, "--step", "1e-6")
    assert code == 2
    assert "XNYS shows 250 shares, more than 1,000,000 chunks of 1e-06; take a larger step" in err


def test_an_integer_program_of_too_many_terms_is_not_written(run, book):
    arguments = ("allocate", book, "--size", 450, "--allocator", "integer")
    code, _, err = run(*arguments, "--max-terms", 12)
    assert code == 4
    assert (
        "integer would write 13 terms, more than its limit of 12; raise it with --max-terms 13"
        in err
    )
    assert run(*arguments, "--max-terms", 13)[0] == 0


def test_cbc_works_in_a_folder_of_any_name(run, book, tmp_path, monkeypatch):
    folder = tmp_path / "a folder's name -sec 0"
    folder.mkdir()
    for name in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    arguments = ("allocate", book, "--size", 450, "--allocator", "integer-cbc", "--json", "-")
    code, out, err = run(*arguments)
    assert (code, err, json.loads(out)["shares"]) == (0, "", {"XNYS": 300.0, "XNAS": 200.0})
    assert list(folder.iterdir()) == []


def test_validate_takes_at_most_a_million_instances(run):
    code, _, err = run("validate", "--instances", 1_000_001)
    assert code == 2
    assert "--instances" in err
    assert "less than or equal to 1000000" in err


def test_validate_finds_no_mismatch_and_repeats_itself(run):
    arguments = ("validate", "--instances", 5, "--seed", 1, "--json", "-")
    code, out, _ = run(*arguments)
    result = json.loads(out)
    assert code == 0
    assert (result["instances"], result["mismatches"]) == (5, 0)
    assert list(result["by_allocator"]) == [allocator.name for allocator in provers()]
    assert result["by_allocator"]["fast"]["solved"] == 10


def test_validate_writes_mismatches_that_allocate_reads(run, tmp_path, monkeypatch):
    from sor_opt.allocators.fast import allocator

    monkeypatch.setattr(allocator, "solve_single", lambda *problem: (1e9, 0.0))
    folder = tmp_path / "wrong"
    code, _, err = run("validate", "--instances", 1, "--seed", 1, "--mismatches", folder)
    assert code == 4
    assert str(folder) in err
    written = sorted(folder.iterdir())
    assert [path.name for path in written] == ["mismatch-0001.json", "mismatch-0002.json"]
    assert run("allocate", written[0], "--allocator", "exhaustive")[0] == 0


OWN = """
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from sor_opt import Allocation, Allocator
from sor_opt.params import Param


@dataclass(frozen=True)
class First(Allocator):
    most: Annotated[int, Param("of the first ladder", "rungs")] = 2

    @property
    def proves(self):
        return False

    def solve(self, problem):
        rungs = np.zeros(len(problem.names), np.int64)
        rungs[0] = min(self.most, problem.heights[0])
        cost = problem.cost(rungs)
        return Allocation(problem, rungs, "feasible", cost, -np.inf, self.name, 0.0)
"""


def test_an_allocator_of_ones_own_is_named_by_its_file(run, book, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    named = ("--allocator", f"{path}:First")
    code, out, _ = run("allocate", book, "--size", 450, *named, "--time-limit", 5, "--json", "-")
    found = json.loads(out)
    assert code == 0
    assert (found["solver"], found["shares"]) == ("First", {"XNYS": 200.0, "XNAS": 0.0})
    code, _, err = run("allocate", book, "--size", 450, "--allocator", f"{path}:Last")
    assert (code, err.count("\n")) == (2, 1)
    assert "holds no class 'Last'; it holds First" in err
