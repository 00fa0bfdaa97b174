"""The options that make a policy, and what makes its results doubtful."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from sor_opt.cli.names import name_option, names_option, split_names
from sor_opt.cli.options import duration_option, given_options
from sor_opt.cli.places import READS
from sor_opt.errors import ConfigError

if TYPE_CHECKING:
    from sor_opt.backtest.market import Market
    from sor_opt.cli.console import Output
    from sor_opt.policies.policy import Policy

Part = TypeVar("Part")

_DEFAULT = "static"

_CHOOSING = ("policy", "schedule", "router")

_SCHEDULE_FIELDS = {"pov_rate": "rate", "urgency": "urgency", "curve": "curve"}
_ROUTER_FIELDS = {
    "step": "model.step",
    "space": "model.space",
    "ref": "model.ref",
    "lookback": "windows.lookback",
    "window_stride": "windows.stride",
    "min_windows": "windows.minimum",
    "cancellations": "windows.cancellations",
    "conditional": "windows.conditional",
    "through": "windows.through",
    "leftover": "leftover",
    "lambda_over": "risk.lambda_over",
    "lambda_under": "risk.lambda_under",
    "theta_queue": "risk.theta_queue",
    "unit": "risk.unit",
    "allocator": "allocator",
}
"""Options, and the field of a schedule or a router that each sets; `record.field` is one of a
record's. An option goes with those that have its field."""


@dataclass(frozen=True)
class PolicyOptions:
    """The policy and its rules; what is left out keeps the default."""

    policy: Annotated[
        str | None, name_option("POLICY", "A schedule and a router that have a name (static).")
    ] = None
    schedule: Annotated[
        str | None, names_option("SCHEDULE", "When shares are due (now); backtest takes several.")
    ] = None
    router: Annotated[
        str | None, names_option("ROUTER", "Where they are sent (static); backtest takes several.")
    ] = None
    pov_rate: Annotated[
        float | None, typer.Option(help="pov: share of the printed volume (0.1).")
    ] = None
    urgency: Annotated[
        float | None, typer.Option(help="ac: 0 is even in time; the more, the earlier (2).")
    ] = None
    curve: Annotated[
        Path | None,
        typer.Option(help="vwap: CSV of time,volume, in place of earlier days."),
        READS,
    ] = None
    step: Annotated[
        float | None, typer.Option(help="static, placement: shares per chunk (100).")
    ] = None
    space: Annotated[
        Literal["open", "strict"] | None,
        typer.Option(help="static: whether the total is free, or the target exactly (open)."),
    ] = None
    ref: Annotated[
        Literal["mid", "zero"] | None,
        typer.Option(help="static: reference price (mid in the open space, zero in the strict)."),
    ] = None
    leftover: Annotated[
        Literal["carry", "sweep"] | None,
        typer.Option(help="placement: a slice's unfilled rest goes on, or is bought (carry)."),
    ] = None
    through: Annotated[
        Literal["fill", "volume"] | None,
        typer.Option(
            help="placement: a trade below the limit fills all, or its own volume (fill)."
        ),
    ] = None
    lookback: Annotated[
        int | None, duration_option("placement: past that scenarios come from (1h).")
    ] = None
    window_stride: Annotated[
        int | None, duration_option("placement: a past window begins so often (10s).")
    ] = None
    min_windows: Annotated[
        int | None, typer.Option(help="placement: with fewer no fill is assumed (20).")
    ] = None
    cancellations: Annotated[
        bool | None,
        typer.Option("--cancellations", help="placement: count them as outflow in scenarios."),
    ] = None
    conditional: Annotated[
        bool | None,
        typer.Option("--conditional", help="placement: scenarios from windows of like state."),
    ] = None

    def make(self, baselines: Iterable[str] = ()) -> Policy:
        """Check the options and make the policy; parameters as of `make_several`.

        Raises
        ------
        ConfigError
            If an option does not go with the policy, or several policies are named.
        """
        policies = self.make_several({}, baselines)
        if len(policies) > 1:
            raise ConfigError("name one --schedule and one --router; backtest alone takes several")
        return policies[0]

    def make_several(self, more: Mapping[str, Any], baselines: Iterable[str] = ()) -> list[Policy]:
        """Check the options and make every schedule with every router, schedule by schedule.

        Parameters
        ----------
        more : mapping
            Further options of routers, by name.
        baselines : iterable of str
            Schedules of the baselines, whose options a single policy takes too.

        Raises
        ------
        ConfigError
            If an option goes with none of them.
        """
        from sor_opt.policies.policy import Policy
        from sor_opt.policies.registry import ROUTERS, SCHEDULES

        options = {**given_options(self), **more}
        given = {name: value for name, value in options.items() if name not in _CHOOSING}
        schedules, routers = self._chosen()
        single = len(schedules) * len(routers) == 1
        timed = {*schedules, *(baselines if single else ())}
        _check_owners(given, _SCHEDULE_FIELDS, "schedule", SCHEDULES, timed)
        _check_owners(given, _ROUTER_FIELDS, "router", ROUTERS, set(routers))
        return [
            Policy(
                _with(SCHEDULES[schedule](), given, _SCHEDULE_FIELDS),
                _with(ROUTERS[router](), given, _ROUTER_FIELDS),
            )
            for schedule in schedules
            for router in routers
        ]

    def _chosen(self) -> tuple[list[str], list[str]]:
        """The names of the schedules and of the routers."""
        from sor_opt.policies.policy import PAIRS

        schedule, router = PAIRS[self.policy or _DEFAULT]
        if self.schedule is None and self.router is None:
            return [schedule], [router]
        if self.policy is not None:
            raise ConfigError("--policy does not go with --schedule and --router; it names both")
        return (
            split_names(self.schedule or schedule),
            split_names(self.router or router),
        )


def _check_owners(
    given: Mapping[str, Any],
    paths: Mapping[str, str],
    kind: str,
    registry: Mapping[str, type],
    chosen: set[str],
) -> None:
    """Refuse an option that none of the chosen schedules, or routers, has a field for."""
    for option in filter(paths.__contains__, given):
        owners = [name for name, made in registry.items() if _has(made(), paths[option])]
        if not chosen & set(owners):
            raise ConfigError(
                f"--{option.replace('_', '-')} goes with --{kind} {' or '.join(owners)} alone"
            )


def _has(part: object, path: str) -> bool:
    """Whether a schedule or a router has a field, or its record has."""
    record, _, inner = path.partition(".")
    known = is_dataclass(part) and record in {field.name for field in fields(part)}
    return known and (not inner or _has(getattr(part, record), inner))


def _with(part: Part, given: Mapping[str, Any], paths: Mapping[str, str]) -> Part:
    """Set the fields of a schedule or a router that it has, those of a record at once."""
    changes: dict[str, Any] = {}
    records: dict[str, dict[str, Any]] = {}
    for option, path in paths.items():
        if option in given and _has(part, path):
            record, _, name = path.rpartition(".")
            (records.setdefault(record, {}) if record else changes)[name] = given[option]
    for record, inner in records.items():
        changes[record] = replace(getattr(part, record), **inner)
    changed: Part = replace(part, **changes) if changes else part  # type: ignore[type-var]
    return changed


def warn_of_placement(market: Market, policies: Sequence[Policy], out: Output) -> None:
    """Say where the placement router has nothing to go by, and which assumptions do not hold.

    Of several policies, the points of a search, the windows are those of the first.
    """
    from sor_opt.policies.routers.placement import Placement
    from sor_opt.policies.scenarios import broken_shares, past_flows

    routers = [each.router for each in policies if isinstance(each.router, Placement)]
    if not routers:
        return
    windows, risks = routers[0].windows, [router.risk for router in routers]
    known = past_flows(market.context, windows)
    unknown = int((known.first == known.last).sum())
    if unknown:
        out.warn(
            f"{unknown} of {known.first.size} slices have fewer than {windows.minimum} past "
            "windows behind them: no fill is assumed there, and nothing is posted"
        )
    for text, (points, share) in broken_shares(market.context, risks).items():
        where = f" at {points} of {len(risks)} points" if len(risks) > 1 else ""
        out.warn(f"assumption {text} does not hold{where}, in {_share(share)} of the slices")


def _share(share: float) -> str:
    return "less than 1%" if share < 0.01 else f"up to {share:.0%}"
