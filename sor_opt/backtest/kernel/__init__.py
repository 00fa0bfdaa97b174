"""The fast engine: what `engine` does with the fast allocator, compiled."""

from sor_opt.backtest.kernel.ahead import OrderAhead
from sor_opt.backtest.kernel.replay import replay

__all__ = ["OrderAhead", "replay"]
