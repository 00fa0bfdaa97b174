"""Options that are made of dataclasses."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer

from sor_opt.cli.spread import Given, Group, spread
from sor_opt.errors import ConfigError
from sor_opt.params import NANOSECONDS, Param, parameters


@dataclass(frozen=True)
class Rules:
    age: Annotated[int | None, Param("oldest", NANOSECONDS)] = None
    band: Annotated[float | None, Param("band", "bps")] = 100.0
    refill: Annotated[Literal["price", "update"], Param("rule")] = "price"
    memory: Annotated[int | None, Param("memory", NANOSECONDS, after="refill")] = None
    slice: Annotated[int, Param("slice", NANOSECONDS)] = 60 * 10**9


@dataclass(frozen=True)
class Market:
    rules: Annotated[Rules, Group("Rules")] = Rules()
    start: time | None = None
    day: date = date(2018, 1, 2)
    curve: Path | None = None
    flag: Annotated[bool, Param("a flag")] = False
    hidden: tuple[float, ...] = ()


@dataclass(frozen=True)
class Own:
    part: Annotated[float, Param("a part")] = 0.5
    count: int = 3


def own(words):
    return parameters(Own()) if "own" in words else ()


@dataclass(frozen=True)
class Options:
    given: Annotated[Mapping[str, Any], Given("Own", own)] = field(default_factory=dict)


CALLED: list[tuple[object, ...]] = []


def command(
    name: Annotated[str, typer.Argument()],
    market: Annotated[Market, Group("Market", without=("flag",))],
    options: Options,
    top: Annotated[int, typer.Option(help="Rows.")] = 3,
) -> None:
    """Do it."""
    CALLED.append((name, market, options, top))


def call(*words):
    app = typer.Typer(add_completion=False)
    app.command()(spread(command, words))
    CALLED.clear()
    app(list(words), standalone_mode=False)
    return CALLED[0]


def test_the_defaults_are_those_of_the_dataclasses():
    assert call("one") == ("one", Market(), Options(), 3)


def test_what_is_given_is_set_in_records_of_records():
    words = ("--age", "2s", "--band", "none", "--refill", "price:500ms", "--start", "09:45")
    more = ("--day", "2020-02-29", "--curve", "curve.csv", "--slice", "1m", "--top", "1")
    _, market, _, top = call("one", *words, *more)
    assert market.rules == Rules(2 * 10**9, None, "price", 500 * 10**6, 60 * 10**9)
    assert (market.start, market.day, market.curve) == (
        time(9, 45),
        date(2020, 2, 29),
        Path("curve.csv"),
    )
    assert top == 1


def test_options_may_follow_from_the_words():
    assert call("own")[2] == Options({})
    assert call("own", "--part", "0.25")[2] == Options({"part": 0.25})
    assert "part" not in inspect.signature(spread(command)).parameters


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--age", "soon"), "'soon' is no duration; write 500ms, 2s, 9m or 1h"),
        (("--age", "9000h"), "is longer than 366 days"),
        (("--band", "wide"), "'wide' is no number; write 100, or none"),
        (("--band", "inf"), "'inf' is no number"),
        (("--refill", "never"), "'never' is not one of price, update"),
        (("--refill", "price:"), "'' is no duration"),
        (("--start", "noon"), "'noon' is no time of day; write 09:45, without an offset"),
        (("--day", "monday"), "'monday' is no date; write 2018-01-02"),
        (("--flag",), "No such option: --flag"),
        (("--memory", "1s"), "No such option: --memory"),
        (("--part", "1"), "No such option: --part"),
    ],
)
def test_a_wrong_value_is_one_line(words, text):
    with pytest.raises(typer.exceptions.TyperException) as caught:
        call("one", *words)
    assert text in caught.value.format_message()


def test_two_options_of_one_name_are_refused():
    def twice(one: Own, other: Own) -> None:
        pass

    twice.__annotations__ = {"one": Own, "other": Own}
    with pytest.raises(ConfigError, match="two parameters would be the option --part"):
        spread(twice)
