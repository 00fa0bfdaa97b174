"""Draw the figures of docs/searching.md, docs/risk.md and docs/tca.md again, with our own commands.

    python docs/figures.py data/sample_quotes.csv.gz QUOTES TRADES

QUOTES and TRADES are the complete real day's (NYSE TAQ, 2018-01-02); about six minutes on two
cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

IMAGES = Path(__file__).parent / "images"
LAYOUT = ("--size", "5000", "--horizon", "9m", "--every", "10m")
BPS = 1e4


def sor_opt(*words: object) -> str:
    """Run a command and give what it prints."""
    command = ["sor-opt", *map(str, words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def adaptive_study(quotes: Path) -> dict[str, Any]:
    """Run an adaptive study of 200 trials, and read it back with its rounds."""
    with tempfile.TemporaryDirectory() as folder:
        storage = ("--storage", Path(folder) / "studies.db")
        sor_opt("study", "run", "ranges", quotes, *LAYOUT, *storage, "--trials", 200)
        return dict(json.loads(sor_opt("study", "show", "ranges", *storage, "--json", "-")))


def draw_ranges(study: dict[str, Any], path: Path) -> None:
    """Draw every parameter's range over the trials, and the best value so far."""
    rounds, trials = study["rounds"], study["trials"]
    figure = Figure(figsize=(12, 8), layout="constrained")
    *panels, last = figure.subplots(4, 1, sharex=True)
    for axes, name in zip(panels, rounds[0]["ranges"], strict=True):
        first = 0
        for round_ in rounds:
            levels, trials_to = round_["ranges"][name], first + round_["points"]
            walked = round_["parameter"] == name or round_ is rounds[0]
            axes.fill_between(
                (first, trials_to),
                BPS * levels[0],
                BPS * levels[-1],
                color="tab:orange" if walked else "tab:blue",
                alpha=0.35 if walked else 0.15,
                linewidth=0,
            )
            first = trials_to
        evaluated = [BPS * trial["params"][name] for trial in trials]
        axes.plot([trial["number"] + 0.5 for trial in trials], evaluated, "k.")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel(f"{name}, bps")
    panels[0].set_title(
        "The range of each parameter, orange while it is walked; points outside are leaps"
    )
    values = [trial["train_bps"] for trial in trials]
    best = [min(values[: n + 1]) for n in range(len(values))]
    last.step(range(1, len(best) + 1), best, where="post")
    last.set_ylabel("best train, bps")
    last.set_xlabel("trials")
    for axes in (*panels, last):
        axes.grid(alpha=0.3)
    figure.align_ylabels()
    figure.savefig(path, dpi=90)


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path)
    parser.add_argument("quotes", type=Path)
    parser.add_argument("trades", type=Path)
    files = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    draw_ranges(adaptive_study(files.quotes), IMAGES / "adaptive.png")
    placement = ("--trades", files.trades, "--policy", "placement")
    sor_opt("backtest", files.quotes, *LAYOUT, *placement, "--tca", "--plot", IMAGES / "tca.png")
    sor_opt("landscape", files.quotes, *LAYOUT, "--plot", IMAGES / "landscape.png")
    risky = ("--objective", "mean+sd:0.5", "--plot", IMAGES / "landscape_risk.png")
    sor_opt("landscape", files.quotes, *LAYOUT, *risky)
    for data, budget, name in ((files.quotes, 100, "real"), (files.sample, 81, "sample")):
        given = ("--budget", budget, "--repeats", 10, "--plot", IMAGES / f"compare_{name}.png")
        sor_opt("compare", data, *LAYOUT, *given)


if __name__ == "__main__":
    main()
