"""The options that make a policy, and what makes its results doubtful."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, NamedTuple, TypeVar

from sor_opt.allocators.registry import create, names
from sor_opt.backtest.market import Market
from sor_opt.cli.console import Output
from sor_opt.cli.names import name_option, named, names_option, split_names
from sor_opt.cli.spread import Given, Words
from sor_opt.errors import ConfigError
from sor_opt.models.risk import RiskParams
from sor_opt.params import NANOSECONDS, Param, Parameter, changed, parameters, put
from sor_opt.policies.policy import PAIRS, Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES
from sor_opt.policies.routers.base import Router
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.scenarios import broken_shares, past_flows
from sor_opt.policies.schedules.base import Schedule
from sor_opt.registry import Registry

Part = TypeVar("Part", Schedule, Router)

_DEFAULT = "static"


class _Owned(NamedTuple):
    """A parameter, and the schedules or routers that have it."""

    parameter: Parameter
    kind: str
    owners: list[str]


def policy_parameters(words: Words) -> list[Parameter]:
    """The parameters of all schedules and routers, and of those that some words name in files."""
    return [_told(each) for each in _owned(words).values()]


def steady_parameters(words: Words) -> list[Parameter]:
    """Those that a search does not move."""
    return [each for each in policy_parameters(words) if each.range is None]


def _owned(words: Words) -> dict[str, _Owned]:
    found: dict[str, _Owned] = {}
    for registry, option in ((SCHEDULES, "schedule"), (ROUTERS, "router")):
        for name in dict.fromkeys((*registry.rows, *named(words, option))):
            part = registry.make(name)
            for parameter in parameters(part):
                known = found.setdefault(parameter.name, _Owned(parameter, option, []))
                if known.parameter.kind != parameter.kind:
                    raise ConfigError(
                        f"the parameter {parameter.name} of {part.name} is another one than that "
                        f"of {known.owners[0]}; give it a Param(name=..)"
                    )
                known.owners.append(part.name)
    return found


def _told(owned: _Owned) -> Parameter:
    """The parameter as its help says whose it is."""
    param = owned.parameter.param
    timed = param.unit == NANOSECONDS
    text = param.help if timed or not param.unit else f"{param.help}, {param.unit}"
    text = f"{text} ({', '.join(dict.fromkeys(owned.owners))})"
    told = Param(text, NANOSECONDS if timed else "", param.name)
    return replace(owned.parameter, param=told)


@dataclass(frozen=True)
class PolicyOptions:
    """The policy and its parameters; what is left out keeps the default."""

    policy: Annotated[
        str | None,
        name_option(PAIRS, "policy", "A schedule and a router that have a name (static)."),
    ] = None
    schedule: Annotated[
        str | None,
        names_option(SCHEDULES, "schedule", "When shares are due (now); backtest takes several."),
    ] = None
    router: Annotated[
        str | None,
        names_option(ROUTERS, "router", "Where they are sent (static); backtest takes several."),
    ] = None
    allocator: Annotated[
        str | None,
        name_option(
            names(),
            "allocator",
            "static, placement: called for each split; the compiled one if left out.",
        ),
    ] = None
    given: Annotated[Mapping[str, Any], Given("Parameters of the policy", policy_parameters)] = (
        field(default_factory=dict)
    )

    def make(self, baselines: Iterable[str] = ()) -> Policy:
        """Check the options and make the policy; parameters as of `make_several`.

        Raises
        ------
        ConfigError
            If an option does not go with the policy, or several policies are named.
        """
        policies = self.make_several(baselines)
        if len(policies) > 1:
            raise ConfigError("name one --schedule and one --router; backtest alone takes several")
        return policies[0]

    def make_several(self, baselines: Iterable[str] = ()) -> list[Policy]:
        """Check the options and make every schedule with every router, schedule by schedule.

        Parameters
        ----------
        baselines : iterable of str
            Schedules of the baselines, whose options a single policy takes too.

        Raises
        ------
        ConfigError
            If an option goes with none of them.
        """
        schedule_names, router_names = self._chosen()
        schedules = self._parts(SCHEDULES, schedule_names)
        routers = list(map(self._router, router_names))
        single = len(schedules) * len(routers) == 1
        timed = self._parts(SCHEDULES, baselines) if single else []
        self._check_owners([*schedules, *timed, *routers])
        return [Policy(schedule, router) for schedule in schedules for router in routers]

    def _parts(self, registry: Registry[Part], names: Iterable[str]) -> list[Part]:
        return [changed(registry.make(name), self.given) for name in names]

    def _router(self, name: str) -> Router:
        (router,) = self._parts(ROUTERS, [name])
        if self.allocator is None:
            return router
        if not hasattr(router, "allocator"):
            raise ConfigError(f"--allocator goes with --router static or placement, not {name}")
        return put(router, {("allocator",): create(self.allocator)})

    def _chosen(self) -> tuple[list[str], list[str]]:
        """The names of the schedules and of the routers."""
        schedule, router = PAIRS[self.policy or _DEFAULT]
        if self.schedule is None and self.router is None:
            return [schedule], [router]
        if self.policy is not None:
            raise ConfigError("--policy does not go with --schedule and --router; it names both")
        return split_names(self.schedule or schedule), split_names(self.router or router)

    def _check_owners(self, parts: Sequence[Schedule | Router]) -> None:
        """Refuse an option that none of the parts has a parameter for."""
        own = {parameter.name for part in parts for parameter in parameters(part)}
        for name in self.given.keys() - own:
            owned = _owned(())[name]
            raise ConfigError(
                f"--{name.replace('_', '-')} goes with --{owned.kind} "
                f"{' or '.join(owned.owners)} alone"
            )


@dataclass(frozen=True)
class SearchedOptions(PolicyOptions):
    """The policy of a search; what it moves is no option, but has levels."""

    given: Annotated[Mapping[str, Any], Given("Parameters of the policy", steady_parameters)] = (
        field(default_factory=dict)
    )


def warn_of_placement(
    market: Market, policy: Policy, risks: Sequence[RiskParams], out: Output
) -> None:
    """Say where the placement router has nothing to go by, and which assumptions do not hold."""
    if not isinstance(policy.router, Placement):
        return
    windows = policy.router.windows
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
