"""The pictures of a grid and of a contest: the numbers that they show."""

from __future__ import annotations

import numpy as np
import pytest
from savings_rows import SAVED

from sor_opt.policies.registry import named
from sor_opt.report import plots
from sor_opt.search.grid import run_grid
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import Space

STATIC = named("static")
ROWS = [(0, 0, 9.98, 100, 10.02, 150), (5, 1, 9.97, 100, 10.03, 300), (9, 0, 9.98, 100, 10.01, 50)]
LEVELS = [0.0005, 0.0015, 0.0025]


@pytest.fixture
def scene(market):
    return market(ROWS, size=200, horizon=10, starts=(0, 3, 6))


@pytest.fixture
def drawn(scene, monkeypatch):
    """The grid of some levels, and the axes below the savings in its picture."""

    def draw(**levels):
        figures = []
        monkeypatch.setattr(plots, "save", lambda figure, path: figures.append(figure))
        grid = run_grid(ShortfallObjective(scene, STATIC), Space.of(STATIC, levels))
        plots.draw_grid(grid, SAVED, "mean", None)
        return grid, figures[0].axes[1:]

    return draw


def test_one_parameter_is_a_line_over_its_levels(drawn):
    grid, (line,) = drawn(lambda_over=0.001, theta_queue=0.0001, lambda_under=LEVELS)
    train = {point.params["lambda_under"]: point.outcome.train_bps for point in grid.points}
    shown = dict(zip(*line.lines[0].get_data(), strict=True))
    assert shown == train
    assert list(shown) == LEVELS
    assert (line.get_xlabel(), line.get_xscale()) == ("lambda_under", "log")
    best = line.lines[2].get_data()
    assert [list(each) for each in best] == [
        [grid.best.params["lambda_under"]],
        [grid.best.outcome.train_bps],
    ]


def test_savings_are_those_of_test_orders_with_train_as_an_open_marker(scene, monkeypatch):
    figures = []
    monkeypatch.setattr(plots, "save", lambda figure, path: figures.append(figure))
    grid = run_grid(ShortfallObjective(scene, STATIC), Space.of(STATIC))
    plots.draw_grid(grid, SAVED, "mean", None)
    axes = figures[0].axes[0]
    assert axes.get_title() == "Saved by the best point on 12 test orders"
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["routing: best-ask", "timing: twap"]
    assert axes.yaxis_inverted()
    drawn = [(*line.get_xdata(), line.get_fillstyle()) for line in axes.lines[:6]]
    assert drawn == [
        *((0.5, 2.0, "full"), (1.25, "full"), (2.5, "none")),
        *((-4.0, 2.0, "full"), (-1.0, "full"), (0.5, "none")),
    ]
    assert [text.get_text() for text in axes.texts] == [
        "1.25  [0.50, 2.00]",
        "-1.00  [-4.00, 2.00]",
    ]


def test_a_linear_parameter_has_a_linear_line(drawn):
    _, (line,) = drawn(lambda_over=0.001, theta_queue=0.0001, lambda_under=0.001, step=[50, 100])
    assert (line.get_xlabel(), line.get_xscale()) == ("step", "linear")


def table(axes):
    return axes.images[0].get_array()


def test_two_parameters_are_a_map_of_train_and_one_of_test(drawn):
    grid, (train, test, _bar) = drawn(
        theta_queue=0.0001, lambda_over=[0.001, 0.002], lambda_under=LEVELS
    )
    assert (test.get_xlabel(), test.get_ylabel()) == ("lambda_over", "lambda_under")
    assert (train.get_title(), test.get_title()) == ("train", "test")
    for point in grid.points:
        row = LEVELS.index(point.params["lambda_under"])
        column = [0.001, 0.002].index(point.params["lambda_over"])
        assert (table(train)[row, column], table(test)[row, column]) == point.outcome
        if point is grid.best:
            frames = [axes.patches[0].get_xy() for axes in (train, test)]
            assert frames == [(column - 0.5, row - 0.5)] * 2


def test_three_parameters_are_a_map_for_each_level_of_the_last(drawn):
    grid, (*shown, _bar) = drawn(lambda_under=LEVELS, theta_queue=[0.0001, 0.0002])
    assert [axes.get_title() for axes in shown] == [
        *("train, theta_queue 0.0001", "train, theta_queue 0.0002"),
        *("test, theta_queue 0.0001", "test, theta_queue 0.0002"),
    ]
    for which, column in ((shown[:2], 0), (shown[2:], 1)):
        values = np.sort(np.concatenate([table(axes).ravel() for axes in which]))
        assert values.tolist() == sorted(point.outcome[column] for point in grid.points)
    assert sum(len(axes.patches) for axes in shown) == 2


@pytest.mark.parametrize(
    "levels",
    [{"step": [50, 100]}, {"theta_queue": np.linspace(0.0001, 0.0002, 7).tolist()}],
    ids=["four parameters", "more maps than fit"],
)
def test_the_best_of_more_are_bars_the_best_on_top(drawn, levels):
    grid, (bars,) = drawn(**levels)
    widths = [bar.get_width() for bar in bars.patches]
    assert widths == [point.outcome.train_bps for point in grid.points[:12]]
    assert bars.yaxis_inverted()
    assert [*bars.lines[0].get_xdata()] == [point.outcome.test_bps for point in grid.points[:12]]
    best = ", ".join(f"{grid.best.params[name]:g}" for name in grid.space.names)
    assert bars.get_yticklabels()[0].get_text() == best
    assert bars.get_title().startswith(f"The best 12 of {len(grid.points)} points: lambda_over, ")


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_is_a_file(scene, tmp_path, ending):
    grid = run_grid(ShortfallObjective(scene, STATIC), Space.of(STATIC))
    path = tmp_path / f"grid.{ending}"
    plots.draw_grid(grid, SAVED, "cvar:0.9", path)
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")


def test_a_contest_shows_costs_and_what_routers_save(monkeypatch):
    figures = []
    monkeypatch.setattr(plots, "save", lambda figure, path: figures.append(figure))
    costs = {"mean_bps": 3.0, "mean_low": 2.0, "mean_high": 5.0}
    saves = {"saves_bps": 1.5, "low": 1.0, "high": 2.5}
    nothing = dict.fromkeys(saves)
    rows = [
        {"schedule": "now", "router": "best-ask", **costs, **nothing},
        {"schedule": "twap", "router": "static", **costs, **saves},
    ]
    plots.draw_contest(rows, None)
    left, right = figures[0].axes
    labels = [label.get_text() for label in left.get_yticklabels()]
    assert labels == ["now x best-ask", "twap x static"]
    assert [text.get_text() for text in left.texts] == ["3.00  [2.00, 5.00]"] * 2
    (saved,) = right.texts
    assert (saved.get_text(), saved.xy[1]) == ("1.50  [1.00, 2.50]", 1)
