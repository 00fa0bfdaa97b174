"""Random markets and latencies, every policy on them: the core against the plain engine.

python benchmarks/reference.py --orders 10000 --seed 1
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from reference.compare import differences
from reference.engine import replay as plain_replay
from reference.scenes import can_trade, draw_pairs, draw_scene

from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.replay import REASONS


def main() -> None:
    """Compare and print; the exit code is 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000, help="at least so many")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()

    orders, executions = Counter[str](), Counter[str]()
    markets, delayed, raised, mismatches = 0, 0, 0, 0
    while orders.total() < given.orders:
        name = f"{given.seed}/{markets}"
        random = Random(name)
        market = draw_scene(random).market()
        markets += 1
        for policy in draw_pairs(random):
            if not can_trade(market, policy):
                continue
            core = replay(market, policy)
            found = differences(core, plain_replay(market, policy))
            orders[policy.name] += len(market.orders)
            delayed += len(market.orders) * market.delayed
            raised += len(market.orders) * (market.params.impact is not None)
            executions.update(REASONS[reason] for reason in core.reason.tolist())
            if found:
                mismatches += 1
                print(f"market {name}, {policy.name}: {', '.join(found)}")
    for pair, count in sorted(orders.items()):
        print(f"{pair:24} {count:6,} orders")
    counts = ", ".join(f"{count:,} {reason}" for reason, count in executions.most_common())
    print(
        f"{markets:,} markets, {orders.total():,} orders compared, {delayed:,} with latency, "
        f"{raised:,} with impact"
    )
    print(f"executions: {counts}")
    print(f"{mismatches:,} replays differ")
    sys.exit(mismatches > 0)


if __name__ == "__main__":
    main()
