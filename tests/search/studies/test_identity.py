"""What a study was made for, in words, and what keeps it from another run."""

import json
from dataclasses import replace

import optuna
import pytest
from optuna.distributions import FloatDistribution
from search_fakes import SPACE, Staircase, points

from sor_opt.backtest.version import CHANGES, RESULTS
from sor_opt.errors import ConfigError
from sor_opt.search.studies import identity
from sor_opt.search.studies.history import delete, find, studies
from sor_opt.search.studies.identity import differences, plain, words
from sor_opt.search.studies.storage import open_storage, read_storage
from sor_opt.search.studies.study import StudyRun, run_study

BASE = {
    "data": {"file": "monday.csv", "digest": "0123"},
    "results": {"number": 2},
    "orders": {"number": 3, "size": 1000.0, "horizon": 540 * 10**9},
    "rules": {"max_quote_age": None, "refill": "update"},
    "policy": {"name": "placement", "windows": {"cancellations": False, "stride": 10**10}},
    "space": {"lambda_over": [0.0005, 0.001]},
    "sampler": "grid",
}


def changed(part, **values):
    return {**BASE, part: {**BASE[part], **values}}


def test_every_part_is_reported_in_words():
    assert words(BASE) == {
        "data": "monday.csv, digest 0123",
        "results": "number 2",
        "orders": "number 3, size 1000, horizon 9m",
        "rules": "max quote age not set, refill update",
        "policy": "placement, cancellations no, stride 10s",
        "space": "lambda over 0.0005 0.001",
        "sampler": "grid",
    }


def test_nothing_keeps_equals_apart_nor_a_file_that_was_renamed():
    assert differences(BASE, plain(BASE)) == []
    assert differences(BASE, changed("data", file="renamed.csv")) == []


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (changed("data", digest="4567"), "data digest is 0123 in the study and 4567 in this run"),
        (changed("orders", size=999.5), "orders size is 1000 in the study and 999.5 in this run"),
        (
            changed("orders", horizon=300 * 10**9),
            "orders horizon is 9m in the study and 5m in this run",
        ),
        (
            changed("rules", max_quote_age=2 * 10**9),
            "rules max quote age is not set in the study and 2s in this run",
        ),
        (
            changed("rules", band=100.0),
            "rules band is not set in the study and 100 in this run",
        ),
        (
            changed("policy", windows={"cancellations": True, "stride": 10**10}),
            "policy windows cancellations is no in the study and yes in this run",
        ),
        ({**BASE, "sampler": "tpe"}, "sampler is grid in the study and tpe in this run"),
        (
            changed("space", step={"name": "step", "levels": [50, 100], "reach": None}),
            "space step is not set in the study and step, levels 50 100, reach not set in this run",
        ),
    ],
)
def test_each_value_that_differs_is_reported_with_both(other, text):
    assert differences(BASE, other) == [text]


def test_changed_results_are_reported_as_what_has_changed(monkeypatch):
    monkeypatch.setattr(identity, "CHANGES", ("one", "two", "three", "four"))
    later = changed("results", number=4)
    assert differences(BASE, later) == ["replays have changed since it was made: three; four"]
    assert differences(later, BASE) == ["its results are of a later sor-opt (number 4, here 2)"]


def test_several_differences_are_all_reported():
    other = {**changed("orders", size=5.0), "sampler": "tpe"}
    assert len(differences(BASE, other)) == 2


OLD = {
    "data": "0123",
    "orders": "3 x buy 1000, horizon 540000000000 ns, 89ab",
    "rules": "ReplayParams(max_quote_age=None)",
    "fees": "cdef",
    "policy": "static StaticParams(space='open')",
    "space": json.dumps(SPACE.record()),
    "objective": "train_bps, minimised",
    "sampler": "grid",
}
"""An identity as studies had it before results were numbered."""


class Numbered(Staircase):
    """An objective with a number of results."""

    def fingerprint(self, without):
        return {
            "data": {"file": "m.csv", "digest": self.data},
            "results": {"number": RESULTS},
            "orders": {"number": 3},
            "objective": "mean shortfall in bps of the first 7 of 10 orders",
            "fees": {"XNYS": "taker 0.003 rebate 0.002", "digest": "cdef"},
        }


def make_old(database):
    """Make a study of the old kind, with two trials."""
    run_study(StudyRun("old", Staircase(), SPACE, "grid", 2, database))
    with open_storage(database) as opened:
        study = optuna.load_study(study_name="old", storage=opened.trials)
        study.set_user_attr("sor_opt", OLD)


def test_a_study_without_a_number_is_refused_with_what_has_changed(database):
    make_old(database)
    with pytest.raises(ConfigError) as error:
        run_study(StudyRun("old", Numbered(data="0123"), SPACE, "grid", 3, database))
    assert str(error.value) == (
        f"study 'old' cannot go on with this run: replays have changed since it was made: "
        f"{'; '.join(CHANGES)}. Use another name; --seed-from old begins there with the points of "
        "this study"
    )


def test_a_study_without_a_number_is_also_held_against_what_it_wrote_as_today(database):
    make_old(database)
    with pytest.raises(ConfigError) as error:
        run_study(StudyRun("old", Numbered(data="4567"), SPACE, "tpe", 3, database))
    assert "; data digest is 0123 in the study and 4567 in this run; " in str(error.value)
    assert "; sampler is grid in the study and tpe in this run." in str(error.value)
    assert "orders" not in str(error.value)


def test_a_study_without_a_number_is_still_read_seeds_others_and_is_deleted(database):
    make_old(database)
    with read_storage(database) as opened:
        (history,) = studies(opened)
        assert words(history.identity)["data"] == "digest 0123"
        assert history.space == SPACE
        assert len(find(opened, "old").frame()) == 2
    run = StudyRun("new", Numbered(), SPACE, "random", 2, database, seed_from="old")
    best, other = run_study(run).history.trials
    assert [best.params, other.params] == SPACE.grid()[1::-1]
    assert best.outcome < other.outcome
    with open_storage(database) as opened:
        delete(opened, "old")
        assert [history.name for history in studies(opened)] == ["new"]


def test_a_record_that_is_none_of_ours_makes_no_study_of_ours(database):
    make_old(database)
    with open_storage(database) as opened:
        for name, record in (("a", "text"), ("b", {"sampler": "grid"})):
            study = optuna.create_study(study_name=name, storage=opened.trials)
            study.set_user_attr("sor_opt", record)
        assert [history.name for history in studies(opened)] == ["old"]


LAST = {
    "data": "tape",
    "orders": "one",
    "policy": "static",
    "space": {
        "lambda_over": [0.0005, 0.001, 0.002],
        "lambda_under": [0.0005, 0.001, 0.002],
        "theta_queue": [0.00005, 0.0001, 0.0002],
        "reach": 20.0,
        "unit": "fraction",
    },
    "sampler": "adaptive",
}
"""The record of a study as it was when the three penalties were all that could be searched."""


def test_a_study_of_when_there_were_penalties_alone_goes_on(database, read):
    run = StudyRun("last", Staircase(), SPACE, "adaptive", 12, database)
    assert run.identity() == LAST
    run_study(run)
    with open_storage(database) as opened:
        study = optuna.load_study(study_name="last", storage=opened.trials)
        study.set_user_attr("sor_opt", LAST)
        (trial, *_) = study.get_trials()
        assert trial.distributions["theta_queue"] == FloatDistribution(
            0.00005 / 20, 0.004, log=True
        )
    assert read(database, "last").space == SPACE
    result = run_study(replace(run, trials=45))
    assert result.added == 33
    assert points(result.history) == points(
        run_study(replace(run, trials=45, storage=None)).history
    )


MINE = """
from sor_opt.search.samplers.base import SamplerStatus, SequenceSampler


class Corners(SequenceSampler):
    when_exhausted = "both corners are done"

    def point(self, slot, values):
        if slot >= 2:
            return SamplerStatus.EXHAUSTED
        return tuple(axis.bounds[slot] for axis in self.space.axes)
"""


def test_a_users_own_sampler_is_known_by_its_name_and_its_source(database, tmp_path, read):
    """Its file may be elsewhere, and hold nothing else."""
    files = [tmp_path / name for name in ("mine.py", "moved.py", "edited.py")]
    for file, edit in zip(files, ("", "", "# another line\n"), strict=True):
        file.write_text(MINE + edit)
    mine, moved, edited = (f"{file}:Corners" for file in files)
    run = StudyRun("own", Staircase(), SPACE, mine, 1, database)
    run_study(run)
    result = run_study(replace(run, sampler=moved, trials=3))
    assert result.note() == "ended after 2 of 3 trials: both corners are done"
    with pytest.raises(ConfigError, match=r"run: sampler source is \w+ in the study and \w+ in"):
        run_study(replace(run, sampler=edited, trials=3))
    assert read(database, "own").sampler == "Corners"
    assert str(tmp_path) not in json.dumps(read(database, "own").identity)


def test_a_latency_is_told_with_its_name_and_what_is_empty_is_not():
    latency = {"everywhere": 5_000_000, "at": [["XNYS", 500_000]]}
    rules = {"slice": 60 * 10**9, "latency": latency, "feed_latency": {"everywhere": 0, "at": []}}
    told = words({"rules": rules})["rules"]
    assert told == "slice 1m, latency everywhere 5ms, at XNYS 500us, feed latency everywhere 0s"
