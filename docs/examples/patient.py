from dataclasses import dataclass
from typing import Annotated

import numpy as np

from sor_opt import Param, Range, Router


@dataclass(frozen=True)
class Patient(Router):
    """Wait for a narrow book, then take a part of what the cheapest venues show."""

    widest: Annotated[
        float, Param("widest book to take from", "bps"), Range(0.5, 20.0, (1.0, 2.0, 4.0), log=True)
    ] = 2.0
    part: Annotated[float, Param("part taken of what is displayed"), Range(0.25, 1.0)] = 1.0

    def split(self, view, due):
        shares, left = np.zeros(len(view.ask)), due
        if (view.best_ask - view.best_bid) / abs(view.mid) * 1e4 <= self.widest:
            for k in np.argsort(view.ask + view.fee, kind="stable"):
                shares[k] = min(left, self.part * view.ask_left[k])
                left -= shares[k]
        return shares
