"""Optuna's tree-structured Parzen estimator."""

from __future__ import annotations

from optuna.samplers import BaseSampler, TPESampler

from sor_opt.search.samplers.base import ModelSampler


class TpeSampler(ModelSampler):
    """TPE over all parameters jointly, with running trials counted as bad (for several workers).

    Both settings are pinned, because Optuna 5 changed their defaults.
    """

    name = "tpe"
    several = True

    def build(self, seed: int) -> BaseSampler:
        """Make Optuna's sampler."""
        return TPESampler(seed=seed, multivariate=True, constant_liar=True)
