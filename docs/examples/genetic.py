from optuna.samplers import NSGAIISampler

from sor_opt import ModelSampler


class Genetic(ModelSampler):
    """Optuna's genetic algorithm."""

    def build(self, seed):
        return NSGAIISampler(population_size=10, seed=seed)
