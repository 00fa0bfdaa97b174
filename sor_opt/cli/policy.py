"""The options that make a policy, and what makes its results doubtful."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from sor_opt.allocators.registry import ALLOCATORS
from sor_opt.backtest.market import Market
from sor_opt.cli.console import Output
from sor_opt.cli.names import OWN_FILES, name_option, named, names_option, split_names
from sor_opt.cli.owned import Part, check_owned, owned
from sor_opt.cli.spread import Given, Words
from sor_opt.errors import ConfigError
from sor_opt.models.base import CostModel
from sor_opt.models.registry import MODELS
from sor_opt.params import Parameter, changed, put
from sor_opt.policies.policy import PAIRS, Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES
from sor_opt.policies.routers.base import Router
from sor_opt.policies.routers.cost import Cost
from sor_opt.policies.schedules.base import Schedule
from sor_opt.registry import Registry

Kind = TypeVar("Kind", Schedule, Router)

_DEFAULT = "static"


def _parts(words: Words) -> Iterator[Part]:
    """All schedules and routers of the package, and what some words name besides."""
    for registry in (SCHEDULES, ROUTERS):
        chosen = list(named(words, registry.kind))
        for name in dict.fromkeys((*registry.rows, *chosen)):
            part = registry.make(name)
            yield Part(registry.kind, part.name, part, name in chosen)
    for name in named(words, MODELS.kind):
        model = MODELS.make(name)
        yield Part(MODELS.kind, model.name, model, True)


def policy_parameters(words: Words) -> list[Parameter]:
    """The parameters of all schedules and routers, and of what some words name besides."""
    return [each.told for each in owned(_parts(words)).values()]


def steady_parameters(words: Words) -> list[Parameter]:
    """Those that a search does not move."""
    return [each.told for each in owned(_parts(words)).values() if not each.moved]


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
        OWN_FILES,
    ] = None
    router: Annotated[
        str | None,
        names_option(ROUTERS, "router", "Where they are sent (static); backtest takes several."),
        OWN_FILES,
    ] = None
    model: Annotated[
        str | None,
        name_option(MODELS, "model", "What a split costs, for --router cost (static)."),
        OWN_FILES,
    ] = None
    allocator: Annotated[
        str | None,
        name_option(
            ALLOCATORS,
            "allocator",
            "Called for each split of a router with a cost model; fast if left out.",
        ),
        OWN_FILES,
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
        schedules = self._made(SCHEDULES, schedule_names)
        routers = list(map(self._router, router_names))
        _check_names(schedules, routers)
        single = len(schedules) * len(routers) == 1
        timed = self._made(SCHEDULES, baselines) if single else []
        check_owned(self.given, [*schedules, *timed, *routers], owned(_parts(())))
        return [Policy(schedule, router) for schedule in schedules for router in routers]

    def _made(self, registry: Registry[Kind], names: Iterable[str]) -> list[Kind]:
        return [changed(registry.make(name), self.given) for name in names]

    def _router(self, name: str) -> Router:
        router = ROUTERS.make(name)
        if self.model is not None:
            if not isinstance(getattr(router, "model", None), CostModel):
                raise ConfigError(f"--model goes with a router of a cost model, not {name}")
            router = put(router, {("model",): MODELS.make(self.model)})
        if self.allocator is not None:
            if not hasattr(router, "allocator"):
                raise ConfigError(f"--allocator goes with a router of a cost model, not {name}")
            router = put(router, {("allocator",): ALLOCATORS.make(self.allocator)})
        return changed(router, self.given)

    def _chosen(self) -> tuple[list[str], list[str]]:
        """The names of the schedules and of the routers."""
        schedule, router = PAIRS[self.policy or _DEFAULT]
        if self.schedule is None and self.router is None and self.model is None:
            return [schedule], [router]
        if self.policy is not None:
            raise ConfigError(
                "--policy does not go with --schedule, --router and --model; it names both"
            )
        usual = Cost.name if self.model is not None else router
        return split_names(self.schedule or schedule), split_names(self.router or usual)


def _check_names(*groups: Sequence[Schedule | Router]) -> None:
    """Refuse two classes of one name, which results would not tell apart."""
    for names in ([part.name for part in parts] for parts in groups):
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ConfigError(f"two classes have the name {twice[0]}; give one of them another")


@dataclass(frozen=True)
class SearchedOptions(PolicyOptions):
    """The policy of a search; what it moves is no option, but has levels."""

    given: Annotated[Mapping[str, Any], Given("Parameters of the policy", steady_parameters)] = (
        field(default_factory=dict)
    )


def warn_of_routers(market: Market, policies: Sequence[Policy], out: Output) -> None:
    """Say what makes the results of routers doubtful, once for each and all of its points."""
    routers: dict[str, list[Router]] = {}
    for policy in policies:
        routers.setdefault(policy.router.name, []).append(policy.router)
    for points in routers.values():
        for text in points[0].doubts(market.context, points):
            out.warn(text)
