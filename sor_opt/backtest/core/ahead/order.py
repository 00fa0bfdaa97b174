"""One order, replayed at one penalty after the other, each telling where the next change may be."""

from __future__ import annotations

import numpy as np

from sor_opt.backtest.core.advance import OVER, advance, execute
from sor_opt.backtest.core.ahead.changes import Ahead, next_changes
from sor_opt.backtest.core.ahead.memory import FUZZY, look_up, make_memory, store
from sor_opt.backtest.core.ahead.saves import no_saves, restore, save
from sor_opt.backtest.core.executions import Log, make_room
from sor_opt.backtest.core.impact import quotes_of
from sor_opt.backtest.core.replay import inputs_of, replay_of
from sor_opt.backtest.core.state import Inputs, OrderStarts, begin
from sor_opt.backtest.market import Market
from sor_opt.backtest.replay import Replay
from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError
from sor_opt.market.tape import FloatArray
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.static import StaticForm, prices, solve_split
from sor_opt.policies.view import LiveQuotes

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
        One with the static router; its `risk` gives the unit alone.
    excess : float
        The excess penalty (lambda_over + theta_queue).
    ceilings : tuple of float
        How far to look ahead for the shortfall and the excess penalty.
    """

    def __init__(
        self, market: Market, policy: Policy, excess: float, ceilings: tuple[float, float]
    ) -> None:
        ready = policy.prepare(market.context)
        router = ready.router.compiled()
        self._inputs, self._order_starts = inputs_of(market, ready)
        compiled_static = router is not None and isinstance(router.form, StaticForm)
        if router is None or not compiled_static or self._inputs.rules.ask_schedule:
            raise ConfigError("only the static router with the fast allocator can look ahead")
        venues = market.standing.shape[1]
        self._penalties = np.array([0.0, excess])
        self._form = router.form._replace(penalties=self._penalties)
        self._ahead = Ahead(*ceilings, np.empty(2), make_memory(venues), no_saves(venues))
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
        last = self._penalties[0]
        if shortfall < last:
            raise ConfigError(f"shortfall must not fall, got {shortfall:g} after {last:g}")
        self._penalties[0] = shortfall
        self._play()
        executions = int(self._log.total[0])
        if executions > len(self._log.rows):
            self._log = make_room(2 * executions)
            self._ahead.saves.depth[0] = 0
            self._play()
        found = self._ahead.found
        return replay_of([self._log], self._inputs), float(found[0]), float(found[1])

    def _play(self) -> None:
        self._log.total[0], self._ahead.found[:] = 0, np.inf
        play_ahead(self._form, self._inputs, self._order_starts, self._ahead, self._log)


@compiled
def play_ahead(
    form: StaticForm, inputs: Inputs, order_starts: OrderStarts, ahead: Ahead, log: Log
) -> None:
    """Play the only order from where the last replay is known to change, and note what is found."""
    run, saves = begin(inputs, order_starts, 0), ahead.saves
    takes = run.venues["take"]
    resumed = saves.depth[0] > 0
    if resumed:
        restore(saves, form.penalties[0] / (1 - FUZZY), ahead.found, inputs, run, log)
    while resumed or advance(inputs, run, log) != OVER:
        resumed = False
        before = ahead.found[0], ahead.found[1]
        split_ahead(form, quotes_of(inputs, run), inputs.states[0].due, takes, ahead)
        # A save holds nothing that is on its way: with latency each replay begins at the start.
        if ahead.found[0] < before[0] and not inputs.rules.delayed:
            save(saves, ahead.found[0], before, inputs, run, log)
        execute(inputs, run, log)


@compiled
def split_ahead(
    form: StaticForm, quotes: LiveQuotes, due: float, takes: FloatArray, ahead: Ahead
) -> None:
    """`split_static`, from memory where it is known; note at which penalties it would change."""
    memory, found, left = ahead.memory, ahead.found, quotes.ask_left
    price, unit = prices(form, quotes)
    slot, known = look_up(memory, price, left, due, unit, form.penalties)
    if not known:
        shortfall_penalty, excess_penalty = form.penalties[0] * unit, form.penalties[1] * unit
        problem, rungs = solve_split(form, quotes, price, due, shortfall_penalty, excess_penalty)
        shortfall = excess = np.inf
        # Every strict split executes the target exactly: no penalty can change it.
        if not form.strict:
            shortfall, excess = next_changes(
                problem, rungs, price, left, unit, shortfall_penalty, excess_penalty, ahead
            )
        for k in range(len(takes)):
            memory.sent[slot, k] = rungs[k] * form.step
        store(memory, slot, form.penalties[0], shortfall, excess)
    for k in range(len(takes)):
        takes[k] = memory.sent[slot, k]
    found[0] = min(found[0], memory.holds[slot, 1])
    found[1] = min(found[1], memory.holds[slot, 2])
