"""Transaction cost analysis: every execution against the quotes at its time and after it.

All is seen from the feed: a sell order's prices are negative and it buys in the mirrored book, so
that one formula serves both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sor_opt.backtest.replay import EXCESS, LIMIT
from sor_opt.backtest.result import BPS, Result
from sor_opt.market.feed import volume_between
from sor_opt.market.nbbo import Nbbo, nbbo_at
from sor_opt.market.tape import SECOND, BoolArray, FloatArray, IntArray

HORIZONS = (SECOND // 20, SECOND, 15 * SECOND, 60 * SECOND, 300 * SECOND)
"""Nanoseconds after an execution at which the mid is looked at again: those of SEC Rule 605."""


class WeightedMean(NamedTuple):
    """A share-weighted mean, NaN where nothing is known.

    Attributes
    ----------
    per_share : float
        Dollars.
    bps : float
        The mean of the same in basis points of the mid at each execution.
    """

    per_share: float
    bps: float


@dataclass(frozen=True)
class HorizonCosts:
    """What became of executions by a time after them; effective = realised + impact.

    Attributes
    ----------
    effective, realised, impact : WeightedMean
        Over the same executions.
    shares : float
        Of the executions that count.
    left_out : int
        The executions that do not: the day's window ends before their time after.
    """

    effective: WeightedMean
    realised: WeightedMean
    impact: WeightedMean
    shares: float
    left_out: int


@dataclass(frozen=True)
class Costs:
    """What some executions cost; NaN where nothing is known.

    Attributes
    ----------
    executions : int
    shares : float
        All of them, those given back (excess) too.
    quoted, effective, fee : WeightedMean
        Quoted and effective half-spread; the fee, below 0 where the venue pays.
    effective_over_quoted : float
        E/Q: the effective half-spread over the quoted one, of the means.
    improvement : WeightedMean
        By how much executions that took were better than the best quote on the other side.
    improved_shares, at_quote_shares, outside_shares : float
        Shares that took at a better price than that quote, at it, and at a worse one.
    horizons : tuple of HorizonCosts
        One for each of `HORIZONS`.
    """

    executions: int
    shares: float
    quoted: WeightedMean
    effective: WeightedMean
    fee: WeightedMean
    effective_over_quoted: float
    improvement: WeightedMean
    improved_shares: float
    at_quote_shares: float
    outside_shares: float
    horizons: tuple[HorizonCosts, ...]


@dataclass(frozen=True)
class Fills:
    """Shares at some venues: what was asked for, what came of it, and what others traded.

    Attributes
    ----------
    taken, limit, given_back : float
        Shares that took, that resting bids got, and that were sold as an excess.
    sent, posted : float
        Shares sent to the asks, and posted as bids.
    printed : float
        Shares that the tape shows as traded while the orders were worked, each order's anew.
    """

    taken: float
    limit: float
    given_back: float
    sent: float
    posted: float
    printed: float

    @property
    def fill_rate(self) -> float:
        """Shares taken over those sent; NaN where none was."""
        return _ratio(self.taken, self.sent)

    @property
    def limit_fill_rate(self) -> float:
        """Shares that bids got over those posted; NaN where none was."""
        return _ratio(self.limit, self.posted)

    @property
    def participation(self) -> float:
        """Shares executed over those printed; NaN where none was."""
        return _ratio(self.taken + self.limit + self.given_back, self.printed)


class ShortfallParts(NamedTuple):
    """What the implementation shortfall is made of, per order, bps of size x arrival mid.

    Attributes
    ----------
    spread, drift, fees, unfilled : float64 ndarray, shape (orders,)
        Effective half-spreads; how far the mid had moved from the arrival mid by the executions;
        fees; shares not filled, at their marks. They add up to `Result.shortfall_bps`.
    """

    spread: FloatArray
    drift: FloatArray
    fees: FloatArray
    unfilled: FloatArray


@dataclass(frozen=True, eq=False)
class Tca:
    r"""Transaction cost analysis of a result of n executions at K venues.

    With :math:`D = +1` for what is bought and :math:`-1` for what is sold, the price :math:`p`, and
    the best bid and ask :math:`b, a` and their mid :math:`m` of all venues at the execution's time
    :math:`t`:

    - quoted half-spread :math:`(a - b) / 2`,
    - effective half-spread :math:`D (p - m_t)`,
    - realised half-spread :math:`D (p - m_{t + \tau})`,
    - price impact :math:`D (m_{t + \tau} - m_t)`, so that effective = realised + impact,
    - price improvement :math:`a - p` for what is bought, :math:`p - b` for what is sold.

    The quotes are those of the venues, whatever a router saw of them and whatever we took, of the
    last book so far that could be traded on (see `nbbo_at`). What takes does so after the rows of
    its time; a bid is met before them: they show already what the trade left.

    Parameters
    ----------
    result : Result
    """

    result: Result = field(repr=False)

    @cached_property
    def _quotes(self) -> Nbbo:
        """Best bids and asks at the executions and at `HORIZONS` after them (shape (n, 1 + H))."""
        market, replay = self.result.market, self.result.replay
        before = replay.reason == LIMIT  # a print meets bids before the rows of its time come
        times = np.column_stack([replay.ts - before, replay.ts[:, None] + np.array(HORIZONS)])
        since = np.broadcast_to(market.orders.midnights[replay.order, None], times.shape)
        venues = len(market.tape.venues)
        found = nbbo_at(market.feed, venues, market.params.book, times.ravel(), since.ravel())
        over = times > market.orders.deadlines[replay.order, None]
        return Nbbo(*(np.where(over, np.nan, side.reshape(times.shape)) for side in found))

    @property
    def quotes(self) -> Nbbo:
        """Best bid and ask at each execution (shape (n,))."""
        return Nbbo(*(side[:, 0] for side in self._quotes))

    @property
    def later_mids(self) -> FloatArray:
        """Mids at `HORIZONS` after each execution (shape (n, H)); NaN after the day's window."""
        return self._quotes.mid[:, 1:]

    @property
    def effective(self) -> FloatArray:
        """Effective half-spreads, dollars per share (shape (n,))."""
        return self._direction * (self.result.replay.price - self.quotes.mid)

    @property
    def realised(self) -> FloatArray:
        """Realised half-spreads, dollars per share (shape (n, H))."""
        return self._direction[:, None] * (self.result.replay.price[:, None] - self.later_mids)

    @property
    def impact(self) -> FloatArray:
        """Price impacts, dollars per share (shape (n, H))."""
        return self._direction[:, None] * (self.later_mids - self.quotes.mid[:, None])

    @property
    def improvement(self) -> FloatArray:
        """Price improvements, dollars per share (shape (n,)); NaN for limit fills."""
        replay, quotes = self.result.replay, self.quotes
        better = np.where(self._direction > 0, quotes.ask - replay.price, replay.price - quotes.bid)
        return np.where(replay.reason == LIMIT, np.nan, better)

    @property
    def shortfall_parts(self) -> ShortfallParts:
        """What each order's shortfall is made of; NaN where quotes of executions are not known."""
        result, replay = self.result, self.result.replay
        moved = self.quotes.mid - replay.arrival_mid[replay.order]
        spread = np.abs(replay.shares) * self.effective
        return ShortfallParts(
            spread=result.in_bps(result.per_order(spread)),
            drift=result.in_bps(result.per_order(replay.shares * moved)),
            fees=result.in_bps(result.per_order(result.fees)),
            unfilled=result.opportunity_bps,
        )

    def costs(self, which: BoolArray) -> Costs:
        """What some executions cost (bool, shape (n,))."""
        replay = self.result.replay
        weights = _Weights(np.abs(replay.shares[which]), np.abs(self.quotes.mid[which]))
        shares, better = weights.shares, self.improvement[which]
        quoted = weights.mean(self.quotes.half_spread[which])
        effective = weights.mean(self.effective[which])
        return Costs(
            executions=len(shares),
            shares=float(shares.sum()),
            quoted=quoted,
            effective=effective,
            fee=weights.mean(self.result.fees[which] / shares),
            effective_over_quoted=_ratio(effective.per_share, quoted.per_share),
            improvement=weights.mean(better),
            improved_shares=float(shares[better > 0].sum()),
            at_quote_shares=float(shares[better == 0].sum()),
            outside_shares=float(shares[better < 0].sum()),
            horizons=tuple(self._horizon_costs(h, which, weights) for h in range(len(HORIZONS))),
        )

    def fills(self, venues: IntArray) -> Fills:
        """What was sent to some venues, by index, and came of it."""
        result, replay = self.result, self.result.replay
        shares = np.where(np.isin(replay.venue, venues), np.abs(replay.shares), 0.0)
        limit, given_back = replay.reason == LIMIT, replay.reason == EXCESS
        return Fills(
            taken=float(shares[~(limit | given_back)].sum()),
            limit=float(shares[limit].sum()),
            given_back=float(shares[given_back].sum()),
            sent=float(result.sent[:, venues].sum()),
            posted=float(result.posted[:, venues].sum()),
            printed=float(self._printed[:, venues].sum()),
        )

    @cached_property
    def _direction(self) -> FloatArray:
        return np.sign(self.result.replay.shares)

    @cached_property
    def _printed(self) -> FloatArray:
        """Shares printed at each venue while each order was worked (shape (orders, K))."""
        market, ends = self.result.market, self.result.worked_until
        prints, starts = market.prints, market.orders.starts
        by_venue = (prints[prints["venue"] == k] for k in range(len(market.tape.venues)))
        return np.column_stack([volume_between(each, starts, ends) for each in by_venue])

    def _horizon_costs(self, h: int, which: BoolArray, weights: _Weights) -> HorizonCosts:
        """The costs by one of `HORIZONS`."""
        realised, impact = self.realised[which, h], self.impact[which, h]
        known = np.isfinite(impact)
        return HorizonCosts(
            effective=weights.mean(np.where(known, self.effective[which], np.nan)),
            realised=weights.mean(realised),
            impact=weights.mean(impact),
            shares=float(weights.shares[known].sum()),
            left_out=int((~known).sum()),
        )


@dataclass(frozen=True, eq=False)
class _Weights:
    """The shares of some executions, and the mids at them."""

    shares: FloatArray
    mid: FloatArray

    def mean(self, values: FloatArray) -> WeightedMean:
        """The mean of dollars per share, over executions whose value and mid are known."""
        known = np.isfinite(values) & np.isfinite(self.mid)
        dollars, shares = (values * self.shares)[known], self.shares[known].sum()
        return WeightedMean(
            _ratio(dollars.sum(), shares), _ratio((BPS * dollars / self.mid[known]).sum(), shares)
        )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
