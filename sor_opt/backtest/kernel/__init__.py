"""The fast engine: what `engine` does with the fast allocator, compiled."""

from sor_opt.backtest.kernel.replay import replay, replay_ahead

__all__ = ["replay", "replay_ahead"]
