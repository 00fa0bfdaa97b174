"""Pictures."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from sor_opt.errors import ConfigError
from sor_opt.files import write_atomically
from sor_opt.report.landscape import threshold_of
from sor_opt.report.tables import count, interval, number
from sor_opt.search.grid import Grid, GridPoint
from sor_opt.search.landscape import Landscape
from sor_opt.search.savings import Saving

_SIZE, _GRID_SIZE = (12, 7), (12, 9)
_MOST_MAPS, _MOST_BARS = 6, 12
_LABEL = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "boxstyle": "round,pad=0.2"}
_FRAME: dict[str, Any] = {"fill": False, "edgecolor": "tab:red", "linewidth": 3}
_COLOURS = {"routing": "tab:blue", "timing": "tab:orange"}
"""Of what a saving measures."""


def draw_grid(grid: Grid, saved: Mapping[str, Saving], objective: str, path: Path) -> None:
    """Draw what the best point saves against each baseline, and the objective over the grid.

    The grid is a line over one parameter, a map over two, a map for each level of the last of
    three; of more, and of more maps than fit, the best points are bars. Train and test orders are
    drawn apart everywhere.

    Parameters
    ----------
    grid : Grid
    saved : mapping of str to Saving
        By baseline, those that measure routing first.
    objective : str
        The name of the measure that was minimised.
    path : Path

    Raises
    ------
    ConfigError
        If the file's ending is no picture format.
    """
    figure = Figure(figsize=_GRID_SIZE, layout="constrained")
    rows: Any = figure.subfigures(2, 1, height_ratios=(1, 1.9))
    upper, lower = rows
    _savings(upper.subplots(), saved)
    maps = _by_map(grid)
    if len(grid.space.axes) == 1:
        _line(lower.subplots(), grid, objective)
    elif 0 < len(maps) <= _MOST_MAPS:
        _maps(lower, grid, maps, objective)
    else:
        _bars(lower.subplots(), grid, objective)
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


def draw_contest(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw what every pair of a contest costs, and what its router saves under its schedule.

    Parameters
    ----------
    rows : sequence of mapping
        The document's `contest`.
    path : Path

    Raises
    ------
    ConfigError
        If the file's ending is no picture format.
    """
    figure = Figure(figsize=(12, 1.8 + 0.4 * len(rows)), layout="constrained")
    costs, saved = figure.subplots(1, 2, sharey=True)
    schedules = list(dict.fromkeys(row["schedule"] for row in rows))
    for at, row in enumerate(rows):
        colour = f"C{schedules.index(row['schedule'])}"
        _point(costs, at, (row["mean_bps"], row["mean_low"], row["mean_high"]), colour)
        if row["saves_bps"] is not None:
            _point(saved, at, (row["saves_bps"], row["low"], row["high"]), colour)
        if at and row["schedule"] != rows[at - 1]["schedule"]:
            for axes in (costs, saved):
                axes.axhline(at - 0.5, color="black", linewidth=0.5, linestyle=":")
    costs.set_yticks(range(len(rows)), [f"{row['schedule']} x {row['router']}" for row in rows])
    costs.set_ylim(len(rows) - 0.5, -0.5)
    costs.set_title("Mean shortfall with its 95 % interval")
    costs.set_xlabel("bps")
    saved.set_title("Routing: saved against best-ask under the same schedule")
    saved.set_xlabel("bps (below 0: it costs more)")
    for axes in (costs, saved):
        axes.axvline(0, color="black", linewidth=0.8)
        axes.grid(alpha=0.3, axis="x")
    save(figure, path)


def draw_latencies(parts: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw what every pair of a contest costs over the latency of orders, a panel per schedule.

    Parameters
    ----------
    parts : sequence of mapping
        The document's `latencies`.
    path : Path

    Raises
    ------
    ConfigError
        If the file's ending is no picture format.
    """
    pairs = list(zip(*(part["contest"] for part in parts), strict=True))
    schedules = list(dict.fromkeys(rows[0]["schedule"] for rows in pairs))
    routers = list(dict.fromkeys(rows[0]["router"] for rows in pairs))
    figure = Figure(figsize=(2 + 5 * len(schedules), 5.5), layout="constrained")
    panels = figure.subplots(1, len(schedules), squeeze=False)[0]
    at = range(len(parts))
    for axes, schedule in zip(panels, schedules, strict=True):
        for rows in pairs:
            if rows[0]["schedule"] == schedule:
                router = rows[0]["router"]
                colour = f"C{routers.index(router)}"
                axes.plot(at, [row["mean_bps"] for row in rows], "o-", color=colour, label=router)
        axes.set_xticks(at, [part["latency"] for part in parts])
        axes.set_title(f"schedule {schedule}")
        axes.set_xlabel("latency of orders")
        axes.set_ylabel("mean shortfall, bps")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    if len(panels) > 1:
        figure.suptitle("Means over the orders; every schedule has a scale of its own")
    save(figure, path)


def _point(axes: Axes, row: int, bounded: tuple[float, float, float], colour: str) -> None:
    """A mean with its interval, and both in figures at the right."""
    mean, low, high = bounded
    axes.plot((low, high), (row, row), color=colour, linewidth=2.5, alpha=0.6)
    axes.plot(mean, row, "o", color=colour, markersize=9)
    told = f"{number(mean)}  {interval((low, high))}"
    axes.annotate(told, (1.01, row), xycoords=("axes fraction", "data"), va="center")


def _savings(axes: Axes, saved: Mapping[str, Saving]) -> None:
    """What is saved on test orders with its interval, and on those that chose the point."""
    for row, each in enumerate(saved.values()):
        test = each.test
        _point(axes, row, (test.mean, test.low, test.high), _COLOURS[each.measures])
        axes.plot(each.train.mean, row, "D", color="black", fillstyle="none", markersize=8)
    axes.plot([], "o-", color="grey", linewidth=2.5, label="test orders, 95 % interval")
    axes.plot([], "D", color="black", fillstyle="none", label="train orders, which chose it")
    names = [f"{each.measures}: {name}" for name, each in saved.items()]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.axvline(0, color="black", linewidth=0.8)
    orders = max((each.test.orders for each in saved.values()), default=0)
    axes.set_title(f"Saved by the best point on {count(orders, 'test order')}")
    axes.set_xlabel("saved against the baseline, bps (below 0: the point costs more)")
    axes.legend(loc="best")
    axes.grid(alpha=0.3, axis="x")


def _line(axes: Axes, grid: Grid, objective: str) -> None:
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
    axes.set_ylabel(f"{objective} shortfall, bps")
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


def _maps(
    figure: SubFigure, grid: Grid, parts: Mapping[str, Sequence[GridPoint]], objective: str
) -> None:
    """The shortfall over the first two parameters, a map for each part of the points.

    Train orders above, test orders below; the best point is framed.
    """
    across, up = grid.space.axes[:2]
    outcomes = np.array([point.outcome for point in grid.points])
    colours = Normalize(np.nanmin(outcomes), np.nanmax(outcomes))
    panels = figure.subplots(2, len(parts), squeeze=False, sharex=True, sharey=True)
    for column, (title, points) in zip(panels.T, parts.items(), strict=True):
        table = np.full((len(up.levels), len(across.levels), 2), np.nan)
        for point in points:
            row, level = (axis.levels.index(point.params[axis.name]) for axis in (up, across))
            table[row, level] = point.outcome
            if point is grid.best:
                for axes in column:
                    axes.add_patch(Rectangle((level - 0.5, row - 0.5), 1, 1, **_FRAME))
        for axes, name, values in zip(column, ("train", "test"), table.T, strict=True):
            image = axes.imshow(values.T, norm=colours, cmap="viridis_r", aspect="auto")
            for (level, row), value in np.ndenumerate(values):
                axes.text(level, row, number(value), ha="center", va="center", bbox=_LABEL)
            axes.set_title(f"{name}, {title}" if title else name)
    for axes in panels[1]:
        axes.set_xticks(range(len(across.levels)), [f"{x:g}" for x in across.levels])
        axes.set_xlabel(across.name)
    for axes in panels[:, 0]:
        axes.set_yticks(range(len(up.levels)), [f"{x:g}" for x in up.levels])
        axes.set_ylabel(up.name)
    figure.colorbar(image, ax=panels, label=f"{objective} shortfall, bps")


def _bars(axes: Axes, grid: Grid, objective: str) -> None:
    """The train shortfall of the best points, the best on top, and beside it the test shortfall."""
    best = grid.points[:_MOST_BARS]
    names, rows = grid.space.names, range(len(best))
    labels = [", ".join(f"{point.params[name]:g}" for name in names) for point in best]
    bars = axes.barh(rows, [point.outcome.train_bps for point in best], label="train")
    axes.bar_label(bars, fmt="%.2f", label_type="center", color="white")
    axes.plot([point.outcome.test_bps for point in best], rows, "ko", label="test")
    axes.margins(x=0.06)
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.5)
    axes.set_xlabel(f"{objective} shortfall, bps")
    axes.set_title(f"The best {len(best)} of {len(grid.points)} points: {', '.join(names)}")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3, axis="x")


def draw_landscape(landscape: Landscape, grid: Grid, objective: str, path: Path) -> None:
    """Draw the staircase of an objective over the threshold with the grid's points on it.

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
        axes.set_ylabel(f"{objective} shortfall, bps")
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
