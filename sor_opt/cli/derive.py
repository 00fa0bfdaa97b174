"""One parameter of a dataclass as an option of the command line."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from sor_opt.cli.places import READS
from sor_opt.durations import read_duration, write_duration
from sor_opt.errors import ConfigError, quoted
from sor_opt.params import NANOSECONDS, Parameter

NONE = "none"
"""The word for None where something else is the default."""


def duration(text: str | int) -> int:
    """Read `9m`, `2s` or `500ms` as nanoseconds."""
    try:
        return read_duration(str(text))
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from error


def clock(text: str | time) -> time:
    """Read `09:45` or `09:45:30` as a time of day, by the clock of the data's exchange."""
    read = None
    with suppress(ValueError):
        read = time.fromisoformat(str(text))
    if read is None or read.tzinfo:
        raise typer.BadParameter(
            f"{quoted(text)} is no time of day; write 09:45, without an offset"
        )
    return read


def day(text: str | date) -> date:
    """Read `2018-01-02` as a date."""
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise typer.BadParameter(f"{quoted(text)} is no date; write 2018-01-02") from error


_PARSED: dict[Any, tuple[Callable[[Any], Any], str]] = {
    time: (clock, "HH:MM"),
    date: (day, "YYYY-MM-DD"),
}
"""Types that typer does not read as we do: what reads them, and what stands for them in a help."""


def option(parameter: Parameter, panel: str | None, *, left_out: bool = False) -> Any:
    """The type of an option with all that typer shall know of it.

    Parameters
    ----------
    parameter : Parameter
    panel : str, optional
        Of the help.
    left_out : bool
        Whether the option's own default is None: what it sets then keeps its value.
    """
    parser, metavar = _reading(parameter)
    declared = _flags(parameter, left_out)
    info = typer.Option(
        *declared,
        help=_help(parameter, left_out),
        parser=parser,
        metavar=metavar,
        rich_help_panel=panel,
    )
    may_be_none = left_out or parameter.default is None
    kind = parameter.kind | None if may_be_none else parameter.kind
    return Annotated[kind, info, READS] if parameter.kind is Path else Annotated[kind, info]


def default(parameter: Parameter) -> Any:
    """The default of an option that is not left out, as typer reads and shows it."""
    value = parameter.default
    if parameter.param.unit == NANOSECONDS and value is not None:
        return write_duration(value)
    return f"{value:g}" if _takes_none(parameter) else value


def _reading(parameter: Parameter) -> tuple[Callable[[Any], Any] | None, str | None]:
    """What reads a value, where typer itself does not, and what stands for it."""
    if parameter.param.unit == NANOSECONDS:
        return duration, "DURATION"
    if get_origin(parameter.kind) is Literal:
        names = get_args(parameter.kind)
        return _one_of(names, timed=parameter.tail is not None), "|".join(names)
    if _takes_none(parameter):
        return _number_or_none, f"NUMBER|{NONE}"
    return _PARSED.get(parameter.kind, (None, None))


def _takes_none(parameter: Parameter) -> bool:
    return parameter.optional and isinstance(parameter.default, float)


def _number_or_none(text: str | float) -> float | None:
    with suppress(ValueError):
        number = None if text == NONE else float(text)
        if number is None or math.isfinite(number):
            return number
    raise typer.BadParameter(f"{quoted(text)} is no number; write 100, or {NONE}")


def _one_of(names: tuple[str, ...], timed: bool) -> Callable[[str], str]:
    """Read one of some names; `timed`, a duration may follow after a colon."""

    def parse(text: str) -> str:
        name, colon, length = text.partition(":") if timed else (text, "", "")
        if name not in names:
            raise typer.BadParameter(f"{quoted(name)} is not one of {', '.join(names)}")
        if colon:
            duration(length)
        return text

    return parse


def _flags(parameter: Parameter, left_out: bool) -> tuple[str, ...]:
    """The names of a flag, which can be switched off where it is on, or may be, by itself."""
    name = parameter.name.replace("_", "-")
    if parameter.kind is not bool:
        return (f"--{name}",)
    return (f"--{name}/--no-{name}",) if left_out or parameter.default else (f"--{name}",)


def _help(parameter: Parameter, left_out: bool) -> str:
    """What it is, its unit, and what it is where it is left out: else typer shows its default."""
    text, unit = parameter.param.help, parameter.param.unit
    words = [text, "" if unit == NANOSECONDS else unit]
    if left_out and parameter.default is not None:
        words.append(f"{_written(parameter)} if left out")
    line = ", ".join(filter(None, words))
    return f"{line[:1].upper()}{line[1:]}." if line else ""


def _written(parameter: Parameter) -> str:
    value = parameter.default
    if parameter.param.unit == NANOSECONDS:
        return write_duration(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
