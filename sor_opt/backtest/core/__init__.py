"""The core: compiled code that steps an order from one due decision to the next.

`state` holds an order on its way, `advance` steps it, `play` lets a router answer, `replay` does so
for all orders of a market. `ahead` replays one order at rising penalties.
"""
