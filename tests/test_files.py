"""Outputs are whole or not there, wherever they go and whatever stops them."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

from sor_opt.errors import ConfigError, OutputError
from sor_opt.files import check_place, write_atomically


@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_stays_one(tmp_path, there):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    if there:
        target.write_text("old")
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.txt", "target.txt"]


def test_a_pipe_gets_the_content_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    write_atomically(pipe, b"new")
    reader.join(timeout=10)
    assert found == ["new"]
    assert pipe.is_fifo()


def test_a_descriptor_and_a_device_get_the_content():
    end, start = os.pipe()
    write_atomically(f"/dev/fd/{start}", b"new")
    assert os.read(end, 10) == b"new"
    os.close(start)
    os.close(end)
    write_atomically(os.devnull, b"new")
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


def test_any_name_that_the_system_can_have_can_be_written(tmp_path):
    longest = tmp_path / ("n" * 251 + ".txt")
    write_atomically(longest, b"new")
    assert longest.read_bytes() == b"new"


def test_a_name_that_the_system_cannot_have_is_reported_before_the_work(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for place, reason in [
        (tmp_path / ("n" * 256), "file name too long"),
        (loop, "too many levels of symbolic links"),
    ]:
        with pytest.raises(OutputError) as error:
            check_place(place)
        assert str(error.value) == f"cannot write {place}: {reason}"
        assert error.value.exit_code == 1


def test_a_name_that_is_too_long_in_a_folder_that_is_new_is_reported_too(tmp_path):
    place = tmp_path / "new" / ("n" * 256)
    with pytest.raises(OutputError, match=r"n: file name too long$"):
        write_atomically(place, b"")


def test_a_full_device_is_reported():
    with pytest.raises(OutputError) as error:
        write_atomically("/dev/full", b"new")
    assert str(error.value) == "cannot write /dev/full: no space left on device"


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of 64 kB, where the user may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_the_old_file_and_nothing_else(small_disk):
    target = small_disk / "out.txt"
    target.write_text("old")
    with pytest.raises(OutputError) as error:
        write_atomically(target, bytes(100_000))
    assert str(error.value) == f"cannot write {target}: no space left on device"
    assert target.read_text() == "old"
    assert list(small_disk.iterdir()) == [target]


def test_a_limit_on_the_size_of_files_keeps_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OutputError) as error:
            write_atomically(target, bytes(1001))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(error.value) == f"cannot write {target}: file too large"
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


SLOW_WRITER = """
import pathlib, signal, sys, time
from sor_opt.files import write_atomically
if "listening" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
pathlib.Path.replace = lambda *_: time.sleep(60)
write_atomically(sys.argv[1], b"new")
"""


@pytest.mark.parametrize(
    ("number", "how", "code"),
    [
        (signal.SIGTERM, "alone", -signal.SIGTERM),
        (signal.SIGHUP, "alone", -signal.SIGHUP),
        (signal.SIGINT, "alone", -signal.SIGINT),
        (signal.SIGTERM, "listening", 7),
    ],
)
def test_a_signal_keeps_the_old_file_and_nothing_else(tmp_path, number, how, code):
    target = tmp_path / "out.txt"
    target.write_text("old")
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER, str(target), how], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) == 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(list(tmp_path.iterdir())) == 2
    process.send_signal(number)
    assert process.wait(timeout=60) == code
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_signal_is_heard_as_before_once_the_file_is_there(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    write_atomically(tmp_path / "out.txt", b"new")
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before


def test_a_thread_writes_too(tmp_path):
    thread = threading.Thread(target=write_atomically, args=(tmp_path / "out.txt", b"new"))
    thread.start()
    thread.join(timeout=10)
    assert (tmp_path / "out.txt").read_bytes() == b"new"
