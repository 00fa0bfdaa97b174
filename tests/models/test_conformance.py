"""What every cost model of the registry keeps to."""

from __future__ import annotations

import json
from dataclasses import is_dataclass, replace

import numpy as np
import pytest

from sor_opt.allocators.draws import instances_of, random_instances
from sor_opt.models.books import read_instance, write_instance
from sor_opt.models.registry import MODELS
from sor_opt.params import changed, parameters

every_model = pytest.mark.parametrize("name", MODELS)


def drawn(name, count=30, seed=1):
    rng = np.random.default_rng(seed)
    return list(instances_of(MODELS.make(name), random_instances(count, rng), rng))


@every_model
def test_a_model_is_a_frozen_dataclass_with_a_name_and_defaults(name):
    kind = MODELS[name]
    assert is_dataclass(kind)
    assert kind.__dataclass_params__.frozen
    assert kind().name == name


@every_model
def test_every_parameter_says_what_it_is(name):
    assert all(parameter.param.help for parameter in parameters(MODELS.make(name)))


@every_model
def test_a_model_is_made_again_of_what_it_is_set_to(name):
    for instance in drawn(name):
        values = {each.name: each.default for each in parameters(instance.model)}
        assert changed(MODELS.make(name), values) == instance.model


@every_model
def test_an_instance_has_a_ladder_per_venue_or_two_in_chunks_of_the_step(name):
    for instance in drawn(name):
        for model in instance.model.variants():
            problem = replace(instance, model=model).problem()
            assert len(problem.names) == len(instance.venues) * (1 + model.posts)
            assert problem.step == model.step
            assert problem.target == instance.size
            assert (problem.fills <= problem.step * (1 + 1e-9)).all()


@every_model
def test_an_instance_is_read_back_as_it_was_written(name, tmp_path):
    path = tmp_path / "book.json"
    for instance in drawn(name):
        write_instance(instance, path)
        assert json.loads(path.read_text())["model"]["name"] == name
        assert read_instance(path) == read_instance(path, MODELS[name]) == instance


@every_model
def test_of_another_models_book_the_step_is_taken(name, tmp_path):
    path = tmp_path / "book.json"
    for other in MODELS:
        (instance,) = drawn(other, 1)
        write_instance(instance, path)
        found = read_instance(path, MODELS[name])
        assert found.model.name == name
        assert found.model.step == instance.model.step
        assert replace(found, model=instance.model) == instance


@every_model
def test_the_same_seed_draws_the_same(name):
    assert drawn(name) == drawn(name)
    assert drawn(name) != drawn(name, seed=2)


@every_model
def test_doubts_are_lines_and_none_where_the_model_keeps_to_what_it_assumes(name):
    for instance in drawn(name):
        assert instance.model.doubts(instance.snapshot, instance.risk) == []
