"""A router with parameters of its own; a module, so that worker processes find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from sor_opt.params import Param, Range
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.base import Router
from sor_opt.policies.schedules.now import Now


@dataclass(frozen=True)
class Patient(Router):
    """Take a part of the lowest ask, a few lots at most, where it is near the mid."""

    part: Annotated[float, Param("of what is displayed"), Range(0.0, 1.0)] = 0.5
    lots: Annotated[int, Param("of 100 shares"), Range(1, 16, (1, 4, 16), log=True)] = 4
    near: float = 20.0  # bps
    mood: str = "calm"

    def split(self, view, due):
        shares = np.zeros(len(view.ask))
        price = np.where(view.ask_left > 0, view.ask, np.inf)
        best = np.lexsort((view.fee, price))[0]
        if price[best] <= view.mid + abs(view.mid) * self.near / 1e4:
            shares[best] = min(due, np.floor(self.part * view.ask_left[best]), 100 * self.lots)
        return shares


PATIENT = Policy(Now(), Patient())
