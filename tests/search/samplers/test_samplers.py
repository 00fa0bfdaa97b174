"""The conformance suite: every row of the registry passes it."""

import math
from importlib.util import find_spec

import optuna
import pytest
from optuna.trial import TrialState

from sor_opt.errors import ConfigError
from sor_opt.search.samplers.base import SamplerStatus, SequenceSampler, distributions
from sor_opt.search.samplers.registry import SAMPLERS, make_sampler
from sor_opt.search.space import NAMES, Space

SPACE = Space()
TRIALS = 40  # beyond the 27 points


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


def staircase(params):
    target = {"lambda_over": 0.0013, "lambda_under": 0.00021, "theta_queue": 0.0003}
    return float(sum(round(4 * math.log(params[n] / target[n])) ** 2 for n in NAMES))


def ask(study, sampler):
    """Start the next trial, or say why there is none."""
    status = sampler.plan(study.get_trials(deepcopy=False))
    if status is not SamplerStatus.READY:
        return status
    study.sampler = sampler
    return study.ask(distributions(SPACE))


def go_on(study, sampler, until):
    """Run trials one by one to `until` finished ones, or to where no point is left."""
    while len(evaluated(study)) < until:
        trial = ask(study, sampler)
        if isinstance(trial, SamplerStatus):
            assert trial is SamplerStatus.EXHAUSTED
            break
        study.tell(trial, staircase(trial.params))
    return evaluated(study)


def evaluated(study):
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [tuple(trial.params[name] for name in NAMES) for trial in done]


def test_the_same_seed_gives_the_same_points(name):
    one, two = (go_on(new_study(), make_sampler(name, SPACE, 7), TRIALS) for _ in range(2))
    assert one == two
    assert len(one) == (27 if name == "grid" else TRIALS)


def test_points_stay_in_the_bounds(name):
    for point in go_on(new_study(), make_sampler(name, SPACE, 3), TRIALS):
        for parameter, value in zip(NAMES, point, strict=True):
            low, high = SPACE.bounds(parameter)
            assert low <= value <= high


def test_another_seed_gives_other_points_where_chance_plays_a_part(name):
    one, two = (go_on(new_study(), make_sampler(name, SPACE, seed), TRIALS) for seed in (1, 2))
    assert (one == two) == (name in ("grid", "adaptive"))


@pytest.mark.parametrize("cut", [1, 5, 26, 27, 31])
def test_a_resumed_study_repeats_no_point(name, cut):
    study = new_study()
    go_on(study, make_sampler(name, SPACE, 7), cut)
    points = go_on(study, make_sampler(name, SPACE, 7), TRIALS)
    assert len(set(points)) == len(points)


@pytest.mark.parametrize("cut", [1, 5, 26, 27, 31])
def test_a_resumed_sequence_is_that_of_one_piece(sequence, cut):
    whole = go_on(new_study(), make_sampler(sequence, SPACE, 7), TRIALS)
    study = new_study()
    go_on(study, make_sampler(sequence, SPACE, 7), cut)
    killed = ask(study, make_sampler(sequence, SPACE, 7))
    if not isinstance(killed, SamplerStatus):
        study.tell(killed, state=TrialState.FAIL)
    assert go_on(study, make_sampler(sequence, SPACE, 7), TRIALS) == whole


def test_two_workers_share_a_sequence_without_a_double(sequence):
    whole = go_on(new_study(), make_sampler(sequence, SPACE, 7), TRIALS)
    study = new_study()
    workers = [make_sampler(sequence, SPACE, 7) for _ in range(2)]
    running = []
    while len(evaluated(study)) + len(running) < TRIALS:
        trials = [ask(study, worker) for worker in workers]
        running = [trial for trial in trials if not isinstance(trial, SamplerStatus)]
        if not running:
            break
        for trial in reversed(running):  # the later one finishes first
            study.tell(trial, staircase(trial.params))
        running = []
    assert sorted(evaluated(study)[:TRIALS]) == sorted(whole)


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


def test_foreign_trials_do_not_disturb_a_sequence(sequence):
    study = new_study()
    point = {name: SPACE.bounds(name).low * 1.01 for name in NAMES}
    study.add_trial(
        optuna.trial.create_trial(params=point, distributions=distributions(SPACE), value=-9.0)
    )
    points = go_on(study, make_sampler(sequence, SPACE, 7), TRIALS + 1)[1:]
    assert points == go_on(new_study(), make_sampler(sequence, SPACE, 7), TRIALS)


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
