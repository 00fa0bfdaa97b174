import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor_opt.errors import ConfigError, DataError
from sor_opt.model.books import read_instance, write_instance
from sor_opt.model.instances import Instance, Order
from sor_opt.model.risk import RiskParams
from sor_opt.model.static import StaticParams
from sor_opt.model.venues import Venue

HEADER = "name,bid,bid_size,ask,ask_size,fee,rebate"
CSV = f"{HEADER}\nXNYS,99.99,300,100.01,500,0.003,0.002\nXNAS,99.98,400,100.02,250,-0.001,0\n"
TOML = """
# two venues
[order]
size = 500
side = "sell"

[risk]
lambda_under = 0.002

[model]
space = "strict"

[[venues]]
name = "XNYS"
bid = 99.99
bid_size = 300
ask = 100.01
ask_size = 500
fee = 0.003
rebate = 0.002

[[venues]]
name = "XNAS"
bid = 99.98
bid_size = 400
ask = 100.02
ask_size = 250
fee = -0.001
"""
VENUES = (
    Venue("XNYS", 99.99, 300, 100.01, 500, 0.003, 0.002),
    Venue("XNAS", 99.98, 400, 100.02, 250, -0.001),
)


@pytest.fixture
def book(tmp_path):
    def write(text, name="book"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_csv_holds_venues(book):
    assert read_instance(book(CSV)) == Instance(VENUES)


def test_the_content_tells_the_format(book):
    expected = Instance(
        VENUES, Order(500, "sell"), RiskParams(lambda_under=0.002), StaticParams("strict")
    )
    assert read_instance(book(TOML, "book.csv")) == expected
    with book("", "again.toml").open("w") as file:
        json.dump(
            {"venues": [{"name": "A", "bid": 1, "bid_size": 1, "ask": 2, "ask_size": 1}]}, file
        )
    assert len(read_instance(file.name).venues) == 1


prices = st.floats(0.01, 1e5)
sizes = st.floats(0, 1e6)
names = st.text(min_size=1).filter(str.isprintable)


@given(
    st.builds(
        Instance,
        venues=st.lists(
            st.builds(Venue, names, prices, sizes, prices, sizes, queue=st.none() | sizes),
            min_size=1,
            unique_by=lambda venue: venue.name,
        ).map(tuple),
        order=st.builds(Order, st.none() | st.floats(0.1, 1e6), st.sampled_from(["buy", "sell"])),
        risk=st.builds(
            RiskParams, *[st.floats(0, 1)] * 3, st.sampled_from(["fraction", "per_share"])
        ),
        model=st.builds(StaticParams, step=st.floats(0.1, 1e3)),
    )
)
def test_what_is_written_is_read_back(tmp_path_factory, instance):
    path = tmp_path_factory.getbasetemp() / "instance.json"
    write_instance(instance, path)
    assert read_instance(path) == instance


def test_a_venue_of_size_0_shows_nothing_and_has_no_part_in_the_mid():
    silent = Venue("XBOS", 100.5, 0, 100.6, 900)
    instance = Instance((*VENUES, silent), Order(1000))
    assert instance.best == (99.99, 100.01)
    assert instance.problem().heights.tolist() == [5, 3, 0]
    assert instance.problem().shortfall_penalty == pytest.approx(100.0 * 0.0011)


def test_a_sell_order_is_a_buy_order_in_the_mirrored_book():
    problem = Instance(VENUES, Order(1000, "sell")).problem()
    assert problem.heights.tolist() == [3, 4]
    assert problem.costs[0] == pytest.approx(100 * (100.0 - 99.99 + 0.003))
    assert problem.shortfall_penalty == pytest.approx(100.0 * 0.0011)


def test_a_crossed_book_is_allowed_and_known():
    crossed = Instance((Venue("A", 100.02, 100, 100.03, 100), Venue("B", 100.0, 100, 100.01, 100)))
    assert crossed.crossed
    assert not Instance(VENUES).crossed


def test_all_venues_silent_still_compile():
    silent = Instance((Venue("A", 10.0, 0, 10.02, 0),), Order(100))
    assert len(silent.problem().costs) == 0
    assert np.isfinite(silent.problem().shortfall_penalty)


def test_a_problem_needs_a_size():
    with pytest.raises(ConfigError, match="--size N"):
        Instance(VENUES).problem()


def venue(**changes):
    row = {"name": "A", "bid": 1.0, "bid_size": 1.0, "ask": 2.0, "ask_size": 1.0} | changes
    return json.dumps({"venues": [{k: v for k, v in row.items() if v is not None}]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n  # nothing\n", "is empty"),
        (HEADER + "\n", "holds no venues"),
        ("{", "neither TOML, JSON nor CSV"),
        ("[venues", "neither TOML, JSON nor CSV"),
        ("[order]\nsize = 5\n", "holds no venues"),
        ('{"venues": {"name": "A"}}', "holds no venues"),
        ('{"venues": [5]}', "row 1: Venue must be a table"),
        ('{"venues": [], "colour": 1}', "unknown key 'colour' in the book; known are"),
        (venue(colour=1), "row 1: unknown key 'colour' in Venue"),
        (venue(ask=None), "row 1: ask is missing"),
        (venue(ask=-2.0), "row 1: A: ask must be finite and > 0, got -2"),
        (venue(ask=float("nan")), "row 1: A: ask must be finite and > 0, got nan"),
        (venue(ask="two"), "row 1: ask must be a number, got 'two'"),
        (venue(ask=True), "row 1: ask must be a number, got True"),
        (venue(name=7), "row 1: name must be text, got 7"),
        (venue(ask_size=-1.0), "row 1: A: ask_size must be finite and >= 0, got -1"),
        (CSV + "XBOS,1,2\n", "row 3: has another number of cells than the header"),
        (CSV + "XBOS,1,2,x,4,0,0\n", "row 3: ask must be a number, got 'x'"),
        (CSV + "XBOS,1,2,,4,0,0\n", "row 3: ask is missing; each venue needs name,bid"),
        (CSV + "XNYS,1,2,3,4,0,0\n", "venue names repeat: XNYS"),
        (TOML + "\n[risks]\n", "unknown key 'risks'"),
        (TOML.replace("0.002", "-1", 1), "lambda_under must be finite and >= 0, got -1"),
        (TOML.replace("size = 500", "size = 0"), "size must be > 0, got 0"),
        (TOML.replace('"sell"', '"hold"'), "side must be buy or sell, got 'hold'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(book, text, message):
    path = book(text)
    with pytest.raises(DataError) as caught:
        read_instance(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_directory_and_a_missing_file_are_refused(tmp_path):
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file")):
        with pytest.raises(DataError, match=reason):
            read_instance(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "book"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(DataError, match="it is not text"):
        read_instance(path)


@pytest.mark.parametrize(
    ("side", "queues"), [("buy", [300, 0, 7, np.inf]), ("sell", [0, 500, 7, np.inf])]
)
def test_the_queue_is_what_is_shown_at_the_best_price_unless_it_is_given(side, queues):
    venues = (
        Venue("A", bid=10.00, bid_size=300, ask=10.03, ask_size=400),
        Venue("B", bid=9.99, bid_size=200, ask=10.02, ask_size=500),
        Venue("C", bid=9.00, bid_size=100, ask=11.00, ask_size=100, queue=7),
        Venue("D", bid=10.00, bid_size=0, ask=10.02, ask_size=0),
    )
    assert Instance(venues, Order(100, side)).touch.queue.tolist() == queues
