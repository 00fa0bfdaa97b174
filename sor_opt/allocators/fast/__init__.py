"""The fast allocator: what it computes with takes plain arrays and named tuples, and is compiled.

`single` solves problems of one scenario (`relaxation`, `knapsack` and `states` where rungs are
uneven); `local_search` searches those of several, which `tables` prepares and `certificate` proves.
"""
