"""Given points first, then any other sampler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from sor_opt.search.samplers.base import Sampler, SamplerStatus, SequenceSampler
from sor_opt.search.space import Point


class _Points(SequenceSampler):
    """Evaluates given points, each of them once."""

    def __init__(self, points: Sequence[Point], sampler: Sampler) -> None:
        super().__init__(sampler.space, sampler.seed)
        self._points = points

    def point(self, slot: int, values: Mapping[Point, float]) -> Point | SamplerStatus:  # noqa: ARG002
        """Give the point number `slot`."""
        return self._points[slot] if slot < len(self._points) else SamplerStatus.EXHAUSTED


class SeededSampler(Sampler):
    """Evaluates the points of `first`, then follows `sampler`, which sees their values.

    It keeps no state of its own: the trials show which of the points are taken.

    Parameters
    ----------
    first : sequence of tuple of float
        Points inside the space of `sampler`.
    sampler : Sampler
        What goes on from there.
    """

    def __init__(self, first: Sequence[Point], sampler: Sampler) -> None:
        super().__init__(sampler.space, sampler.seed)
        self._first, self._sampler = _Points(first, sampler), sampler
        self._proposes: Sampler = sampler

    def plan(self, trials: Sequence[FrozenTrial]) -> SamplerStatus:
        """Find who proposes the next trial."""
        ready = self._first.plan(trials) is SamplerStatus.READY
        self._proposes = self._first if ready else self._sampler
        return SamplerStatus.READY if ready else self._sampler.plan(trials)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Tell whoever proposes it."""
        self._proposes.before_trial(study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Tell the sampler that goes on from there, of every trial."""
        self._sampler.after_trial(study, trial, state, values)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Give the parameters that are proposed together."""
        return self._proposes.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose the next point."""
        return self._proposes.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Propose one parameter of it."""
        return self._proposes.sample_independent(study, trial, param_name, param_distribution)
