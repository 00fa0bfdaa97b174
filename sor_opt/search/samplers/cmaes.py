"""Optuna's CMA-ES, from the package `cmaes`."""

from __future__ import annotations

from optuna.samplers import BaseSampler, CmaEsSampler

from sor_opt.search.samplers.base import ModelSampler


class CmaesSampler(ModelSampler):
    """Covariance matrix adaptation; its own state travels with the trials, so it resumes."""

    name = "cmaes"

    def build(self, seed: int) -> BaseSampler:
        """Make Optuna's sampler."""
        return CmaEsSampler(seed=seed, warn_independent_sampling=False)
