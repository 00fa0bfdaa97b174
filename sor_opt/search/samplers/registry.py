"""All samplers: one row each."""

from __future__ import annotations

from sor_opt.errors import ConfigError
from sor_opt.search.samplers.adaptive import AdaptiveSampler
from sor_opt.search.samplers.base import Sampler
from sor_opt.search.samplers.cmaes import CmaesSampler
from sor_opt.search.samplers.gp import GpSampler
from sor_opt.search.samplers.grid import GridSampler
from sor_opt.search.samplers.qmc import QmcSampler
from sor_opt.search.samplers.random import RandomSampler
from sor_opt.search.samplers.tpe import TpeSampler
from sor_opt.search.space import Space

SAMPLERS: dict[str, type[Sampler]] = {
    sampler.name: sampler
    for sampler in (
        GridSampler,
        AdaptiveSampler,
        RandomSampler,
        QmcSampler,
        TpeSampler,
        CmaesSampler,
        GpSampler,
    )
}


def make_sampler(name: str, space: Space, seed: int) -> Sampler:
    """Make a sampler by its name.

    Raises
    ------
    ConfigError
        If there is no such sampler, or what it needs is not installed.
    """
    if name not in SAMPLERS:
        raise ConfigError(f"no sampler {name!r}; there are {', '.join(SAMPLERS)}")
    return SAMPLERS[name](space, seed)
