"""Groups of options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sor_opt.cli.places import READS, WRITES
from sor_opt.cli.spread import Group

if TYPE_CHECKING:
    from sor_opt.models.venues import FeeSchedule


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


OutputGroup = Annotated[OutputOptions, Group("Output")]
"""What every command that computes takes, in its panel."""
