"""Commands that are imported when they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from sor_opt.cli.spread import Words, spread


class Command(NamedTuple):
    """Where a command is, ``module:function``, and what it does, the first line of its text."""

    home: str
    summary: str

    def function(self) -> Callable[..., None]:
        """Import what it calls."""
        module, _, function = self.home.partition(":")
        found: Callable[..., None] = getattr(import_module(module), function)
        return found

    def load(self, name: str, words: Words = ()) -> TyperCommand:
        """Make it, with the options that follow from some words."""
        app = typer.Typer(add_completion=False)
        app.command(name)(spread(self.function(), words))
        made = typer.main.get_command(app)
        assert isinstance(made, TyperCommand)
        return made


class Commands(NamedTuple):
    """A group of commands, and what it is for."""

    summary: str
    rows: Mapping[str, Command | Commands]

    def load(self, name: str) -> TyperGroup:
        """Make the group; its commands are not imported."""
        made: dict[str, Any] = {
            row: each.load(row) if isinstance(each, Commands) else _Lazy(row, each)
            for row, each in self.rows.items()
        }
        return TyperGroup(name=name, help=self.summary, commands=made, no_args_is_help=True)


class _Lazy(TyperCommand):
    """Stands for a command in the help of its group, and makes it when it is called."""

    def __init__(self, name: str, command: Command) -> None:
        super().__init__(name, help=command.summary)
        self._command = command

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Begin a call: what it goes on with is the command itself."""
        made = self._command.load(str(self.name), tuple(args))
        return made.make_context(info_name, args, parent, **extra)
