"""One order, replayed at one penalty after the other, each telling where the next change may be."""

from __future__ import annotations

import numpy as np

from sor_opt.backtest.base import Market, Replay
from sor_opt.backtest.kernel.changes import Ahead
from sor_opt.backtest.kernel.executions import make_room
from sor_opt.backtest.kernel.memory import make_memory
from sor_opt.backtest.kernel.replay import inputs_of, play, replay_of, static_of
from sor_opt.backtest.kernel.saves import no_saves
from sor_opt.backtest.policies import Policy
from sor_opt.errors import ConfigError

_USUAL_EXECUTIONS = 1024
"""Room for the log; an order that needs more is replayed from its start, with enough."""


class OrderAhead:
    """Replays of one order under the static policy, at shortfall penalties that rise.

    Each begins where the last is known to change, and remembers the splits of those before.

    Parameters
    ----------
    market : Market
        One of one order.
    policy : Policy
        A static one; its `risk` gives the unit alone.
    excess : float
        The excess penalty (lambda_over + theta_queue).
    ceilings : tuple of float
        How far to look ahead for the shortfall and the excess penalty.
    """

    def __init__(
        self, market: Market, policy: Policy, excess: float, ceilings: tuple[float, float]
    ) -> None:
        venues = market.standing.shape[1]
        self._penalties = np.array([[0.0, excess]])
        self._inputs = inputs_of(market, policy, self._penalties)
        self._static = static_of(market, policy)
        self._ahead = Ahead(*ceilings, np.empty(2), make_memory(venues), no_saves(venues))
        self._mids, self._counts = np.empty((1, 2)), np.empty((1, 3), dtype=np.int64)
        self._log = make_room(_USUAL_EXECUTIONS)

    def replay(self, shortfall: float) -> tuple[Replay, float, float]:
        """Replay the order, and tell how far its penalties can grow without effect.

        Parameters
        ----------
        shortfall : float
            The shortfall penalty (lambda_under + theta_queue), not below the last one.

        Returns
        -------
        Replay
        float, float
            The shortfall and the excess penalty up to which, the other held, all stays the same.

        Raises
        ------
        ConfigError
            If `shortfall` is below the last one.
        """
        last = self._penalties[0, 0]
        if shortfall < last:
            raise ConfigError(f"shortfall must not fall, got {shortfall:g} after {last:g}")
        self._penalties[0, 0] = shortfall
        self._play()
        executions = int(self._log.total[0])
        if executions > len(self._log.keys):
            self._log = make_room(2 * executions)
            self._ahead.saves.depth[0] = 0
            self._play()
        keys, amounts = self._log.keys[:executions], self._log.amounts[:executions]
        tallies = self._mids.copy(), self._counts.copy()
        found = self._ahead.found
        return replay_of(keys.copy(), amounts.copy(), *tallies), float(found[0]), float(found[1])

    def _play(self) -> None:
        self._log.total[0], self._ahead.found[:] = 0, np.inf
        only = np.zeros(1, dtype=np.int64)
        play(
            self._inputs, self._static, None, self._ahead, only, self._mids, self._counts, self._log
        )
