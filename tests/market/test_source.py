"""How much of a file is read."""

from __future__ import annotations

import gzip
import os
import threading

import pyarrow as pa
import pytest

from sor_opt.errors import ConfigError
from sor_opt.market.loaders import load_tape
from sor_opt.market.loaders import source as source_module
from sor_opt.market.loaders.source import Source


def test_rows_of_csv_are_counted_before_they_are_read(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text("ts,venue,bid,bid_size,ask,ask_size\n" + ",,,,,\n" * 1000)
    with pytest.raises(ConfigError, match="holds 1,001 rows of 6 columns, more than 40,000 bytes"):
        load_tape(path, max_bytes=40_000)


def test_a_small_file_of_endless_content_takes_no_memory(tmp_path, monkeypatch):
    """Content beyond the part that is kept is counted, and read again only if it is wanted."""
    path = tmp_path / "q.csv.gz"
    text = b"ts,venue,bid,bid_size,ask,ask_size\n1700000000000000000,A,1,1,2,1\n"
    path.write_bytes(gzip.compress(text + b"\n" * 30 * 2**20))
    monkeypatch.setattr(source_module, "_KEPT", 2**20)
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(ConfigError, match="more than 20,000,000 bytes"):
        load_tape(path, max_bytes=20_000_000)
    assert pa.default_memory_pool().max_memory() - before < 8 * 2**20
    assert len(load_tape(path).quotes) == 1


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_the_content_lies_in_arrow_s_memory(tmp_path, compress):
    """A thread of Arrow's that releases a Python object while Python exits aborts the process."""
    path = tmp_path / "content"
    path.write_bytes(compress(bytes(range(1, 256)) * 10_000))
    before = pa.total_allocated_bytes()
    source = Source.open(path)
    assert source.data.size == 2_550_000
    assert pa.total_allocated_bytes() - before >= 2_550_000


def test_a_pipe_is_read(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = b"ts,venue,bid,bid_size,ask,ask_size\n1700000000000000000,A,1,1,2,1\n"
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    assert len(load_tape(path).quotes) == 1
    writer.join()
