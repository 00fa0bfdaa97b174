"""All samplers: one row each."""

from __future__ import annotations

from sor_opt.errors import ConfigError
from sor_opt.registry import Registry
from sor_opt.search.samplers.adaptive import AdaptiveSampler
from sor_opt.search.samplers.base import Sampler
from sor_opt.search.samplers.cmaes import CmaesSampler
from sor_opt.search.samplers.gp import GpSampler
from sor_opt.search.samplers.grid import GridSampler
from sor_opt.search.samplers.nsga2 import Nsga2Sampler
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
    Nsga2Sampler,
)


def make_sampler(name: str, space: Space, seed: int, measures: int = 1) -> Sampler:
    """Make a sampler by its name, or of a class in a file, ``path/to/mine.py:Class``.

    Raises
    ------
    ConfigError
        If there is no such sampler, it cannot serve so many measures, or what it needs is not
        installed.
    """
    found = SAMPLERS.find(name)
    if measures > 1 and not found.several:
        able = [row.name for row in SAMPLERS.rows.values() if row.several]
        raise ConfigError(
            f"sampler {found.name} searches by one objective alone; with several take "
            f"{', '.join(able[:-1])} or {able[-1]}"
        )
    return found(space, seed)
