"""What a sampler is, and the two kinds there are: fixed sequences and models of the objective."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from sor_opt.errors import ConfigError
from sor_opt.search.axis import Axis, LogAxis
from sor_opt.search.narrowing import Round
from sor_opt.search.space import Point, Space


class SamplerStatus(Enum):
    """Whether a sampler has a point for the next trial."""

    READY = "ready"
    WAIT = "wait"  # the next point follows from trials that still run
    EXHAUSTED = "exhausted"  # no point is left


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """One wide, fixed distribution per axis, which every sampler shares."""
    return {axis.name: _distribution(axis) for axis in space.axes}


def _distribution(axis: Axis) -> BaseDistribution:
    (low, high), log = axis.bounds, axis.scale == LogAxis.scale
    if axis.whole:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def mixed(seed: int, index: int) -> int:
    """Derive a 32-bit seed that is as good as independent for every (seed, index)."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


def stretched(space: Space, unit: NDArray[np.float64]) -> Point:
    """Map a point of the unit cube, shape (axes,), to the space's bounds, each by its scale."""
    return tuple(axis.at(float(share)) for axis, share in zip(space.axes, unit, strict=True))


class Sampler(BaseSampler):
    """Proposes the points of one study.

    A new sampler is one file with a subclass and one row in ``registry.py``; the conformance suite
    in ``tests/search/samplers`` then runs over it.

    Parameters
    ----------
    space : Space
        The grid's levels and the bounds.
    seed : int
        Seed of everything random, >= 0.
    """

    name: ClassVar[str]
    """The class's own name by default."""
    when_exhausted: ClassVar[str] = "no point is left"
    """What it means that no point is left, in a few words."""
    seeded: ClassVar[bool] = True
    """Whether another seed gives other points."""
    several: ClassVar[bool] = False
    """Whether it serves several measures at once, of which each trial then has a value."""

    def __init_subclass__(cls) -> None:
        """Name a class that does not name itself."""
        if "name" not in cls.__dict__:
            cls.name = cls.__name__

    def __init__(self, space: Space, seed: int) -> None:
        if seed < 0:
            raise ConfigError(f"seed must be >= 0, got {seed}")
        self.space = space
        self.seed = seed

    @classmethod
    def rounds(cls, space: Space, values: Mapping[Point, float]) -> list[Round]:
        """The rounds that a search with these values has come through; none for most samplers."""
        del space, values
        return []

    def plan(self, trials: Sequence[FrozenTrial]) -> SamplerStatus:  # noqa: ARG002
        """Say whether the next trial may be asked for.

        Parameters
        ----------
        trials : sequence of FrozenTrial
            All trials of the study in the order of their numbers, those still running too.
        """
        return SamplerStatus.READY


class SequenceSampler(Sampler):
    """Evaluates the points of a sequence in order, each of them once.

    It keeps no state of its own: the finished and the running trials say which points are taken,
    and the first one that is not comes next. So a point whose trial failed or was killed is
    evaluated again, and neither a resumed study nor a second worker repeats one. What it remembers
    between two calls is a cache of the trials digested so far, and may be dropped at any time.
    """

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._values: dict[Point, float] = {}  # of finished trials
        self._digested = 0  # the trials before this one are finished and digested
        self._slot = 0  # the points before this one are finished
        self._planned: Point | None = None

    @abstractmethod
    def point(self, slot: int, values: Mapping[Point, float]) -> Point | SamplerStatus:
        """Give the point at a place of the sequence, or say why there is none.

        Parameters
        ----------
        slot : int
            The place, >= 0; places are asked for in rising order.
        values : mapping of point to float
            The values of the finished trials, in bps; where there are several measures, by the
            first.
        """

    def plan(self, trials: Sequence[FrozenTrial]) -> SamplerStatus:
        """Find the next point; `sample_relative` then proposes it."""
        found = self._next(trials)
        if isinstance(found, SamplerStatus):
            return found
        self._planned = found
        return SamplerStatus.READY

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """Give the space's distributions."""
        return distributions(self.space)

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Propose the next point."""
        found = self._planned or self._next(study.get_trials(deepcopy=False))
        self._planned = None
        if isinstance(found, SamplerStatus):
            raise RuntimeError(f"{self.name} has no point for this trial; call plan first")
        return dict(zip(self.space.names, found, strict=True))

    def sample_independent(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        param_name: str,
        param_distribution: BaseDistribution,  # noqa: ARG002
    ) -> Any:
        """Refuse: a point of the sequence names every parameter of the space."""
        raise RuntimeError(f"{param_name} is no parameter of the space")

    def _next(self, trials: Sequence[FrozenTrial]) -> Point | SamplerStatus:
        running = self._digest(trials)
        if len(self._values) + len(running - self._values.keys()) >= self.space.size:
            return SamplerStatus.WAIT if running else SamplerStatus.EXHAUSTED
        for slot in itertools.count(self._slot):
            point = self.point(slot, self._values)
            if isinstance(point, SamplerStatus):
                # A running trial may yet fail and leave its point to be evaluated again.
                return SamplerStatus.WAIT if running else point
            if point in self._values:
                self._slot += slot == self._slot
            elif point not in running:
                return point
        raise AssertionError("a sequence has an answer for every place")

    def _digest(self, trials: Sequence[FrozenTrial]) -> set[Point]:
        """Take in the trials that have finished since, and give the points of the running ones."""
        running = set()
        settled = True
        for trial in trials[self._digested :]:
            settled = settled and trial.state.is_finished()
            self._digested += settled
            if trial.params.keys() != set(self.space.names):
                continue
            point = self.space.point(trial.params)
            if trial.state is TrialState.RUNNING:
                running.add(point)
            elif trial.state is TrialState.COMPLETE and trial.values:
                self._values.setdefault(point, trial.values[0])
        return running


class ModelSampler(Sampler):
    """Wraps one of Optuna's own samplers, which model the objective from the study's trials.

    It is seeded by `seed` and by the number of the first trial that it proposes. So the same seed
    gives the same points in a study of one piece, and neither a resumed study nor a second worker
    starts over with random points that the study has seen.
    """

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._wrapped: BaseSampler | None = None

    @abstractmethod
    def build(self, seed: int) -> BaseSampler:
        """Make Optuna's sampler."""

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the sampler at its first trial."""
        if self._wrapped is None:
            self._wrapped = self.build(mixed(self.seed, trial.number))
        self._wrapped.before_trial(study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Tell the sampler, if it has proposed anything yet."""
        if self._wrapped is not None:
            self._wrapped.after_trial(study, trial, state, values)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Give the parameters that the model proposes together."""
        return self._ready().infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose from the model."""
        return self._ready().sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Propose one parameter without the model, as at the start."""
        return self._ready().sample_independent(study, trial, param_name, param_distribution)

    def _ready(self) -> BaseSampler:
        if self._wrapped is None:
            raise RuntimeError("a trial was sampled before it began")
        return self._wrapped
