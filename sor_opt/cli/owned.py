"""Parameters that several parts may have, as options that say whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sor_opt.errors import ConfigError
from sor_opt.params import NANOSECONDS, Param, Parameter, parameters


class Part(NamedTuple):
    """Something with parameters: the option that chooses it, its name, and the object itself."""

    option: str
    name: str
    record: Any


class Owned(NamedTuple):
    """A parameter, and the parts that have it."""

    parameter: Parameter
    option: str
    owners: tuple[str, ...]

    @property
    def told(self) -> Parameter:
        """The parameter as its help says whose it is."""
        param = self.parameter.param
        timed = param.unit == NANOSECONDS
        text = param.help if timed or not param.unit else f"{param.help}, {param.unit}"
        told = Param(f"{text} ({', '.join(self.owners)})", NANOSECONDS if timed else "", param.name)
        return replace(self.parameter, param=told)


def owned(parts: Iterable[Part]) -> dict[str, Owned]:
    """The parameters of some parts, by name.

    Raises
    ------
    ConfigError
        If two parts have different ones of one name.
    """
    found: dict[str, Owned] = {}
    for part in parts:
        for parameter in parameters(part.record):
            known = found.get(parameter.name, Owned(parameter, part.option, ()))
            if known.parameter.kind != parameter.kind:
                raise ConfigError(
                    f"the parameter {parameter.name} of {part.name} is another one than that of "
                    f"{known.owners[0]}; give it a Param(name=..)"
                )
            owners = tuple(dict.fromkeys((*known.owners, part.name)))
            found[parameter.name] = known._replace(owners=owners)
    return found


def check_owned(
    given: Mapping[str, Any], chosen: Iterable[Any], known: Mapping[str, Owned]
) -> None:
    """Refuse what was given and none of the chosen objects has a parameter for.

    Raises
    ------
    ConfigError
    """
    has = {parameter.name for record in chosen for parameter in parameters(record)}
    for name in sorted(given.keys() - has):
        _, option, owners = known[name]
        raise ConfigError(
            f"--{name.replace('_', '-')} goes with --{option} {' or '.join(owners)} alone"
        )
