"""Objectives that cost nothing to evaluate; a module, so that worker processes find them."""

import math
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from sor_opt.policies.registry import named
from sor_opt.search.axis import LinearAxis, LogAxis
from sor_opt.search.objective import Outcome, Outcomes
from sor_opt.search.space import Space

SPACE = Space.of(named("static"))
"""The usual 27 points."""

GRID = [tuple(params.values()) for params in SPACE.grid()]
"""All that is set at each of them."""


def penalties(*levels, **more):
    """The space of the static router with other levels of its penalties, in their order."""
    return Space.of(named("static"), {**dict(zip(SPACE.names, levels, strict=False)), **more})


MIXED = Space(
    (
        LogAxis("ratio", (0.001, 0.01), 1e-6, 1.0, reach=20.0),
        LinearAxis("shift", (-1.0, 0.0, 2.0), -2.0, 3.0),
        LinearAxis("count", (1, 5, 9), 0, 12, whole=True),
    ),
    {"mode": "quick"},
)
"""Every kind of axis: ratios, differences of either sign, whole numbers."""


def points(history):
    """All that is set in each finished trial."""
    return [tuple(trial.params.values()) for trial in history.trials]


@dataclass(frozen=True)
class Staircase:
    """A bowl with steps; every evaluation is a line of `log`."""

    log: Path | None = None
    seconds: float = 0.0
    data: str = "tape"

    def __call__(self, params):
        if self.log:
            with self.log.open("a") as stream:
                stream.write(f"{os.getpid()} {params}\n")
        time.sleep(self.seconds)
        target = dict(zip(SPACE.names, (0.0013, 0.00021, 0.0003), strict=True))
        steps = (round(4 * math.log(params[name] / target[name])) for name in target)
        train = float(sum(step**2 for step in steps))
        return Outcome(train, train + 1)

    def prepare(self):
        pass

    def fingerprint(self, without):
        return {"data": self.data, "orders": "one", "policy": "static"}


@dataclass(frozen=True)
class Tug(Staircase):
    """Two measures, each least at the other end of a threshold; one has no value of test orders."""

    measures: tuple[str, ...] = ("mean", "sd")

    def __call__(self, params):
        """Steps of a threshold's distance to either end."""
        Staircase.__call__(self, params)
        step = round(4 * math.log(params["lambda_under"] + params["theta_queue"]))
        return Outcomes((Outcome(float((step + 30) ** 2), float(step)), Outcome(step**2, math.nan)))

    def fingerprint(self, without):
        return {**super().fingerprint(without), "measures": list(self.measures)}


@dataclass(frozen=True)
class Prepared(Staircase):
    """Holds an array that is filled when it is prepared; its evaluations read it."""

    past: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def prepare(self):
        self.past[:] = os.getpid()

    def __call__(self, params):
        """Note which process prepared the array, and which one made this."""
        with self.log.open("a") as stream:
            stream.write(f"{self.past[0]:.0f} {os.getppid()} {os.getpid()}\n")
        return Staircase.__call__(replace(self, log=None), params)


@dataclass(frozen=True)
class Killing(Staircase):
    """After some evaluations it kills a process, once, as systems do where memory is short."""

    whom: Callable[[], int] = os.getpid

    def __call__(self, params):
        outcome = super().__call__(params)
        if len(self.log.read_text().splitlines()) >= 5:
            with suppress(FileExistsError):
                self.log.with_name("killed").touch(exist_ok=False)
                os.kill(self.whom(), signal.SIGKILL)
        return outcome


@dataclass(frozen=True)
class Undefined:
    """Has no value beyond a number of evaluations of this process."""

    after: int = 0
    seen: list = field(default_factory=list)

    def __call__(self, params):
        self.seen.append(params)
        return Outcome(float("nan") if len(self.seen) > self.after else 1.0, float("nan"))

    def prepare(self):
        pass

    def fingerprint(self, without):
        return {"data": "none"}
