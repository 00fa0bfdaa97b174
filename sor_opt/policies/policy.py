"""A policy is a schedule times a router."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any

from sor_opt.errors import ConfigError
from sor_opt.models.risk import RiskParams
from sor_opt.policies.past import Past
from sor_opt.policies.routers.base import Router
from sor_opt.policies.schedules.base import Schedule


@dataclass(frozen=True)
class Policy:
    """When shares are due, and where they go.

    Parameters
    ----------
    schedule : Schedule
    router : Router
    name : str, optional
        ``schedule x router`` by default.
    """

    schedule: Schedule
    router: Router
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", f"{self.schedule.name} x {self.router.name}")

    @property
    def pair(self) -> tuple[str, str]:
        """The names of the schedule and of the router."""
        return self.schedule.name, self.router.name

    def prepare(self, past: Past) -> Policy:
        """Let both learn what they need from the past.

        Raises
        ------
        DataError, ConfigError
            If one of them cannot.
        """
        if (lack := self.schedule.lacks(past)) is not None:
            raise lack
        return Policy(self.schedule.prepare(past), self.router.prepare(past), self.name)

    def with_risk(self, risk: RiskParams) -> Policy:
        """The same with other risk parameters.

        Raises
        ------
        ConfigError
            If the router has none.
        """
        if self.router.risk is None:
            raise ConfigError(
                f"the router {self.router.name} has no parameters to search; take --router static "
                "or placement"
            )
        return replace(self, router=replace(self.router, risk=risk))  # type: ignore[type-var]

    @property
    def described(self) -> dict[str, Any]:
        """The policy but for `risk`, as plain values: two that are equal trade alike."""
        return {
            "schedule": {"name": self.schedule.name, **_values(self.schedule)},
            "router": {"name": self.router.name, **_values(self.router)},
        }


def _values(part: Schedule | Router) -> dict[str, Any]:
    """The fields of a schedule or a router, but for `risk` and what it learned."""
    if not is_dataclass(part):
        return {}
    values = {field.name: getattr(part, field.name) for field in fields(part) if field.compare}
    values.pop("risk", None)
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value if isinstance(value, (int, float, str, type(None))) else str(value)
