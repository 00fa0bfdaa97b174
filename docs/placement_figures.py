"""Draw docs/images/placement_sizes.png: the best placement over four parameters.

    python docs/placement_figures.py

After Cont & Kukanov's figures 2, 4, 5 and 8, with the parameters of their Table 1; a minute or two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.market.tape import FloatArray
from sor_opt.models.case import Case
from sor_opt.models.outflow import Outflow
from sor_opt.models.placement import PlacementModel
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import Venue

IMAGE = Path(__file__).parent / "images" / "placement_sizes.png"
MID, HALF_SPREAD, FEE, REBATE = 100.0, 0.02, 0.003, 0.002
SCENARIOS, CHUNKS = 1000, 200
"""Scenarios that the sizes are chosen by, and chunks of an order."""

CENTS = 100


@dataclass(frozen=True)
class Setting:
    """The order and the market, dollars per share and shares; venues are equal.

    Parameters
    ----------
    size, queue : float
        S and Q.
    theta, under : float
        theta and lambda_under.
    """

    size: float = 1000.0
    queue: float = 2000.0
    theta: float = 0.0005
    under: float = 0.05


@dataclass(frozen=True)
class Panel:
    """One parameter: its values, their place in a `Setting`, and how the axis shows them."""

    name: str
    values: FloatArray
    label: str
    scale: float = 1.0


PANELS = (
    Panel("size", np.arange(50.0, 1501.0, 50.0), "order size S, shares"),
    Panel("theta", np.linspace(0.0, 0.05, 26), r"queue risk $\theta$, cents per share", CENTS),
    Panel("queue", np.arange(1000.0, 2401.0, 50.0), "queue ahead Q at each venue, shares"),
    # Taking begins to pay at h + f; a point on each side of it keeps the jump steep.
    Panel(
        "under",
        np.sort([*np.arange(0.015, 0.0801, 0.0025), 0.0229, 0.0231]),
        r"$\lambda_{under}$, cents per share",
        CENTS,
    ),
)


def outflows(venues: int, scenarios: int) -> FloatArray:
    """Draw the outflows of Table 1, shape (scenarios, venues)."""
    drawn = Outflow(family="poisson", mean=2200.0, alpha=0.6, scenarios=scenarios)
    return drawn.draw(venues)


def best_sizes(setting: Setting, scenarios: FloatArray) -> tuple[float, float]:
    """Shares taken and shares posted, over all venues, at the certified optimum."""
    venues = scenarios.shape[1]
    venue = (MID - HALF_SPREAD, setting.size, MID + HALF_SPREAD, setting.size, FEE, REBATE)
    case = Case(tuple(Venue(f"V{k + 1}", *venue, setting.queue) for k in range(venues)))
    snapshot = case.snapshot._replace(mid=MID, outflows=scenarios)
    risk = RiskParams(0.05, setting.under, setting.theta, unit="per_share")
    model = PlacementModel(depth="infinite", step=setting.size / CHUNKS)
    problem = model.problem(snapshot, setting.size, risk)
    answer = FastAllocator(certify=True).solve(problem)
    sent = answer.rungs * problem.step
    return float(sent[:venues].sum()), float(sent[venues:].sum())


def closed_form(setting: Setting, outflow: FloatArray) -> tuple[float, float]:
    """Market and limit order at one venue, by Proposition 3; `outflow` is sorted.

    NaN where missing shares is cheaper than taking them (against A3): then M + L = S need not hold.
    """
    if setting.under <= HALF_SPREAD + FEE:
        return np.nan, np.nan
    swing = 2 * HALF_SPREAD + FEE + REBATE
    least = setting.under + HALF_SPREAD + REBATE + setting.theta
    quantile = swing / least
    below = outflow[max(0, int(np.ceil(quantile * len(outflow))) - 1)]
    limit = float(np.clip(below - setting.queue, 0.0, setting.size))
    return setting.size - limit, limit


def draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw M and L over one parameter, for one venue and for two, and the closed form."""
    settings = [replace(Setting(), **{panel.name: float(value)}) for value in panel.values]
    across = panel.scale * panel.values
    for venues, style in ((1, "-"), (2, "--")):
        scenarios = outflows(venues, SCENARIOS)
        sizes = np.array([best_sizes(setting, scenarios) for setting in settings])
        posted = "L" if venues == 1 else "$L_1 + L_2$"
        for shares, name, colour in zip(
            sizes.T, ("M", posted), ("tab:red", "tab:blue"), strict=True
        ):
            label = f"{name}, {venues} venue{'s' if venues > 1 else ''}"
            axes.plot(across, shares, style, color=colour, linewidth=2.5, label=label)
    outflow = np.sort(outflows(1, 100_000)[:, 0])
    exact = np.array([closed_form(setting, outflow) for setting in settings])
    axes.plot(across, exact[:, 0], "k", linewidth=0.8, label="Proposition 3, 1 venue")
    axes.plot(across, exact[:, 1], "k", linewidth=0.8)
    axes.set_xlabel(panel.label, fontsize="large")
    axes.margins(x=0)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)


def main() -> None:
    """Draw it."""
    figure = Figure(figsize=(12, 8), layout="constrained")
    grid = figure.subplots(2, 2)
    for axes, panel in zip(grid.flat, PANELS, strict=True):
        draw_panel(axes, panel)
    for axes in grid[:, 0]:
        axes.set_ylabel("shares", fontsize="large")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=len(labels),
        frameon=False,
        fontsize="large",
    )
    figure.supxlabel(
        "Otherwise S = 1,000 and Q = 2,000 shares; per share h = 2 c, f = 0.3 c, r = 0.2 c,"
        r" $\theta$ = 0.05 c, $\lambda_{under}$ = $\lambda_{over}$ = 5 c",
        fontsize="medium",
    )
    IMAGE.parent.mkdir(exist_ok=True)
    figure.savefig(IMAGE, dpi=90)


if __name__ == "__main__":
    main()
