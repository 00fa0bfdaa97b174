"""Cost models of one's own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from snapshots import snapshot

from sor_opt import CostModel, Instance, LadderProblem, Order, RiskParams, StaticModel, Venue
from sor_opt.errors import ConfigError, DataError
from sor_opt.models.books import read_instance, write_instance
from sor_opt.models.outflow import Outflow

SEEN = snapshot([100.01, 100.02], [200.0, 100.0], [0.0, 0.0], [0.0, 0.0], 100.0)


@dataclass(frozen=True)
class Flat(CostModel):
    """A dollar a share at every venue, one chunk each; of some venues too few or too many."""

    ladders: int | None = None
    note: str = ""
    bold: bool = False
    tries: int = 1

    def compile(self, snapshot, target, risk):
        count = len(snapshot.venues) if self.ladders is None else self.ladders
        return LadderProblem(
            tuple(map(str, range(count))),
            np.arange(count + 1),
            np.full(count, 100.0),
            np.full(count, 100.0),
            target,
            risk.lambda_under,
            risk.lambda_over,
        )


class Nothing(CostModel):
    """Compiles to nothing."""

    def compile(self, snapshot, target, risk):
        return None


class Waiting(Flat):
    """Needs outflows, and a bid and an ask no more."""

    needs_outflows = True
    needs_mid = False

    def compile(self, snapshot, target, risk):
        assert snapshot.outflows.tolist() == [[7.0, 8.0]]
        return super().compile(snapshot, target, risk)


VENUES = (Venue("A", 9.9, 100, 10.0, 300, 0.0), Venue("B", 9.9, 100, 10.0, 300, 0.0))


def test_a_model_is_called_like_its_class_and_has_defaults():
    model = Flat()
    assert (model.name, model.step, model.posts, model.needs_mid) == ("Flat", 100.0, False, True)
    assert model.variants() == (model,)
    assert model.doubts(SEEN, RiskParams()) == []
    assert model.problem(SEEN, 100.0, RiskParams()).names == ("0", "1")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Flat(1), "the model Flat must give 2 ladders for 2 venues, got 1"),
        (Flat(4), "the model Flat must give 2 ladders for 2 venues, got 4"),
        (Nothing(), "the model Nothing must compile to a LadderProblem, got None"),
    ],
)
def test_what_is_no_answer_is_refused_by_name(model, said):
    with pytest.raises(ConfigError) as refusal:
        model.problem(SEEN, 100.0, RiskParams())
    assert str(refusal.value) == said


def test_an_instance_gives_a_model_the_outflows_that_it_needs():
    instance = Instance(VENUES, Order(100), model=Waiting())
    with pytest.raises(ConfigError, match="the Waiting model needs an"):
        instance.problem()
    told = replace(instance, outflow=Outflow(samples=((7.0, 8.0),)))
    assert told.problem().names == ("0", "1")
    one_sided = (VENUES[0], Venue("B", ask=10.0, ask_size=300, fee=0.0))
    assert replace(told, venues=one_sided).problem().names == ("0", "1")


def test_by_default_a_random_case_is_drawn_as_it_is():
    case = Instance(VENUES, Order(100))
    assert Flat().draw(case, np.random.default_rng(0)) == (case, Flat(), None)


def test_a_book_names_a_model_but_only_the_caller_imports_it(tmp_path):
    path = tmp_path / "book.json"
    instance = Instance(VENUES, Order(100), model=Flat(2, "two", True, 3))
    write_instance(instance, path)
    assert read_instance(path, Flat) == instance
    for other in (None, StaticModel):
        with pytest.raises(DataError, match=r"unknown model 'Flat'; .*--model mine\.py:Class"):
            read_instance(path, other)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"bold": true', '"bold": 1', "bold must be true or false, got 1"),
        ('"note": "two"', '"note": 2', "note must be text, got 2"),
        ('"tries": 3', '"tries": 3.5', "tries must be a whole number, got 3.5"),
        ('"tries": 3', '"tires": 3', "unknown key 'tires' in Flat; known are bold, ladders"),
    ],
)
def test_a_books_values_are_held_to_the_fields(tmp_path, old, new, said):
    path = tmp_path / "book.json"
    write_instance(Instance(VENUES, Order(100), model=Flat(2, "two", True, 3)), path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(DataError) as refusal:
        read_instance(path, Flat)
    assert said in str(refusal.value)
