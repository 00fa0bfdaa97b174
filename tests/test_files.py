"""Outputs are whole or not there, wherever they go."""

from __future__ import annotations

import os
import threading

import pytest

from sor_opt.errors import ConfigError
from sor_opt.files import check_place, whole


def put(path, text="new"):
    with whole(path) as temporary:
        temporary.write_text(text)


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(TypeError):
        put(target, None)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_stays_one(tmp_path, there):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    if there:
        target.write_text("old")
    link.symlink_to(target)
    put(link)
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_gets_the_content_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    put(pipe)
    reader.join(timeout=10)
    assert found == ["new"]
    assert pipe.is_fifo()


def test_a_descriptor_and_a_device_get_the_content():
    end, start = os.pipe()
    put(f"/dev/fd/{start}")
    assert os.read(end, 10) == b"new"
    os.close(start)
    os.close(end)
    put(os.devnull)
    assert not os.path.isfile(os.devnull)


def test_a_place_of_no_use_is_refused_before_anything_is_made(tmp_path):
    (tmp_path / "file").write_text("")
    for place, reason in [
        (tmp_path, "it is a directory"),
        (tmp_path / "file" / "out.txt", "is no directory"),
    ]:
        with pytest.raises(ConfigError, match=reason):
            check_place(place)
    check_place(tmp_path / "new" / "out.txt")
    assert not (tmp_path / "new").exists()
