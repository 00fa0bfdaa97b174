"""Optuna's NSGA-II, a genetic algorithm for several measures at once."""

from __future__ import annotations

from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIISampler
from optuna.trial import FrozenTrial

from sor_opt.search.samplers.base import ModelSampler

_POPULATION = 20  # Optuna's own 50 leaves a study of 100 trials one generation to learn from
_TRIES = 10


class Nsga2Sampler(ModelSampler):
    """Breeds generation after generation from the best trials; the first one is random.

    Deb, Pratap, Agarwal & Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II"
    (IEEE Transactions on Evolutionary Computation 6, 2002). The generation of a trial is kept with
    it, so a study resumes within one. A child that is a copy of an earlier trial is bred again.
    """

    name = "nsga2"
    several = True

    def build(self, seed: int) -> BaseSampler:
        """Make Optuna's sampler."""
        return NSGAIISampler(population_size=_POPULATION, seed=seed)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Breed a child; what it leaves out is random."""
        known = [each.params for each in study.get_trials(deepcopy=False) if each.params]
        for _ in range(_TRIES):
            child = super().sample_relative(study, trial, search_space)
            if child not in known:
                return child
        return {}
