"""The options that make a policy, and what makes its results doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sor_opt.cli.options import duration_option
from sor_opt.errors import ConfigError

if TYPE_CHECKING:
    from sor_opt.backtest.base import Market
    from sor_opt.backtest.policies import Policy
    from sor_opt.cli.console import Output
    from sor_opt.models.risk import RiskParams

_OWNERS = {
    "static": ("space", "ref"),
    "placement": (
        "lookback",
        "window_stride",
        "min_windows",
        "cancellations",
        "conditional",
        "through",
        "leftover",
    ),
}
"""Options that one policy alone understands."""


@dataclass(frozen=True)
class PolicyOptions:
    """The policy and its rules; what is left out keeps the model's default."""

    policy: Annotated[
        Literal["static", "placement"],
        typer.Option(help="Take at once, or take and post limit orders slice by slice."),
    ] = "static"
    step: Annotated[float, typer.Option(help="Shares per chunk.")] = 100.0
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

    def make(self, risk: RiskParams | None = None) -> Policy:
        """Check the options and make the policy."""
        from sor_opt.models.risk import RiskParams

        for owner, names in _OWNERS.items():
            given = [name for name in names if getattr(self, name) is not None]
            if given and owner != self.policy:
                option = given[0].replace("_", "-")
                raise ConfigError(f"--{option} goes with --policy {owner} alone")
        makers = {"static": self._static, "placement": self._placement}
        return makers[self.policy](risk or RiskParams())

    def _static(self, risk: RiskParams) -> Policy:
        from sor_opt.backtest.policies import static_policy
        from sor_opt.models.static import StaticParams

        return static_policy(risk, StaticParams(self.space or "open", self.ref, self.step))

    def _placement(self, risk: RiskParams) -> Policy:
        from sor_opt.backtest.policies import PlacementRules, placement_policy
        from sor_opt.models.placement import PlacementParams
        from sor_opt.models.windows import WindowParams

        windows = {
            "lookback": self.lookback,
            "stride": self.window_stride,
            "minimum": self.min_windows,
            "cancellations": self.cancellations,
            "conditional": self.conditional,
            "through": self.through,
        }
        model = PlacementParams(step=self.step)
        rules = PlacementRules(model, WindowParams(**_given(windows)), self.leftover or "carry")
        return placement_policy(risk, rules)


def _share(share: float) -> str:
    return "less than 1%" if share < 0.01 else f"up to {share:.0%}"


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def warn_of_placement(
    market: Market, policy: Policy, risks: Sequence[RiskParams], out: Output
) -> None:
    """Say where the placement policy has nothing to go by, and which assumptions do not hold."""
    from sor_opt.backtest.history import broken_shares, past_flows
    from sor_opt.backtest.policies import Split

    if policy.split != Split.PLACEMENT:
        return
    windows = policy.placement.windows
    history = past_flows(market, windows)
    unknown = int((history.first == history.last).sum())
    if unknown:
        out.warn(
            f"{unknown} of {history.first.size} slices have fewer than {windows.minimum} past "
            "windows behind them: no fill is assumed there, and nothing is posted"
        )
    for text, (points, share) in broken_shares(market, risks).items():
        where = f" at {points} of {len(risks)} points" if len(risks) > 1 else ""
        out.warn(f"assumption {text} does not hold{where}, in {_share(share)} of the slices")
