"""The conformance suite: every row of the registry passes it."""

from importlib.util import find_spec

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from search_fakes import MIXED, SPACE

from sor_opt.errors import ConfigError
from sor_opt.search.axis import LinearAxis, LogAxis
from sor_opt.search.samplers.base import SamplerStatus, SequenceSampler, distributions
from sor_opt.search.samplers.registry import SAMPLERS, make_sampler
from sor_opt.search.space import Space

TRIALS = 40  # beyond the 27 points


@pytest.fixture(params=[SPACE, MIXED], ids=["penalties", "mixed"])
def space(request):
    return request.param


@pytest.fixture(params=SAMPLERS)
def name(request):
    if request.param == "gp" and find_spec("torch") is None:
        pytest.skip("needs the extra gp")
    return request.param


@pytest.fixture(params=[name for name, row in SAMPLERS.items() if issubclass(row, SequenceSampler)])
def sequence(request):
    return request.param


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def new_study():
    return optuna.create_study(direction="minimize")


def staircase(space, params):
    """A bowl with steps."""
    shares = np.linspace(0.6, 0.3, len(space.axes))
    return float(
        sum(
            round(8 * (params[axis.name] - axis.at(share)) / axis.span(axis.at(share))) ** 2
            for axis, share in zip(space.axes, shares, strict=True)
        )
    )


def ask(study, sampler):
    """Start the next trial, or say why there is none."""
    status = sampler.plan(study.get_trials(deepcopy=False))
    if status is not SamplerStatus.READY:
        return status
    study.sampler = sampler
    return study.ask(distributions(sampler.space))


def go_on(study, sampler, until):
    """Run trials one by one to `until` finished ones, or to where no point is left."""
    while len(evaluated(study, sampler.space)) < until:
        trial = ask(study, sampler)
        if isinstance(trial, SamplerStatus):
            assert trial is SamplerStatus.EXHAUSTED
            break
        study.tell(trial, staircase(sampler.space, trial.params))
    return evaluated(study, sampler.space)


def evaluated(study, space):
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [space.point(trial.params) for trial in done]


def test_the_same_seed_gives_the_same_points(name, space):
    one, two = (go_on(new_study(), make_sampler(name, space, 7), TRIALS) for _ in range(2))
    assert one == two
    assert len(one) == (len(space.points()) if name == "grid" else TRIALS)


def test_points_stay_in_the_bounds_and_whole_where_they_must(name, space):
    for point in go_on(new_study(), make_sampler(name, space, 3), TRIALS):
        for axis, value in zip(space.axes, point, strict=True):
            assert axis.bounds.low <= value <= axis.bounds.high
            assert not (axis.whole and value % 1)


def test_another_seed_gives_other_points_where_chance_plays_a_part(name, space):
    one, two = (go_on(new_study(), make_sampler(name, space, seed), TRIALS) for seed in (1, 2))
    assert (one == two) == (not SAMPLERS[name].seeded)


@pytest.mark.parametrize("cut", [1, 5, 26, 27, 31])
def test_a_resumed_study_repeats_no_point(name, cut, space):
    study = new_study()
    go_on(study, make_sampler(name, space, 7), cut)
    points = go_on(study, make_sampler(name, space, 7), TRIALS)
    assert len(set(points)) == len(points)


@pytest.mark.parametrize("cut", [1, 5, 26, 27, 31])
def test_a_resumed_sequence_is_that_of_one_piece(sequence, cut, space):
    whole = go_on(new_study(), make_sampler(sequence, space, 7), TRIALS)
    study = new_study()
    go_on(study, make_sampler(sequence, space, 7), cut)
    killed = ask(study, make_sampler(sequence, space, 7))
    if not isinstance(killed, SamplerStatus):
        study.tell(killed, state=TrialState.FAIL)
    assert go_on(study, make_sampler(sequence, space, 7), TRIALS) == whole


def test_two_workers_share_a_sequence_without_a_double(sequence, space):
    whole = go_on(new_study(), make_sampler(sequence, space, 7), TRIALS)
    study = new_study()
    workers = [make_sampler(sequence, space, 7) for _ in range(2)]
    running = []
    while len(evaluated(study, space)) + len(running) < TRIALS:
        trials = [ask(study, worker) for worker in workers]
        running = [trial for trial in trials if not isinstance(trial, SamplerStatus)]
        if not running:
            break
        for trial in reversed(running):  # the later one finishes first
            study.tell(trial, staircase(space, trial.params))
        running = []
    assert sorted(evaluated(study, space)[:TRIALS]) == sorted(whole)


def test_a_worker_waits_where_the_next_point_hangs_on_a_running_trial():
    study = new_study()
    go_on(study, make_sampler("adaptive", SPACE, 0), 26)
    last = ask(study, make_sampler("adaptive", SPACE, 0))
    other = make_sampler("adaptive", SPACE, 0)
    assert ask(study, other) is SamplerStatus.WAIT
    study.tell(last, state=TrialState.FAIL)
    again = ask(study, other)
    assert again.params == last.params


def test_a_grid_is_over_only_when_no_trial_runs():
    study = new_study()
    sampler = make_sampler("grid", SPACE, 0)
    go_on(study, sampler, 26)
    last = ask(study, sampler)
    assert ask(study, sampler) is SamplerStatus.WAIT
    study.tell(last, 1.0)
    assert ask(study, sampler) is SamplerStatus.EXHAUSTED


def test_foreign_trials_do_not_disturb_a_sequence(sequence, space):
    study = new_study()
    point = {axis.name: axis.at(0.43) for axis in space.axes}
    study.add_trial(
        optuna.trial.create_trial(params=point, distributions=distributions(space), value=-9.0)
    )
    points = go_on(study, make_sampler(sequence, space, 7), TRIALS + 1)[1:]
    assert points == go_on(new_study(), make_sampler(sequence, space, 7), TRIALS)


@pytest.fixture(params=[name for name, row in SAMPLERS.rows.items() if row.several])
def able(request):
    return request.param


def by_two(space, sampler, until, study=None):
    """The points of a study that is judged by two measures, each least at another point."""
    study = study or optuna.create_study(directions=["minimize", "minimize"])
    while len(evaluated(study, space)) < until:
        trial = ask(study, sampler)
        if isinstance(trial, SamplerStatus):
            break
        value = staircase(space, trial.params)
        study.tell(trial, [value, (value - 9) ** 2])
    return study, evaluated(study, space)


def test_a_sampler_of_several_measures_is_one_of_them_too(able, space):
    one, two = (by_two(space, make_sampler(able, space, 7, 2), TRIALS)[1] for _ in range(2))
    assert one == two
    assert len(set(one)) == len(one) == (len(space.points()) if able == "grid" else TRIALS)
    for axis, values in zip(space.axes, zip(*one, strict=True), strict=True):
        assert all(axis.bounds.low <= value <= axis.bounds.high for value in values)


@pytest.mark.parametrize("cut", [1, 19, 20, 26])
def test_a_resumed_study_of_several_measures_repeats_no_point(able, cut, space):
    study, _ = by_two(space, make_sampler(able, space, 7, 2), cut)
    killed = ask(study, make_sampler(able, space, 7, 2))
    if not isinstance(killed, SamplerStatus):
        study.tell(killed, state=TrialState.FAIL)
    _, points = by_two(space, make_sampler(able, space, 7, 2), TRIALS, study)
    assert len(set(points)) == len(points)


def test_a_sequence_asks_for_no_value_where_there_are_several(able, space):
    if issubclass(SAMPLERS[able], SequenceSampler):
        whole = go_on(new_study(), make_sampler(able, space, 7), TRIALS)
        assert by_two(space, make_sampler(able, space, 7, 2), TRIALS)[1] == whole


def test_nsga2_breeds_again_what_it_has_seen():
    """Copies of a parent are a part of it where there are few points."""
    _, points = by_two(MIXED, make_sampler("nsga2", MIXED, 1, 2), 150)
    assert len(set(points)) == 150


@pytest.mark.parametrize("name", [n for n, row in SAMPLERS.rows.items() if not row.several])
def test_a_sampler_of_one_measure_is_refused_where_there_are_several(name):
    text = f"sampler {name} searches by one objective alone; with several take grid, random, qmc"
    with pytest.raises(ConfigError, match=text):
        make_sampler(name, SPACE, 0, 2)


FEW = Space((LinearAxis("side", (0, 1), 0, 1, whole=True), LogAxis("lots", (1, 2), 1, 4, True)))
"""Eight points."""


def test_a_sequence_over_few_points_ends_and_repeats_none(sequence):
    points = go_on(new_study(), make_sampler(sequence, FEW, 7), TRIALS)
    assert len(set(points)) == len(points)
    assert set(points) <= {(side, lots) for side in (0, 1) for lots in (1, 2, 3, 4)}


@pytest.mark.parametrize("name", ["random", "qmc"])
def test_draws_over_few_points_end_with_the_last_of_them(name):
    sampler = make_sampler(name, FEW, 7)
    study = new_study()
    assert len(go_on(study, sampler, 7)) == 7
    last = ask(study, sampler)
    assert ask(study, sampler) is SamplerStatus.WAIT
    study.tell(last, 1.0)
    assert ask(study, sampler) is SamplerStatus.EXHAUSTED


MINE = """
from sor_opt.search.samplers.base import SamplerStatus, SequenceSampler


class Diagonal(SequenceSampler):
    '''From corner to corner.'''

    seeded = False

    def point(self, slot, values):
        if slot > 4:
            return SamplerStatus.EXHAUSTED
        return tuple(axis.at(slot / 4) for axis in self.space.axes)
"""


def test_a_sampler_of_a_users_own_file(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    sampler = make_sampler(f"{tmp_path}/mine.py:Diagonal", MIXED, 0)
    points = go_on(new_study(), sampler, TRIALS)
    assert sampler.name == "Diagonal"
    assert points[0] == tuple(axis.bounds.low for axis in MIXED.axes)
    assert points[-1] == tuple(axis.bounds.high for axis in MIXED.axes)
    assert len(points) == 5


def test_an_unknown_sampler_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"no sampler 'newton'; there are grid, adaptive"):
        make_sampler("newton", SPACE, 0)


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="seed must be >= 0, got -1"):
        make_sampler("random", SPACE, -1)


@pytest.mark.skipif(find_spec("torch") is not None, reason="the extra gp is installed")
def test_a_missing_extra_is_named():
    with pytest.raises(ConfigError, match=r"pip install 'sor-opt\[gp\]'"):
        make_sampler("gp", SPACE, 0)
