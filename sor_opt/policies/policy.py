"""A policy is a schedule times a router."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

from sor_opt.allocators.base import Allocator
from sor_opt.errors import ConfigError, quoted
from sor_opt.extensions import place_of, source_digest
from sor_opt.params import Parameter, changed, parameters
from sor_opt.policies.context import Context
from sor_opt.policies.routers.base import Router
from sor_opt.policies.schedules.base import Schedule, Timing
from sor_opt.texts import read_text

FieldPath = tuple[str, ...]

PAIRS = {
    "static": ("now", "static"),
    "placement": ("twap", "placement"),
    "best-ask": ("now", "best-ask"),
    "twap": ("twap", "best-ask"),
    "vwap": ("vwap", "best-ask"),
    "pro-rata": ("twap", "pro-rata"),
}
"""Policies with a name of their own: schedule and router."""


@dataclass(frozen=True)
class Policy:
    """When shares are due, and where they go.

    Parameters
    ----------
    schedule : Schedule
    router : Router

    Raises
    ------
    ConfigError
        If they are none.

    Examples
    --------
    >>> from sor_opt import BestAsk, Sweep, Twap
    >>> Policy(Twap(), BestAsk()).name, Policy(Twap(), Sweep()).name
    ('twap', 'twap x sweep')
    """

    schedule: Schedule
    router: Router

    def __post_init__(self) -> None:
        for part, kind in ((self.schedule, Schedule), (self.router, Router)):
            if not isinstance(part, kind):
                raise ConfigError(
                    f"a policy has a {kind.__name__} there, not {quoted(part)}; see "
                    "sor_opt.SCHEDULES and sor_opt.ROUTERS"
                )
        if self.schedule.timing not in get_args(Timing):
            known = ", ".join(get_args(Timing))
            raise ConfigError(
                f"the timing of {self.schedule.name} must be one of {known}, got "
                f"{quoted(self.schedule.timing)}"
            )

    @property
    def name(self) -> str:
        """That of the pair, or ``schedule x router`` where it has none."""
        names = {pair: name for name, pair in PAIRS.items()}
        pair = self.schedule.name, self.router.name
        return names.get(pair, " x ".join(pair))

    @property
    def compiled(self) -> bool:
        """Whether a replay need not call Python."""
        return self.schedule.timing != "decision" and self.router.is_compiled

    def prepare(self, context: Context) -> Policy:
        """Let both learn what they need.

        Raises
        ------
        DataError, ConfigError
            If one of them cannot.
        """
        ready = (self.schedule.prepare(context), self.router.prepare(context))
        for part, made in zip((self.schedule, self.router), ready, strict=True):
            if made is None:
                kind = type(part)
                raise ConfigError(f"{place_of(kind)}prepare of {part.name} must give what trades")
        return Policy(*ready)

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the schedule and of the router, with the values that they have.

        Raises
        ------
        ConfigError
            If two of them have one name.
        """
        found = (*parameters(self.schedule), *parameters(self.router))
        names = [parameter.name for parameter in found]
        repeated = sorted(name for name in set(names) if names.count(name) > 1)
        if repeated:
            raise ConfigError(
                f"the schedule {self.schedule.name} and the router {self.router.name} both have a "
                f"parameter {repeated[0]}; give one of them a Param(name=..)"
            )
        return found

    def having(self, values: Mapping[str, Any]) -> Policy:
        """The same with some of its parameters set, by their names.

        Raises
        ------
        ConfigError
            If it has no parameter of a name, or a value is out of its range.
        """
        known = [parameter.name for parameter in self.parameters()]
        unknown = sorted(set(values) - set(known))
        if unknown:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise ConfigError(f"the policy {self.name} has no parameter {unknown[0]}; {has}")
        return Policy(changed(self.schedule, values), changed(self.router, values))

    def describe(self, without: Collection[str] = ()) -> dict[str, Any]:
        """The policy as plain values: two that are equal trade alike.

        Parameters
        ----------
        without : collection of str
            Parameters that are left out.

        Raises
        ------
        ConfigError
            If the schedule or the router keeps something and is no dataclass: what it is set to
            cannot be told; or if its source cannot be read.
        DataError
            If a file that it is set to cannot be read; what it holds is told, not where it lies.
        """
        left_out = {each.path for each in self.parameters() if each.name in without}
        return {
            "schedule": _described(self.schedule, "schedule", left_out),
            "router": _described(self.router, "router", left_out),
        }


def _described(
    part: Schedule | Router, kind: str, without: Collection[FieldPath]
) -> dict[str, Any]:
    if vars(part) and not is_dataclass(part):
        raise ConfigError(f"the {kind} {part.name} must be a dataclass to be kept in a study")
    return {"name": part.name, **_values(part, (), without)}


def _values(record: Any, above: FieldPath, without: Collection[FieldPath]) -> dict[str, Any]:
    """The fields of a record that tell it from another, and its source, if it is a user's own."""
    source = source_digest(type(record))
    told: dict[str, Any] = {} if source is None else {"source": source}
    for field in fields(record) if is_dataclass(record) else ():
        path, value = (*above, field.name), getattr(record, field.name)
        if not field.compare or path in without:
            continue
        if is_dataclass(value) and not isinstance(value, (type, Allocator)):
            inner = _values(value, path, without)
            if not _is_usual(field, value):
                inner = {"name": getattr(value, "name", type(value).__name__), **inner}
            if inner:
                told[field.name] = inner
        else:
            told[field.name] = _plain(value)
    return told


def _is_usual(field: Field[Any], value: Any) -> bool:
    """Whether a record is of the class that the field holds by default."""
    default = field.default if field.default_factory is MISSING else field.default_factory()
    return default is MISSING or type(value) is type(default)


def _allocator(value: Allocator) -> str:
    """Its name, its source, if it is a user's own, and what is set in it beside the defaults."""
    source = source_digest(type(value))
    usual = parameters(type(value)()) if source is None else ()
    own = [each for each in parameters(value) if each not in usual and each.default is not None]
    words = (value.name, source, *(f"{each.name}={each.default}" for each in own))
    return " ".join(filter(None, words))


def _plain(value: Any) -> Any:
    if isinstance(value, Allocator):
        return _allocator(value)
    if isinstance(value, Path):
        content = read_text(value, "a file of text")
        return f"{value.name} {hashlib.sha256(content.encode()).hexdigest()[:16]}"
    return value if isinstance(value, (int, float, str, type(None))) else str(value)
