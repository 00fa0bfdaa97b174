"""The picture of a grid: a line, a map, maps or bars, by the number of its parameters."""

from __future__ import annotations

import numpy as np
import pytest

from sor_opt.backtest.baselines import run_baselines
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
    """The grid of some levels, and the axes below the cumulative cost in its picture."""

    def draw(**levels):
        figures = []
        monkeypatch.setattr(plots, "save", lambda figure, path: figures.append(figure))
        grid = run_grid(ShortfallObjective(scene, STATIC), Space.of(STATIC, levels))
        plots.draw_grid(grid, run_baselines(scene), None)
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


def test_a_linear_parameter_has_a_linear_line(drawn):
    _, (line,) = drawn(lambda_over=0.001, theta_queue=0.0001, lambda_under=0.001, step=[50, 100])
    assert (line.get_xlabel(), line.get_xscale()) == ("step", "linear")


def table(axes):
    return axes.images[0].get_array()


def test_two_parameters_are_a_map(drawn):
    grid, (shown, _bar) = drawn(theta_queue=0.0001, lambda_over=[0.001, 0.002], lambda_under=LEVELS)
    assert (shown.get_xlabel(), shown.get_ylabel()) == ("lambda_over", "lambda_under")
    for point in grid.points:
        row = LEVELS.index(point.params["lambda_under"])
        column = [0.001, 0.002].index(point.params["lambda_over"])
        assert table(shown)[row, column] == point.outcome.train_bps


def test_three_parameters_are_a_map_for_each_level_of_the_last(drawn):
    grid, (*shown, _bar) = drawn(lambda_under=LEVELS, theta_queue=[0.0001, 0.0002])
    assert [axes.get_title() for axes in shown] == ["theta_queue 0.0001", "theta_queue 0.0002"]
    values = np.sort(np.concatenate([table(axes).ravel() for axes in shown]))
    assert values.tolist() == sorted(point.outcome.train_bps for point in grid.points)


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
    best = ", ".join(f"{grid.best.params[name]:g}" for name in grid.space.names)
    assert bars.get_yticklabels()[0].get_text() == best
    assert bars.get_title().startswith(f"The best 12 of {len(grid.points)} points: lambda_over, ")


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_is_a_file(scene, tmp_path, ending):
    grid = run_grid(ShortfallObjective(scene, STATIC), Space.of(STATIC))
    path = tmp_path / f"grid.{ending}"
    plots.draw_grid(grid, run_baselines(scene), path)
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")
