"""Optuna's Gaussian process sampler; needs the optional extra `gp`."""

from __future__ import annotations

from importlib.util import find_spec

from optuna.samplers import BaseSampler, GPSampler

from sor_opt.errors import ConfigError
from sor_opt.search.samplers.base import ModelSampler
from sor_opt.search.space import Space


class GpSampler(ModelSampler):
    """Bayesian optimisation with a Gaussian process.

    Raises
    ------
    ConfigError
        Where PyTorch, which it computes with, is not installed.
    """

    name = "gp"

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        if find_spec("torch") is None:
            raise ConfigError("sampler gp needs an optional extra: pip install 'sor-opt[gp]'")

    def build(self, seed: int) -> BaseSampler:
        """Make Optuna's sampler."""
        return GPSampler(seed=seed, warn_independent_sampling=False)
