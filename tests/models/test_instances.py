import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor_opt.errors import ConfigError, DataError
from sor_opt.models.books import read_instance, write_instance
from sor_opt.models.case import Order
from sor_opt.models.instances import Instance
from sor_opt.models.outflow import Outflow
from sor_opt.models.placement import PlacementModel
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import Fee, FeeSchedule, Venue

HEADER = "name,bid,bid_size,ask,ask_size,fee,rebate"
CSV = f"{HEADER}\nXNYS,99.99,300,100.01,500,0.003,0.002\nXNAS,99.98,400,100.02,250,-0.001,\n"
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
        VENUES, Order(500, "sell"), RiskParams(lambda_under=0.002), StaticModel("strict")
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
        model=st.builds(StaticModel, step=st.floats(0.1, 1e3)),
    )
)
def test_what_is_written_is_read_back(tmp_path_factory, instance):
    path = tmp_path_factory.getbasetemp() / "instance.json"
    write_instance(instance, path)
    assert read_instance(path) == instance


def test_a_side_of_size_0_shows_nothing_and_has_no_part_in_the_mid():
    half, silent = Venue("XBOS", 100.5, 0, 100.6, 900, 0.0), Venue("XPSX", 100.5, 0, 99.0, 0, 0.0)
    instance = Instance((*VENUES, half, silent), Order(1000))
    assert instance.best == (99.99, 100.01)
    assert instance.problem().heights.tolist() == [5, 3, 9, 0]
    assert instance.problem().shortfall_penalty == pytest.approx(100.0 * 0.0011)


ASK_ALONE = Venue("A", ask=10.02, ask_size=250, fee=0.001)
BID_ALONE = Venue("B", bid=10.00, bid_size=150, fee=0.002, rebate=0.003)
PENALTY = RiskParams(0.0, 2.0, 0.0)
"""A share short costs twice what fractions refer to."""


@pytest.mark.parametrize(
    ("side", "heights", "price"), [("buy", [3, 0], 10.02 - 10.01 + 0.001), ("sell", [0, 2], 0.012)]
)
def test_another_venues_side_gives_the_mid(side, heights, price):
    problem = Instance((ASK_ALONE, BID_ALONE), Order(300, side)).problem()
    assert problem.heights.tolist() == heights
    assert problem.costs[0] == pytest.approx(100 * price)
    assert problem.shortfall_penalty == pytest.approx(10.01 * 0.0011)


@pytest.mark.parametrize(
    ("venue", "side", "price", "reference"),
    [(ASK_ALONE, "buy", 10.02 + 0.001, 10.02), (BID_ALONE, "sell", -10.00 + 0.002, 10.00)],
)
@pytest.mark.parametrize("space", ["open", "strict"])
def test_counted_from_zero_one_side_is_enough(venue, side, price, reference, space):
    model = StaticModel(space, "zero", step=50)
    problem = Instance((venue,), Order(100, side), PENALTY, model).problem()
    assert problem.costs[0] == pytest.approx(50 * price)
    assert problem.shortfall_penalty == pytest.approx(2 * reference)


def test_what_nobody_shows_cannot_be_taken_from():
    problem = Instance((BID_ALONE,), Order(100), PENALTY, StaticModel(ref="zero")).problem()
    assert (problem.heights.tolist(), problem.shortfall_penalty) == ([0], 20.0)


@pytest.mark.parametrize(
    ("venue", "model", "message"),
    [
        (ASK_ALONE, StaticModel(), "no venue shows a bid, so there is no mid; --ref zero needs"),
        (BID_ALONE, StaticModel(), "no venue shows an ask, so there is no mid; --ref zero needs"),
        (ASK_ALONE, StaticModel("strict", "mid"), "no venue shows a bid, so there is no mid;"),
        (ASK_ALONE, PlacementModel(), "no venue shows a bid, so there is no mid$"),
        (BID_ALONE, PlacementModel("infinite"), "no venue shows an ask, so there is no mid$"),
        (Venue("A", 10.0, 0, 10.1, 0, 0.0), StaticModel(ref="zero"), "no venue shows a price and"),
    ],
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_book_without_a_mid_is_refused_where_one_is_needed(venue, model, message, side):
    outflow = Outflow(samples=((500.0,),))
    with pytest.raises(ConfigError, match=message):
        Instance((venue,), Order(100, side), model=model, outflow=outflow).problem()


def test_posts_rest_at_a_bid_that_stands_alone_and_takes_at_an_ask_that_does():
    venues = (ASK_ALONE, BID_ALONE, replace(ASK_ALONE, name="C", queue=70.0))
    outflow = Outflow(samples=((200.0, 180.0, 100.0),))
    risk = RiskParams(0.05, 0.05, 0.001, unit="per_share")
    problem = Instance(venues, Order(200), risk, PlacementModel(), outflow).problem()
    # Take 250 at A and at C; post up to 200 at B behind its 150, and at C behind the given 70.
    assert problem.names[3:] == ("A post", "B post", "C post")
    assert problem.heights.tolist() == [3, 0, 3, 0, 2, 2]
    assert problem.fills[:, 0].tolist() == [100, 100, 50, 100, 100, 50, 30, 0, 30, 0]
    assert problem.costs[0] == pytest.approx(100 * (10.02 - 10.01 + 0.001 + 0.001))
    assert problem.costs[6] == pytest.approx(0.001 * 100 - 30 * (10.01 - 10.00 + 0.003))


FEES = FeeSchedule(
    Fee(name, date.fromisoformat(day), taker, 0.002)
    for name, day, taker in (
        ("A", "2018-01-01", 0.1),
        ("A", "2020-01-01", 0.2),
        ("B", "2020-01-01", 0.3),
    )
)


def test_fees_that_are_not_named_come_from_the_newest_row():
    bare = Venue("A", 10.0, 100, 10.02, 100)
    named = (replace(bare, name="B", fee=0.0), replace(bare, name="C", fee=-0.01, rebate=0.5))
    priced = Instance((bare, *named), Order(100)).priced(FEES)
    assert priced.snapshot.fee.tolist() == [0.2, 0.0, -0.01]
    assert priced.snapshot.rebate.tolist() == [0.002, 0.0, 0.5]
    assert priced.venues[1:] == named
    assert replace(bare, rebate=0.7).priced(FEES) == replace(bare, fee=0.2, rebate=0.7)


def test_a_fee_that_nobody_names_is_never_taken_for_0():
    unpriced = Instance((Venue("D", 10.0, 100, 10.02, 100),), Order(100))
    with pytest.raises(ConfigError, match="no fee is known for D; name it"):
        unpriced.problem()
    with pytest.raises(ConfigError, match="no fee is known for venue D"):
        unpriced.priced(FEES)


def test_a_book_has_at_most_a_thousand_venues():
    venues = tuple(Venue(f"V{k}", fee=0.0) for k in range(1001))
    assert len(Instance(venues[:1000]).venues) == 1000
    with pytest.raises(ConfigError, match="1,001 venues are more than 1,000"):
        Instance(venues)


def test_a_sell_order_is_a_buy_order_in_the_mirrored_book():
    problem = Instance(VENUES, Order(1000, "sell")).problem()
    assert problem.heights.tolist() == [3, 4]
    assert problem.costs[0] == pytest.approx(100 * (100.0 - 99.99 + 0.003))
    assert problem.shortfall_penalty == pytest.approx(100.0 * 0.0011)


def test_a_crossed_book_is_allowed_and_known():
    crossed = Instance((Venue("A", 100.02, 100, 100.03, 100), Venue("B", 100.0, 100, 100.01, 100)))
    assert crossed.crossed
    assert not Instance(VENUES).crossed
    assert not Instance((ASK_ALONE,)).crossed


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
        ("{", "is not JSON: Expecting property name"),
        ("[venues", "is not TOML: Expected ']'"),
        ('{"venues": [], "venues": []}', "is not JSON: the key 'venues' repeats"),
        ('{"venues": ' + "[" * 50 + "]" * 50 + "}", "is nested too deeply"),
        ("venues = " + "[" * 90_000, "is nested too deeply"),
        ("[" + ".".join("a" * 50_000) + "]", "is nested too deeply"),
        ('{"venues": ' + "1" * 5_000 + "}", "holds a whole number that is too long"),
        ("[order]\nsize = 0x" + "f" * 5_000, "holds a whole number that is too long"),
        ("[order]\nsize = 5\n", "holds no venues"),
        ('{"venues": {"name": "A"}}', "holds no venues"),
        ('{"venues": [5]}', "row 1: Venue must be a table"),
        ('{"venues": [], "colour": 1}', "unknown key 'colour' in the book; known are"),
        (venue(colour=1), "row 1: unknown key 'colour' in Venue"),
        (venue(name=None), "row 1: name is missing; each venue needs name,bid"),
        (venue(venue="B"), "row 1: has both a name and a venue"),
        (venue(fee=1e300), "row 1: A: fee must be at most 1e+09, got 1e+300"),
        (venue(fee="x" * 200), f"row 1: fee must be a number, got '{'x' * 77}...'"),
        (venue(ask="two"), "row 1: ask must be a number, got 'two'"),
        (venue(ask=True), "row 1: ask must be a number, got True"),
        (venue(ask="1_0"), "row 1: ask must be a number, got '1_0'"),
        (venue(name=7), "row 1: name must be text, got 7"),
        (CSV + "XBOS,1,2\n", "row 3: has another number of cells than the header"),
        (CSV + "XBOS,1,2,x,4,0,0\n", "row 3: ask must be a number, got 'x'"),
        (CSV + "XBOS,1,2,,x,0,0\n", "row 3: ask_size must be a number, got 'x'"),
        (CSV.replace("rebate", "fee", 1), "column 'fee' repeats"),
        (CSV + "X" * 200_000 + ",1,2,3,4,0,0\n", "row 3: is no CSV: field larger than"),
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


@pytest.mark.parametrize("number", ["0", "-2", "nan", "inf", "1e300", "9223372036.854775807", ""])
@pytest.mark.parametrize("cell", ["ask", "ask_size"])
def test_a_number_that_cannot_be_empties_its_side_and_leaves_the_other(book, cell, number):
    number = "1e13" if (cell, number) == ("ask_size", "9223372036.854775807") else number
    row = {"name": "XBOS", "bid": "99.97", "bid_size": "200", "ask": "100.03", "ask_size": "700"}
    row |= {cell: number, "fee": "0.003", "rebate": "0.002"}
    instance = read_instance(book(CSV + ",".join(row.values()) + "\n"))
    found = instance.venues[2]
    assert (found.shows("bid"), found.shows("ask")) == (True, False)
    assert (found.bid, found.bid_size, found.fee) == (99.97, 200.0, 0.003)
    assert replace(instance, order=Order(1000)).problem().heights.tolist() == [5, 3, 0]


def test_a_venue_column_is_read_like_name_and_sides_and_fees_may_be_left_out(book):
    text = "venue,ask,ask_size\nXNYS,100.01,500\nXNAS,,\n"
    assert read_instance(book(text)) == Instance(
        (Venue("XNYS", ask=100.01, ask_size=500), Venue("XNAS"))
    )
    rows = [{"venue": "XNYS", "ask": 100.01, "ask_size": 500, "bid": None}, {"venue": "XNAS"}]
    assert read_instance(book(json.dumps({"venues": rows}))) == read_instance(book(text, "other"))


def test_a_book_of_endless_size_is_refused(book):
    path = book(CSV + "#" * 10_000_001)
    with pytest.raises(DataError, match="is larger than 10,000,000 bytes; give a TOML, JSON or"):
        read_instance(path)


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
    instance = Instance(tuple(replace(venue, fee=0.0) for venue in venues), Order(100, side))
    assert instance.snapshot.queue.tolist() == queues
