"""Groups of options that several commands share: one dataclass each, spread into a command."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from sor_opt.cli.places import READS, WRITES, keep_apart
from sor_opt.errors import quoted

if TYPE_CHECKING:
    from sor_opt.models.venues import FeeSchedule

_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_LONGEST_DAYS = 366


def duration(text: str | int) -> int:
    """Read `9m`, `2s` or `500ms` as nanoseconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h)", str(text).strip())
    if not match:
        raise typer.BadParameter(f"{quoted(text)} is no duration; write 500ms, 2s, 9m or 1h")
    nanoseconds = float(match[1]) * _NANOSECONDS[match[2]]
    if nanoseconds > _LONGEST_DAYS * 24 * _NANOSECONDS["h"]:
        raise typer.BadParameter(f"{quoted(text)} is longer than {_LONGEST_DAYS} days")
    return round(nanoseconds)


def duration_option(help_text: str) -> Any:
    """An option that `duration` reads."""
    return typer.Option(help=help_text, parser=duration, metavar="DURATION")


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """Replace every parameter that is annotated with a dataclass by that dataclass's fields.

    Typer then sees flat options; the command is called with the dataclasses, built and checked,
    once it is sure that no file which it would write is another one that it names.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
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

    def call(**given: Any) -> None:
        keep_apart(flat, given)
        built = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **built)

    keywords = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in flat]
    shown: Any = call
    shown.__name__, shown.__doc__ = command.__name__, command.__doc__
    shown.__signature__ = inspect.Signature(keywords)
    shown.__annotations__ = {p.name: p.annotation for p in keywords}
    return call


@dataclass(frozen=True)
class FeeOptions:
    """What venues charge and pay."""

    fees: Annotated[
        Path | None, typer.Option(help="TOML of fees that override the table."), READS
    ] = None
    no_fees: Annotated[
        bool, typer.Option("--no-fees", help="Count no fee and no rebate that is not in a book.")
    ] = False

    def schedule(self) -> FeeSchedule:
        """Read the fees, or take the packaged ones, or none.

        Raises
        ------
        ConfigError
            If both a file and none are asked for.
        """
        from sor_opt.errors import ConfigError
        from sor_opt.models.venues import FeeSchedule, NoFees

        if self.fees and self.no_fees:
            raise ConfigError("--fees FILE and --no-fees do not go together")
        if self.no_fees:
            return NoFees()
        packaged = FeeSchedule.packaged()
        return packaged.override(FeeSchedule.read(self.fees)) if self.fees else packaged


@dataclass(frozen=True)
class OutputOptions:
    """What every command that computes takes."""

    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the result as JSON; - for standard output."),
        WRITES,
    ] = None
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False

    @property
    def to_stdout(self) -> bool:
        """Whether JSON goes to standard output, and so nothing else may."""
        return str(self.json) == "-"


@dataclass(frozen=True)
class RiskOptions:
    """The three risk parameters; what is left out keeps the model's default."""

    lambda_over: Annotated[
        float | None, typer.Option(help="Penalty per share beyond the target (0.001).")
    ] = None
    lambda_under: Annotated[
        float | None, typer.Option(help="Penalty per share short of it (0.001).")
    ] = None
    theta_queue: Annotated[float | None, typer.Option(help="Queue risk and impact (0.0001).")] = (
        None
    )
    unit: Annotated[
        Literal["fraction", "per_share"] | None,
        typer.Option(help="Fractions of the reference price (fraction), or dollars per share."),
    ] = None


def given_options(options: Any) -> dict[str, Any]:
    """The options of a group that are not left out."""
    values = {field.name: getattr(options, field.name) for field in fields(options)}
    return {name: value for name, value in values.items() if value is not None}
