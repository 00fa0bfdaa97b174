"""All samplers: one row each."""

from __future__ import annotations

from sor_opt.registry import Registry
from sor_opt.search.samplers.adaptive import AdaptiveSampler
from sor_opt.search.samplers.base import Sampler
from sor_opt.search.samplers.cmaes import CmaesSampler
from sor_opt.search.samplers.gp import GpSampler
from sor_opt.search.samplers.grid import GridSampler
from sor_opt.search.samplers.qmc import QmcSampler
from sor_opt.search.samplers.random import RandomSampler
from sor_opt.search.samplers.tpe import TpeSampler
from sor_opt.search.space import Space

SAMPLERS: Registry[Sampler] = Registry(
    "sampler",
    Sampler,
    GridSampler,
    AdaptiveSampler,
    RandomSampler,
    QmcSampler,
    TpeSampler,
    CmaesSampler,
    GpSampler,
)


def make_sampler(name: str, space: Space, seed: int) -> Sampler:
    """Make a sampler by its name, or of a class in a file, ``path/to/mine.py:Class``.

    Raises
    ------
    ConfigError
        If there is no such sampler, or what it needs is not installed.
    """
    return SAMPLERS.find(name)(space, seed)
