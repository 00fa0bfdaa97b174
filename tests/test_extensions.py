"""A user's own classes, from files."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from sor_opt.errors import ConfigError
from sor_opt.extensions import dumps, is_place, load_class, own_error, source_digest
from sor_opt.policies.registry import ROUTERS
from sor_opt.policies.routers.base import Router
from sor_opt.policies.routers.best_ask import BestAsk

ROUTER = """\
from dataclasses import dataclass

from sor_opt import Router


@dataclass(frozen=True)
class Nothing(Router):
    part: float = 0.5

    def split(self, view, due):
        return view.ask_left * 0 / view.nothing
"""


@pytest.fixture
def mine(tmp_path):
    def write(text=ROUTER, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_place_is_a_file_and_a_class():
    assert is_place("path/to/mine.py:Class")
    assert not is_place("best-ask")
    assert not is_place("price:1s")


def test_a_class_is_loaded_once_and_found_by_a_registry(mine):
    where = f"{mine()}:Nothing"
    kind = ROUTERS.find(where)
    assert issubclass(kind, Router)
    assert kind is ROUTERS.find(where)
    assert ROUTERS.make(where).part == 0.5
    assert kind.name == "Nothing"


def test_the_source_tells_classes_apart(mine):
    one = load_class(f"{mine()}:Nothing", Router)
    other = load_class(f"{mine(ROUTER + '# more', 'other.py')}:Nothing", Router)
    assert source_digest(one) != source_digest(other)
    assert source_digest(BestAsk) is None
    assert source_digest(TestSource) is not None


class TestSource:
    pass


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1\ny = (\n", "mine.py, line 2: '(' was never closed"),
        ("x = 1\ny = x / 0\n", "mine.py, line 2: ZeroDivisionError: division by zero"),
        ("import nowhere_to_be_found\n", "mine.py, line 1: ModuleNotFoundError"),
        ("class Other: pass\n", "mine.py holds no class 'Nothing'; it holds Other"),
        ("\nclass Nothing: pass\n", "mine.py, line 2: Nothing is no subclass of Router"),
        (
            "from sor_opt import Router\nclass Nothing(Router): pass\n",
            "mine.py, line 2: Nothing has no method split",
        ),
    ],
)
def test_a_broken_file_is_told_by_its_line(mine, text, problem):
    with pytest.raises(ConfigError, match=problem.replace("(", r"\(")):
        load_class(f"{mine(text)}:Nothing", Router)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"none.py: cannot be read"):
        load_class(f"{tmp_path}/none.py:Nothing", Router)


def test_a_failing_method_is_told_by_its_line(mine):
    router = ROUTERS.make(f"{mine()}:Nothing")
    with pytest.raises(AttributeError) as caught:
        router.split(type("View", (), {"ask_left": 1})(), 1.0)
    assert str(own_error(caught.value)).endswith(
        "mine.py, line 11: AttributeError: 'View' object has no attribute 'nothing'"
    )
    with pytest.raises(ZeroDivisionError) as other:
        _ = 1 / 0
    assert own_error(other.value) is other.value


def test_another_process_loads_what_is_pickled_unless_it_has_changed(mine, tmp_path):
    path = mine()
    work = dumps(ROUTERS.make(f"{path}:Nothing"))
    assert pickle.loads(work) == ROUTERS.make(f"{path}:Nothing")
    (tmp_path / "work").write_bytes(work)
    script = f"import pickle; print(pickle.load(open({str(tmp_path / 'work')!r}, 'rb')))"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "Nothing(part=0.5)\n"
    path.write_text(ROUTER + "# changed")
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "has changed since the run began" in failed.stderr


def test_a_parameter_without_a_default_is_refused(mine):
    text = ROUTER.replace("part: float = 0.5", "part: float")
    with pytest.raises(ConfigError, match="the router Nothing needs a default for part"):
        ROUTERS.make(f"{mine(text)}:Nothing")


def test_a_name_that_nothing_has():
    with pytest.raises(ConfigError, match=r"no router 'mine'; there are best-ask, .*mine.py:Class"):
        ROUTERS.find("mine")


def test_the_flags_of_the_package_are_not_those_of_the_file(mine):
    text = ROUTER.replace("part: float = 0.5", "part: TYPE = 0.5")
    made = text.replace("@dataclass", "TYPE = float\n@dataclass").replace(
        "TYPE = 0.5", "float = 0.5"
    )
    path = mine(f"{made}\nASKED = Nothing.__annotations__\n")
    assert load_class(f"{path}:Nothing", Router).__annotations__ == {"part": float}


def test_a_method_that_does_not_take_what_it_is_called_with_is_told_by_its_class(mine):
    path = mine(ROUTER.replace("view, due", "view"))
    router = ROUTERS.make(f"{path}:Nothing")
    with pytest.raises(TypeError) as caught:
        router.split(None, 1.0)
    assert "mine.py, line 6: TypeError: Nothing.split() takes 2" in str(own_error(caught.value))


def test_a_class_that_is_made_by_a_call_is_loaded(mine):
    text = f"{ROUTER}\nMade = type('Made', (Nothing,), {{}})\nOther = type('Other', (), {{}})\n"
    path = mine(text)
    assert ROUTERS.make(f"{path}:Made").name == "Made"
    with pytest.raises(ConfigError, match=r"mine.py: Other is no subclass of Router"):
        ROUTERS.find(f"{path}:Other")


def test_no_text_is_told_without_a_line(mine):
    with pytest.raises(ConfigError, match=r"mine.py: source code .* null bytes"):
        load_class(f"{mine(chr(0))}:Nothing", Router)


def test_a_name_of_the_package_is_refused(mine):
    path = mine(ROUTER.replace("    part: float", "    name = 'best-ask'\n    part: float"))
    with pytest.raises(ConfigError, match="best-ask is the name of a router of the package"):
        ROUTERS.find(f"{path}:Nothing")


def test_a_base_beside_it_is_part_of_a_class(mine):
    mine(ROUTER, "base_of_mine.py")
    path = mine("from base_of_mine import Nothing\n\n\nclass Child(Nothing):\n    pass\n")
    before = source_digest(load_class(f"{path}:Child", Router))
    mine(f"{ROUTER}# edited\n", "base_of_mine.py")
    assert source_digest(load_class(f"{path}:Child", Router)) != before
