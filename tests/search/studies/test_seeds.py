"""Studies that begin with the points of another one."""

import random
import time
from dataclasses import replace

import optuna
import pytest
from search_fakes import SPACE, Staircase, penalties, points

from sor_opt.errors import ConfigError
from sor_opt.search.samplers.registry import SAMPLERS
from sor_opt.search.studies.history import delete
from sor_opt.search.studies.seeds import Seeds
from sor_opt.search.studies.storage import open_storage
from sor_opt.search.studies.study import StudyRun, run_study


def made(database, trials=6, space=SPACE):
    return run_study(StudyRun("old", Staircase(), space, "random", trials, database)).history


def begun(database, sampler="grid", trials=10, **more):
    objective = more.pop("objective", Staircase())
    space = more.pop("space", SPACE)
    run = StudyRun("new", objective, space, sampler, trials, database, **more)
    return replace(run, seed_from=more.get("seed_from", "old"))


def ranked(history):
    return points(
        replace(history, trials=sorted(history.trials, key=lambda trial: trial.outcome.train_bps))
    )


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "gp"])
def test_the_best_points_come_first_and_then_the_samplers_own(sampler, database):
    old = made(database)
    new = run_study(begun(database, sampler, trials=12)).history
    assert points(new)[:6] == ranked(old)
    assert len(set(points(new))) == 12
    assert new.seeds.describe() == "6 points of study old, the best first"
    alone = run_study(StudyRun("alone", Staircase(), SPACE, sampler, 6, storage=None)).history
    if sampler in ("grid", "adaptive", "random", "qmc"):
        rest = [point for point in points(alone) if point not in points(old)]
        assert points(new)[6:][: len(rest)] == rest


def test_they_count_among_the_trials(database):
    old = made(database)
    result = run_study(begun(database, trials=4))
    assert points(result.history) == ranked(old)[:4]
    assert result.note() == "4 trials are finished, 4 of them new"


def test_a_point_comes_once_and_the_earliest_of_equals_first(database):
    class Flat(Staircase):
        def __call__(self, params):
            return super().__call__(params)._replace(train_bps=1.0)

    old = run_study(StudyRun("old", Flat(), SPACE, "grid", 5, database)).history
    doubled = Seeds.choose("old", [*old.trials, *old.trials], SPACE)
    assert [(*point, "fraction") for point in doubled.points] == points(old)


def test_a_resumed_study_goes_on_with_the_points_that_it_began_from(database):
    old = made(database)
    run_study(begun(database, "random", trials=3))
    run_study(StudyRun("old", Staircase(), SPACE, "random", 9, database))
    unasked = begun(database, "random", trials=5, seed_from=None)
    assert points(run_study(unasked).history) == ranked(old)[:5]
    with open_storage(database) as opened:
        delete(opened, "old")
    whole = run_study(begun(database, "random", trials=8)).history
    assert points(whole)[:6] == ranked(old)
    assert len(set(points(whole))) == 8


@pytest.mark.parametrize(("sampler", "batch"), [("grid", 1), ("adaptive", 7)])
def test_killed_studies_repeat_no_point_and_miss_none(sampler, batch, database, start):
    old = made(database, trials=20)
    run = begun(database, sampler, 40 if sampler == "grid" else 45, batch=batch)
    slow = replace(run, objective=Staircase(seconds=0.02))
    chance = random.Random(batch)
    for _ in range(8):
        process = start(run_study, slow)
        time.sleep(chance.uniform(0.05, 0.25))
        process.kill()
        process.join()
    evaluated = points(run_study(run).history)
    assert evaluated[:20] == ranked(old)
    assert len(set(evaluated)) == len(evaluated) == run.trials


def test_workers_share_them_without_a_double(database):
    old = made(database, trials=12)
    objective = Staircase(seconds=0.02)
    evaluated = points(
        run_study(begun(database, trials=30, workers=3, objective=objective)).history
    )
    assert len(set(evaluated)) == len(evaluated) == 30
    assert set(ranked(old)) <= set(evaluated[:15])


def test_a_seed_whose_trial_failed_comes_again(database, read):
    old = made(database, trials=3)

    class Once(Staircase):
        def __call__(self, params):
            if tuple(params.values()) == ranked(old)[1]:
                raise RuntimeError("once")
            return super().__call__(params)

    with pytest.raises(RuntimeError, match="once"):
        run_study(begun(database, objective=Once()))
    assert read(database, "new").failed == 1
    assert points(run_study(begun(database, trials=3)).history) == ranked(old)


def test_points_outside_the_space_are_left_out_and_reported(database):
    old = made(database, trials=20)
    narrow = penalties(reach=1.5)
    inside = [
        point
        for point in ranked(old)
        if all(
            axis.bounds.low <= value <= axis.bounds.high
            for axis, value in zip(narrow.axes, point[:3], strict=True)
        )
    ]
    assert 0 < len(inside) < 20
    new = run_study(begun(database, space=narrow, trials=len(inside))).history
    assert points(new) == inside
    assert new.seeds.describe() == (
        f"{len(inside)} points of study old, the best first; {20 - len(inside)} more lie outside "
        "the space"
    )


def test_wrong_origins_are_refused_before_anything_is_made(database):
    with open_storage(database, create=True):
        pass
    with pytest.raises(ConfigError, match=r"no study 'old' in .*; there are none"):
        run_study(begun(database))
    made(database)
    per_share = penalties(unit="per_share")
    with pytest.raises(ConfigError) as error:
        run_study(begun(database, space=per_share))
    assert str(error.value) == "study 'old' has unit fraction, this run per_share"
    with pytest.raises(ConfigError, match=r"no study 'nosuch' in .*; there are old"):
        run_study(begun(database, seed_from="nosuch"))
    with open_storage(database) as opened:
        assert [study.study_name for study in opened.trials.get_all_studies()] == ["old"]


def test_a_study_without_finished_trials_seeds_none(database):
    class Broken(Staircase):
        def __call__(self, params):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        run_study(StudyRun("old", Broken(), SPACE, "grid", 1, database))
    with pytest.raises(ConfigError) as error:
        run_study(begun(database))
    assert str(error.value) == "study 'old' has no finished trial to begin from"


def test_another_origin_than_a_study_has_is_refused(database):
    made(database)
    run_study(StudyRun("plain", Staircase(), SPACE, "grid", 2, database))
    run_study(begun(database))
    with pytest.raises(ConfigError) as error:
        run_study(begun(database, seed_from="plain"))
    assert str(error.value) == (
        "study 'new' began from study 'old'; leave out --seed-from, or use another name"
    )
    with pytest.raises(ConfigError, match="study 'plain' began from no other study; leave out"):
        run_study(replace(begun(database), name="plain"))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"seed_from": "new"}, "a study cannot begin from itself, 'new'; use another name"),
        ({"storage": None}, "seed_from needs a storage: it names a study there"),
    ],
)
def test_impossible_origins_are_refused(wrong, text, database):
    with pytest.raises(ConfigError) as error:
        replace(begun(database), **wrong)
    assert str(error.value) == text


def test_a_study_whose_maker_was_killed_takes_the_points_of_whoever_makes_it(database):
    """A name without a record is no study yet; what it begins from is written with the record."""
    old = made(database, trials=3)
    with open_storage(database) as opened:
        optuna.create_study(study_name="new", storage=opened.trials)
    assert points(run_study(begun(database, trials=3)).history) == ranked(old)
