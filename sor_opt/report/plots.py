"""Pictures."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure

from sor_opt.backtest.result import Result
from sor_opt.errors import ConfigError
from sor_opt.files import write_atomically
from sor_opt.search.grid import Grid
from sor_opt.search.landscape import Landscape

_SIZE = (12, 7)
_LABEL = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "boxstyle": "round,pad=0.2"}


def draw_grid(grid: Grid, baselines: Mapping[str, Result], path: Path) -> None:
    """Draw cumulative cost over time, and the mean train shortfall over the grid.

    Raises
    ------
    ConfigError
        If the file's ending is no picture format.
    """
    thetas = sorted({point.params.theta_queue for point in grid.points})
    figure = Figure(figsize=_SIZE, layout="constrained")
    rows: Any = figure.subfigures(2, 1, height_ratios=(1.2, 1))
    upper, lower = rows
    _cumulative_cost(upper.subplots(), grid, baselines)
    _heatmaps(lower.subplots(1, len(thetas), squeeze=False)[0], grid, thetas)
    save(figure, path)


def check_picture(path: Path | None) -> None:
    """Refuse a name of no picture format, before the work and not after it.

    Raises
    ------
    ConfigError
    """
    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if path is not None and path.suffix.removeprefix(".") not in known:
        raise ConfigError(f"{path}: unknown picture format; use one of {', '.join(known)}")


def save(figure: Figure, path: Path) -> None:
    """Write a figure whole or not at all; the format follows the ending.

    Raises
    ------
    ConfigError
        If the ending is no picture format, or the place is of no use.
    OutputError
        If the system cannot write the file.
    """
    check_picture(path)
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix.removeprefix("."), dpi=120)
    write_atomically(path, content.getvalue())


def _cumulative_cost(axes: Axes, grid: Grid, baselines: Mapping[str, Result]) -> None:
    for name, result in {
        f"{grid.best.result.policy} (best point)": grid.best.result,
        **baselines,
    }.items():
        replay = result.replay
        paper = replay.arrival_mid[replay.order] * replay.shares
        at = pd.to_datetime(replay.ts, utc=True).tz_convert(result.market.tape.zone)
        order = np.argsort(replay.ts, kind="stable")
        cost = np.cumsum((result.flows - paper)[order])
        axes.step(np.asarray(at.tz_localize(None))[order], cost, where="post", label=name)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_ylabel("cost against arrival mid, $")
    axes.set_title("Cumulative cost of the executions, all parent orders")
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=UTC))  # type: ignore[no-untyped-call]
    axes.legend(loc="upper left", frameon=False)
    axes.grid(alpha=0.3)


def _heatmaps(panels: np.ndarray, grid: Grid, thetas: list[float]) -> None:
    values = [point.outcome.train_bps for point in grid.points]
    unders = sorted({point.params.lambda_under for point in grid.points})
    overs = sorted({point.params.lambda_over for point in grid.points})
    for axes, theta in zip(panels, thetas, strict=True):
        table = np.full((len(unders), len(overs)), np.nan)
        for point in grid.points:
            if point.params.theta_queue == theta:
                row, column = (
                    unders.index(point.params.lambda_under),
                    overs.index(point.params.lambda_over),
                )
                table[row, column] = point.outcome.train_bps
        image = axes.imshow(
            table, vmin=np.nanmin(values), vmax=np.nanmax(values), cmap="viridis_r", aspect="auto"
        )
        for (row, column), value in np.ndenumerate(table):
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", bbox=_LABEL)
        axes.set_xticks(range(len(overs)), [f"{x:g}" for x in overs])
        axes.set_yticks(range(len(unders)), [f"{x:g}" for x in unders])
        axes.set_xlabel("lambda_over")
        axes.set_title(f"theta_queue {theta:g}")
    panels[0].set_ylabel("lambda_under")
    panels[0].figure.colorbar(image, ax=list(panels), label="mean train shortfall, bps")


def draw_landscape(landscape: Landscape, grid: Grid, path: Path) -> None:
    """Draw the staircase over the threshold with the grid's points on it.

    Raises
    ------
    ConfigError
        If the file's ending is no picture format.
    """
    ends, values = landscape.staircase
    figure = Figure(figsize=_SIZE, layout="constrained")
    whole_range, close = figure.subplots(2, 1)
    points = [(point.params.shortfall_penalty, point.outcome.train_bps) for point in grid.points]
    for axes in (whole_range, close):
        edges = np.concatenate([[landscape.low], ends])
        for column, name in enumerate(("train", "test")):
            axes.stairs(values[:, column], edges, baseline=None, label=name, linewidth=1)
        axes.plot(*zip(*points, strict=True), "ko", markersize=5, label="the grid's points")
        best = landscape.best_piece
        label = f"optimum, {landscape.best.train_bps:.2f} bps"
        axes.plot(np.mean(best), landscape.best.train_bps, "r*", markersize=12, label=label)
        axes.set_ylabel("mean shortfall, bps")
        axes.grid(alpha=0.3)
    whole_range.set_xscale("log")
    whole_range.set_title("Exact objective over the threshold lambda_under + theta_queue")
    whole_range.legend(frameon=False, ncols=4)
    widest = 1.2 * max([threshold for threshold, _ in points])
    shown = values[np.searchsorted(ends, widest) :: -1]
    close.set_xlim(0, widest)
    close.set_ylim(np.nanmin(shown) - 0.5, np.nanquantile(shown, 0.98) + 0.5)
    close.set_xlabel("threshold, the grid's range")
    save(figure, path)
