"""A policy is a schedule times a router."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args

from sor_opt.allocators.base import Allocator
from sor_opt.errors import ConfigError, quoted
from sor_opt.models.risk import RiskParams
from sor_opt.policies.context import Context
from sor_opt.policies.routers.base import Router
from sor_opt.policies.schedules.base import Schedule, Timing
from sor_opt.texts import read_text

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
        return Policy(self.schedule.prepare(context), self.router.prepare(context))

    def with_risk(self, risk: RiskParams) -> Policy:
        """The same with other risk parameters.

        Raises
        ------
        ConfigError
            If the router has none, or is no dataclass with the field `risk`.
        """
        router = self.router
        if router.risk is None:
            raise ConfigError(
                f"the router {router.name} has no parameters to search; take --router static "
                "or placement"
            )
        if not (is_dataclass(router) and any(field.name == "risk" for field in fields(router))):
            raise ConfigError(
                f"the router {router.name} must be a dataclass with the field risk to be searched"
            )
        return replace(self, router=replace(router, risk=risk))

    def describe(self) -> dict[str, Any]:
        """The policy but for `risk`, as plain values: two that are equal trade alike.

        Raises
        ------
        ConfigError
            If the schedule or the router is no dataclass: what it is set to cannot be told.
        DataError
            If a file that it is set to cannot be read; what it holds is told, not where it lies.
        """
        return {
            "schedule": {"name": self.schedule.name, **_values(self.schedule, "schedule")},
            "router": {"name": self.router.name, **_values(self.router, "router")},
        }


def _values(part: Schedule | Router, kind: str) -> dict[str, Any]:
    """The fields of a schedule or a router, but for `risk` and what it learned."""
    if not is_dataclass(part):
        raise ConfigError(f"the {kind} {part.name} must be a dataclass to be kept in a study")
    compared = [field.name for field in fields(part) if field.compare and field.name != "risk"]
    return {name: _plain(getattr(part, name)) for name in compared}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Allocator):
        return value.name
    if isinstance(value, Path):
        content = read_text(value, "a file of text")
        return f"{value.name} {hashlib.sha256(content.encode()).hexdigest()[:16]}"
    return value if isinstance(value, (int, float, str, type(None))) else str(value)
