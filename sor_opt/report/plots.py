"""Pictures."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure, SubFigure

from sor_opt.backtest.result import Result
from sor_opt.errors import ConfigError
from sor_opt.files import write_atomically
from sor_opt.report.tables import threshold_of
from sor_opt.search.grid import Grid, GridPoint
from sor_opt.search.landscape import Landscape

_SIZE = (12, 7)
_MOST_MAPS, _MOST_BARS = 6, 12
_LABEL = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "boxstyle": "round,pad=0.2"}


def draw_grid(grid: Grid, baselines: Mapping[str, Result], path: Path) -> None:
    """Draw cumulative cost over time, and the mean train shortfall over the grid.

    The grid is a line over one parameter, a map over two, a map for each level of the last of
    three; of more, and of more maps than fit, the best points are bars.

    Raises
    ------
    ConfigError
        If the file's ending is no picture format.
    """
    figure = Figure(figsize=_SIZE, layout="constrained")
    rows: Any = figure.subfigures(2, 1, height_ratios=(1.2, 1))
    upper, lower = rows
    _cumulative_cost(upper.subplots(), grid, baselines)
    maps = _by_map(grid)
    if len(grid.space.axes) == 1:
        _line(lower.subplots(), grid)
    elif 0 < len(maps) <= _MOST_MAPS:
        _maps(lower, grid, maps)
    else:
        _bars(lower.subplots(), grid)
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


def _line(axes: Axes, grid: Grid) -> None:
    """The train shortfall over the only parameter, and the test shortfall beside it."""
    (axis,) = grid.space.axes
    points = sorted(grid.points, key=lambda point: point.params[axis.name])
    levels = [point.params[axis.name] for point in points]
    axes.plot(levels, [p.outcome.train_bps for p in points], "o-", label="train")
    axes.plot(levels, [p.outcome.test_bps for p in points], "o--", label="test", alpha=0.6)
    best = grid.best
    axes.plot(best.params[axis.name], best.outcome.train_bps, "r*", markersize=12, label="best")
    axes.set_xscale(axis.scale)
    axes.set_xlabel(axis.name)
    axes.set_ylabel("mean shortfall, bps")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)


def _by_map(grid: Grid) -> dict[str, Sequence[GridPoint]]:
    """The points by the title of their map: of two parameters one, of three by the last's level."""
    if len(grid.space.axes) == 2:
        return {"": grid.points}
    if len(grid.space.axes) != 3:
        return {}
    last = grid.space.axes[-1]
    return {
        f"{last.name} {level:g}": [p for p in grid.points if p.params[last.name] == level]
        for level in last.levels
    }


def _maps(figure: SubFigure, grid: Grid, parts: Mapping[str, Sequence[GridPoint]]) -> None:
    """The train shortfall over the first two parameters, a map for each part of the points."""
    across, up = grid.space.axes[:2]
    values = [point.outcome.train_bps for point in grid.points]
    panels = figure.subplots(1, len(parts), squeeze=False)[0]
    for axes, (title, points) in zip(panels, parts.items(), strict=True):
        table = np.full((len(up.levels), len(across.levels)), np.nan)
        for point in points:
            row = up.levels.index(point.params[up.name])
            column = across.levels.index(point.params[across.name])
            table[row, column] = point.outcome.train_bps
        image = axes.imshow(
            table, vmin=np.nanmin(values), vmax=np.nanmax(values), cmap="viridis_r", aspect="auto"
        )
        for (row, column), value in np.ndenumerate(table):
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", bbox=_LABEL)
        axes.set_xticks(range(len(across.levels)), [f"{x:g}" for x in across.levels])
        axes.set_yticks(range(len(up.levels)), [f"{x:g}" for x in up.levels])
        axes.set_xlabel(across.name)
        axes.set_title(title)
    panels[0].set_ylabel(up.name)
    figure.colorbar(image, ax=list(panels), label="mean train shortfall, bps")


def _bars(axes: Axes, grid: Grid) -> None:
    """The train shortfall of the best points, the best on top."""
    best = grid.points[:_MOST_BARS]
    names = grid.space.names
    labels = [", ".join(f"{point.params[name]:g}" for name in names) for point in best]
    bars = axes.barh(range(len(best)), [point.outcome.train_bps for point in best])
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.margins(x=0.06)
    axes.set_yticks(range(len(best)), labels)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.5)
    axes.set_xlabel("mean train shortfall, bps")
    axes.set_title(f"The best {len(best)} of {len(grid.points)} points: {', '.join(names)}")
    axes.grid(alpha=0.3, axis="x")


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
    points = [(threshold_of(point.params), point.outcome.train_bps) for point in grid.points]
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
