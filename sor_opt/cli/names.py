"""Options that take names of a registry, or a user's own class from a file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import typer

from sor_opt.cli.places import Files
from sor_opt.cli.spread import Words
from sor_opt.errors import quoted
from sor_opt.extensions import is_place
from sor_opt.registry import Registry

OWN = "FILE.py:CLASS"
"""What stands for a user's own class."""


def split_names(text: str) -> list[str]:
    """Names with commas between them."""
    return [name for name in map(str.strip, text.split(",")) if name]


def _own_files(text: str) -> list[Path]:
    """The files of a user's own classes among some names."""
    return [Path(name.rpartition(":")[0]) for name in split_names(text) if is_place(name)]


OWN_FILES = Files(read=True, named=_own_files)
"""Stands in the `Annotated` of an option that takes classes."""


def name_option(known: Collection[str], what: str, help_text: str) -> Any:
    """An option that takes one of some names; of a registry also a class in a file."""
    return _option(_one(known, what), known, help_text)


def names_option(known: Collection[str], what: str, help_text: str) -> Any:
    """An option that takes some names, each once, with commas between them."""
    one = _one(known, what)

    def parse(text: str) -> str:
        names = list(map(one, split_names(text)))
        if len(names) > len(set(names)) or not names:
            raise typer.BadParameter(f"{quoted(text)} must name each {what} once")
        return ",".join(names)

    return _option(parse, known, help_text)


def named(words: Words, option: str) -> Iterator[str]:
    """The names that an option was given in what was typed."""
    for word, following in itertools.pairwise((*words, "")):
        flag, equals, value = word.partition("=")
        if flag == f"--{option}":
            yield from split_names(value if equals else following)


def _one(known: Collection[str], what: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        own = isinstance(known, Registry) and is_place(text)
        if not own and text not in known:
            raise typer.BadParameter(f"no {what} {quoted(text)}; there are {', '.join(known)}")
        return text

    return parse


def _option(parser: Callable[[str], str], known: Collection[str], help_text: str) -> Any:
    own = (OWN,) if isinstance(known, Registry) else ()
    return typer.Option(help=help_text, parser=parser, metavar="|".join((*known, *own)))
