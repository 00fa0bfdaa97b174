"""Parameters that several parts may have, as options that say whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sor_opt.errors import ConfigError
from sor_opt.params import NANOSECONDS, Param, Parameter, parameters


class Part(NamedTuple):
    """Something with parameters: the option that chooses it, its name, and the object itself.

    `named` says whether the words name it: what it says of a parameter then goes before what the
    others say.
    """

    option: str
    name: str
    record: Any
    named: bool = False


class Owned(NamedTuple):
    """A parameter, the parts that have it, and whether a search of one of them moves it."""

    parameter: Parameter
    option: str
    owners: tuple[str, ...]
    named: bool
    moved: bool

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
    for part in sorted(parts, key=lambda each: not each.named):
        for parameter in parameters(part.record):
            first = Owned(parameter, part.option, (), part.named, False)
            known = found.get(parameter.name, first)
            if known.parameter.kind != parameter.kind:
                if part.named:
                    raise ConfigError(
                        f"the parameter {parameter.name} of {part.name} is another one than that "
                        f"of {known.owners[0]}; give it a Param(name=..)"
                    )
                continue
            if known.named and not part.named and known.parameter.default != parameter.default:
                continue  # what is named says what is so if it is left out
            found[parameter.name] = known._replace(
                owners=tuple(dict.fromkeys((*known.owners, part.name))),
                moved=known.moved or parameter.range is not None,
            )
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
        option = f"--{name.replace('_', '-')}"
        if name not in known:
            raise ConfigError(f"{option} goes with another class than those that are chosen")
        owner = known[name]
        raise ConfigError(f"{option} goes with --{owner.option} {' or '.join(owner.owners)} alone")
