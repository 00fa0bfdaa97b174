"""Options that take names of a registry, which is read once they are given, or their help asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, get_args

import typer
from typer.core import TyperCommand

from sor_opt.cli.options import duration
from sor_opt.errors import quoted


@dataclass(frozen=True)
class Names:
    """The keys of a registry, or the values of a `Literal`.

    Parameters
    ----------
    what : str
        What one of them is, for an error.
    home, registry : str
        The module that holds them, which need not be imported yet, and their name there.
    """

    what: str
    home: str
    registry: str

    def known(self) -> tuple[str, ...]:
        """All of them."""
        found = getattr(import_module(self.home), self.registry)
        return get_args(found) or tuple(found)

    def one(self, text: str) -> str:
        """Check one.

        Raises
        ------
        typer.BadParameter
            If there is none of this name.
        """
        known = self.known()
        if text not in known:
            raise typer.BadParameter(f"no {self.what} {quoted(text)}; there are {', '.join(known)}")
        return text

    def several(self, text: str) -> str:
        """Check some, with commas between them; each may be there once.

        Raises
        ------
        typer.BadParameter
        """
        names = [self.one(name) for name in split_names(text)]
        if len(names) > len(set(names)) or not names:
            raise typer.BadParameter(f"{quoted(text)} must name each {self.what} once")
        return ",".join(names)


_POLICIES = "sor_opt.policies.registry"

NAMES = {
    "POLICY": Names("policy", "sor_opt.policies.policy", "PAIRS"),
    "SCHEDULE": Names("schedule", _POLICIES, "SCHEDULES"),
    "ROUTER": Names("router", _POLICIES, "ROUTERS"),
    "REFILL": Names("refill rule", "sor_opt.market.book", "Refill"),
    "COMPLETION": Names("completion", "sor_opt.backtest.market", "Completion"),
    "UNFILLED": Names("mark", "sor_opt.backtest.market", "Unfilled"),
}
"""By the word that stands for one of them until help is asked."""


def split_names(text: str) -> list[str]:
    """Names with commas between them."""
    return [name for name in map(str.strip, text.split(",")) if name]


def name_option(metavar: str, help_text: str) -> Any:
    """An option that takes one of `NAMES`."""
    return _option(NAMES[metavar].one, metavar, help_text)


def names_option(metavar: str, help_text: str) -> Any:
    """An option that takes some of `NAMES`, with commas between them."""
    return _option(NAMES[metavar].several, metavar, help_text)


def timed_option(metavar: str, help_text: str) -> Any:
    """An option that takes one of `NAMES`, with or without a duration after a colon."""

    def parse(text: str) -> str:
        name, timed, length = text.partition(":")
        NAMES[metavar].one(name)
        if timed:
            duration(length)
        return text

    return _option(parse, metavar, help_text)


def _option(parser: Callable[[str], str], metavar: str, help_text: str) -> Any:
    return typer.Option(help=help_text, parser=parser, metavar=metavar)


class NamingCommand(TyperCommand):
    """A command whose help lists the names that its options take."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        for param in self.params:
            if param.metavar in NAMES:
                param.metavar = "|".join(NAMES[param.metavar].known())
        super().format_help(ctx, formatter)
