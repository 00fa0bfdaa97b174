"""Groups of options that several commands share: one dataclass each, spread into a command."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """Replace every parameter that is annotated with a dataclass by that dataclass's fields.

    Typer then sees flat options; the command is called with the dataclasses, built and checked.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    flat: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name not in groups:
            flat.append(parameter.replace(annotation=hints[name]))
            continue
        inner = get_type_hints(groups[name], include_extras=True)
        flat += [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.default is MISSING else field.default,
                annotation=inner[field.name],
            )
            for field in fields(groups[name])
        ]

    @functools.wraps(command)
    def call(**given: Any) -> None:
        built = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **built)

    positional = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in flat]
    call.__signature__ = inspect.Signature(positional)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in flat}
    del call.__wrapped__  # type: ignore[attr-defined]
    return call


@dataclass(frozen=True)
class OutputOptions:
    """What every command that computes takes."""

    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the result as JSON; - for standard output."),
    ] = None
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False

    @property
    def to_stdout(self) -> bool:
        """Whether JSON goes to standard output, and so nothing else may."""
        return str(self.json) == "-"
