"""The picture of a transaction cost analysis."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sor_opt.report.plots import save
from sor_opt.report.tables import number
from sor_opt.report.tca import ALL, kinds_of, venues_of

_COLUMNS, _MOST = 4, 12
_SIZE = (3.2, 2.7)
_WIDTH = 0.38


def draw_tca(document: Mapping[str, Any], path: Path) -> None:
    """Draw how the effective half-spread parts into realised spread and impact, a panel per venue.

    All venues together come first, then what was taken and what bids got, then the venues with
    most shares; those for which there is no room are named.

    Parameters
    ----------
    document : mapping
        From `tca_document`.
    path : Path

    Raises
    ------
    ConfigError
        If the file's ending is no picture format.
    """
    parts = {ALL: document[ALL], **kinds_of(document), **venues_of(document)}
    shown = dict(list(parts.items())[:_MOST])
    across = min(_COLUMNS, len(shown))
    down = -(-len(shown) // across)
    figure = Figure(figsize=(_SIZE[0] * across + 1, _SIZE[1] * down + 0.9), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for axes in panels.flat[len(shown) :]:
        axes.set_axis_off()
    for axes in panels.flat[max(0, len(shown) - across) : len(shown)]:  # those with none below
        axes.tick_params(labelbottom=True)
    for axes, (name, row) in zip(panels.flat, shown.items(), strict=False):
        _panel(axes, row)
        axes.set_title(f"{name}: {number(row['shares'], 0)} shares")
    for axes in panels[:, 0]:
        axes.set_ylabel("bps of the mid")
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    title = "Effective half-spread = realised + price impact, by the time after the execution"
    left_out = list(parts)[_MOST:]
    figure.suptitle(f"{title}; not drawn: {', '.join(left_out)}" if left_out else title)
    save(figure, path)


def _panel(axes: Axes, row: Mapping[str, Any]) -> None:
    horizons = row["horizons"]
    at = range(len(horizons))
    for side, key, colour in ((-1, "realised", "tab:blue"), (1, "impact", "tab:orange")):
        heights = [each[f"{key}_bps"] for each in horizons.values()]
        left = [x + side * _WIDTH / 2 for x in at]
        axes.bar(left, heights, _WIDTH, label=key, color=colour)
    axes.axhline(row["effective_bps"], color="black", linewidth=1.2, label="effective")
    axes.axhline(row["quoted_bps"], color="grey", linewidth=1.2, linestyle=":", label="quoted")
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xticks(at, list(horizons))
    axes.grid(alpha=0.3, axis="y")
