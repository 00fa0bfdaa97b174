import json

import pytest

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


@pytest.mark.parametrize("allocator", ["exhaustive", "integer", "integer-cbc", "fast"])
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
    assert (code, err) == (0, "16 points to visit\n")


def test_a_crossed_book_and_a_silent_venue_are_noted(run, book):
    book.write_text(BOOK + "XBOS,100.05,100,100.06,100,0,0\nXPSX,1,0,2,0,0,0\n")
    code, _, err = run("allocate", book, "--size", 450)
    assert code == 0
    assert "crossed: best bid 100.05 is above best ask 100.01" in err
    assert "a size of 0 shows nothing: XPSX" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--size", "0"], 2, "size must be > 0, got 0"),
        ([], 2, "--size N"),
        (["--size", "5", "--allocator", "magic"], 2, "unknown allocator 'magic'"),
        (["--size", "5", "--lambda-over", "-1"], 2, "lambda_over must be finite and >= 0, got -1"),
        (
            ["--size", "5", "--allocator", "integer", "--time-limit", "0"],
            2,
            "time_limit must be > 0",
        ),
        (["--size", "5", "--model", "placement"], 2, "placement"),
    ],
)
def test_a_wrong_call_is_one_line(run, book, arguments, code, message):
    exit_code, _, err = run("allocate", book, *arguments)
    assert exit_code == code
    assert message in err
    assert err.strip().count("\n") == 0


def test_a_wrong_book_is_one_line(run, book):
    book.write_text(BOOK.replace("100.02", "-1"))
    code, _, err = run("allocate", book, "--size", 450)
    assert code == 3
    assert err.strip().endswith("row 2: XNAS: ask must be finite and > 0, got -1")


def test_a_ladder_of_too_many_rungs_is_refused(run, book):
    code, _, err = run("allocate", book, "--size", 450, "--step", "1e-6")
    assert code == 2
    assert "XNYS shows 250 shares, more than 1,000,000 chunks of 1e-06; take a larger step" in err


def test_validate_finds_no_mismatch_and_repeats_itself(run):
    arguments = ("validate", "--instances", 5, "--seed", 1, "--json", "-")
    code, out, _ = run(*arguments)
    result = json.loads(out)
    assert code == 0
    assert (result["instances"], result["mismatches"]) == (5, 0)
    assert list(result["by_allocator"]) == ["exhaustive", "integer", "integer-cbc", "fast"]
    assert result["by_allocator"]["fast"]["solved"] == 10


def test_validate_writes_mismatches_that_allocate_reads(run, tmp_path, monkeypatch):
    from sor_opt.allocators import fast

    monkeypatch.setattr(fast, "_solve", lambda *problem: 1e9)
    folder = tmp_path / "wrong"
    code, _, err = run("validate", "--instances", 1, "--seed", 1, "--mismatches", folder)
    assert code == 4
    assert str(folder) in err
    written = sorted(folder.iterdir())
    assert [path.name for path in written] == ["mismatch-0001.json", "mismatch-0002.json"]
    assert run("allocate", written[0], "--allocator", "exhaustive")[0] == 0
