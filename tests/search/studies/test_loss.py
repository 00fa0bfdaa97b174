"""Files that vanish, are replaced, fill their disk, or may not be written."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from search_fakes import SPACE, Staircase, points

from sor_opt.errors import StorageError
from sor_opt.search.studies import sqlite
from sor_opt.search.studies.history import find, studies
from sor_opt.search.studies.storage import open_storage, read_storage
from sor_opt.search.studies.study import StudyRun, run_study


def remove(path):
    path.unlink()


def remove_all(path):
    for part in path.parent.iterdir():
        part.unlink()


def remove_folder(path):
    shutil.rmtree(path.parent)


def move_away(path):
    path.rename(path.with_name("elsewhere.db"))


def replace_by_text(path):
    other = path.with_name("other")
    other.write_text("{}")
    other.replace(path)


def replace_by_database(path):
    run_study(StudyRun("of another", Staircase(), SPACE, "grid", 2, str(path) + "2"))
    Path(str(path) + "2").replace(path)


REMOVALS = (remove, remove_all, remove_folder, move_away)
REPLACEMENTS = (replace_by_text, replace_by_database)


@dataclass(frozen=True)
class Vanishing(Staircase):
    """Takes the file away at its fifth evaluation, whoever makes it."""

    path: Path = Path()
    take: object = None

    def __call__(self, params):
        outcome = super().__call__(params)
        if len(self.log.read_text().splitlines()) == 5:
            self.take(self.path)
        return outcome


def run(database, tmp_path, take, trials=20, **more):
    objective = Vanishing(tmp_path / "log", path=Path(database), take=take)
    return StudyRun("one", objective, SPACE, "random", trials, database, **more)


def first(database):
    """Make a study of three trials, and a second study in the same file."""
    run_study(StudyRun("two", Staircase(), SPACE, "grid", 4, database))
    run_study(StudyRun("one", Staircase(), SPACE, "random", 3, database))


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("take", [*REMOVALS, *REPLACEMENTS])
def test_a_file_that_vanishes_is_noticed_and_what_it_held_is_kept(take, batch, database, tmp_path):
    first(database)
    with pytest.raises(StorageError) as error:
        run_study(run(database, tmp_path, take, batch=batch))
    what = "removed" if take in REMOVALS else "replaced by another file"
    kept = Path(database).with_name("studies-rescued-1.db")
    assert str(error.value) == (
        f"{database} was {what} during the run; all that it held is kept in {kept}: go on with "
        f"--storage {kept}"
    )
    whole = run_study(StudyRun("one", Staircase(), SPACE, "random", 20, storage=None)).history
    with read_storage(str(kept)) as opened:
        assert [history.name for history in studies(opened)] == ["one", "two"]
        history = find(opened, "one")
        assert history.running == history.failed == 0
        count = 3 + 5 if batch == 1 else 3 + 8  # up to the trial, or the batch, that was under way
        assert points(history) == points(whole)[:count]
    resumed = run_study(StudyRun("one", Staircase(), SPACE, "random", 20, str(kept)))
    assert points(resumed.history) == points(whole)


def test_the_file_that_took_the_place_is_left_as_it_is(database, tmp_path):
    first(database)
    with pytest.raises(StorageError, match="was replaced by another file"):
        run_study(run(database, tmp_path, replace_by_database))
    names = {part.name for part in Path(database).parent.iterdir()}
    assert not {"studies.db-wal", "studies.db-shm"} & names
    with read_storage(database) as opened:
        assert [history.name for history in studies(opened)] == ["of another"]
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_that_vanishes_at_the_last_trial_is_noticed(database, tmp_path):
    with pytest.raises(StorageError, match="was removed during the run; all that it held"):
        run_study(run(database, tmp_path, remove, trials=5))
    kept = str(Path(database).with_name("studies-rescued-1.db"))
    with read_storage(kept) as opened:
        assert len(find(opened, "one").trials) == 5


def test_workers_notice_it_too(database, tmp_path):
    with pytest.raises(StorageError, match="was removed during the run; all that it held is kept"):
        run_study(run(database, tmp_path, remove, workers=2))
    kept = Path(database).with_name("studies-rescued-1.db")
    assert not Path(database).with_name("studies-rescued-2.db").exists()
    with read_storage(str(kept)) as opened:
        assert len(find(opened, "one").trials) >= 5


def test_an_error_of_the_objective_does_not_hide_the_loss(database, tmp_path):
    class Raising(Vanishing):
        def __call__(self, params):
            super().__call__(params)
            if not self.path.exists():
                raise RuntimeError("broken")
            return Staircase()(params)

    objective = Raising(tmp_path / "log", path=Path(database), take=remove)
    with pytest.raises(StorageError, match="was removed during the run; all that it held is kept"):
        run_study(StudyRun("one", objective, SPACE, "grid", 20, database))


def test_each_rescue_has_a_name_of_its_own(database, tmp_path):
    for number in (1, 2):
        (tmp_path / "log").unlink(missing_ok=True)
        with pytest.raises(StorageError, match=f"studies-rescued-{number}.db"):
            run_study(run(database, tmp_path, remove))


def test_what_cannot_be_kept_is_reported(database, tmp_path):
    def take(path):
        shutil.rmtree(path.parent)
        path.parent.write_text("a file in the folder's place")

    with pytest.raises(StorageError) as error:
        run_study(run(database, tmp_path, take))
    assert str(error.value) == (
        f"{database} was removed during the run, and what it held is lost: File exists"
    )


def test_a_file_that_is_moved_away_and_back_is_the_same(database, tmp_path):
    def take(path):
        path.rename(tmp_path / "away")
        (tmp_path / "away").rename(path)

    assert run_study(run(database, tmp_path, take)).finished == 20


@pytest.mark.parametrize("batch", [1, 10])
def test_a_full_disk_is_reported_and_keeps_what_was_saved(batch, database, monkeypatch, read):
    """SQLite's own limit of pages raises what a full disk does."""
    run_study(StudyRun("one", Staircase(), SPACE, "random", 2, database))
    pages = os.path.getsize(database) // 4096 + 4
    limit = f"PRAGMA max_page_count={pages}"
    with monkeypatch.context() as patch:
        patch.setattr("sor_opt.search.studies.storage.WRITING", (*sqlite.WRITING, limit))
        with pytest.raises(StorageError) as error:
            run_study(StudyRun("one", Staircase(), SPACE, "random", 900, database, batch=batch))
    assert str(error.value) == (
        f"{database}: database or disk is full; make room there; the same command then goes on "
        "from what is saved"
    )
    saved = len(read(database, "one").trials)
    assert saved > 2
    result = run_study(StudyRun("one", Staircase(), SPACE, "random", saved + 5, database))
    whole = run_study(StudyRun("one", Staircase(), SPACE, "random", saved + 5, storage=None))
    assert points(result.history) == points(whole.history)


def test_a_full_file_system_is_reported(tmp_path):
    """The same on a disk that is full; only root can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    try:
        study = StudyRun("one", Staircase(), SPACE, "random", 900, str(folder / "s.db"))
        with pytest.raises(StorageError, match=r"s\.db: database or disk is full; make room there"):
            run_study(study)
        with read_storage(study.storage) as opened:
            assert 0 < len(find(opened, "one").trials) < 900
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def locked_folder():
    """A folder that others than root may reach, and that is made read-only by `seal`."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
        os.chmod(folder, 0o755)


def seal(folder, file_mode=0o444):
    for part in folder.iterdir():
        part.chmod(file_mode)
    folder.chmod(0o555)


def without_rights(function):
    """Run a function in a process that no permission is waived for, and give its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            code = function()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def count(path):
    with read_storage(str(path)) as opened:
        return len(find(opened, "one").trials) + 10 * len(studies(opened))


@pytest.mark.parametrize("folder_too", [True, False])
def test_studies_are_read_without_the_right_to_write(folder_too, locked_folder):
    path = locked_folder / "s.db"
    run_study(StudyRun("one", Staircase(), SPACE, "grid", 7, str(path)))
    seal(locked_folder)
    if not folder_too:
        locked_folder.chmod(0o777)
    before = {part.name: part.stat().st_mtime_ns for part in locked_folder.iterdir()}
    assert without_rights(lambda: count(path)) == 17
    assert {part.name: part.stat().st_mtime_ns for part in locked_folder.iterdir()} == before


def test_a_log_that_a_kill_left_behind_is_read_with_the_file(locked_folder, start):
    path = locked_folder / "s.db"
    run_study(StudyRun("one", Staircase(), SPACE, "grid", 1, str(path)))
    slow = StudyRun("one", Staircase(seconds=0.1), SPACE, "grid", 27, str(path))
    process = start(run_study, slow)
    while count(path) < 14:
        time.sleep(0.05)
    process.kill()
    process.join()
    assert path.with_name("s.db-wal").stat().st_size > 0
    seal(locked_folder)
    alone = locked_folder / "s.db-shm"
    locked_folder.chmod(0o755)
    alone.unlink()
    seal(locked_folder)
    read = without_rights(lambda: count(path))
    assert 14 <= read < 37
    locked_folder.chmod(0o755)
    for part in locked_folder.iterdir():
        part.chmod(0o644)
    assert count(path) == read


def test_a_study_that_another_user_runs_is_read(locked_folder):
    path = locked_folder / "s.db"
    run_study(StudyRun("one", Staircase(), SPACE, "grid", 3, str(path)))
    with open_storage(str(path)) as opened:
        find(opened, "one")
        seal(locked_folder)
        assert without_rights(lambda: count(path)) == 13


def test_what_must_be_written_says_so_where_it_may_not(locked_folder):
    path = locked_folder / "s.db"
    study = StudyRun("one", Staircase(), SPACE, "grid", 3, str(path))
    run_study(study)
    seal(locked_folder)

    def refused():
        try:
            run_study(study)
        except StorageError as error:
            return 5 if str(error) == f"{path}: cannot be written: Permission denied" else 6
        return 7

    assert without_rights(refused) == 5


def test_reading_changes_no_byte_and_makes_no_file(database):
    run_study(StudyRun("one", Staircase(), SPACE, "grid", 3, database))
    path = Path(database)
    path.with_name("studies.db.lock").unlink()
    before = path.read_bytes()
    assert count(path) == 13
    assert path.read_bytes() == before
    assert [part.name for part in path.parent.iterdir()] == ["studies.db"]


def test_reading_does_not_wait_for_whoever_holds_the_lock(database, start):
    run_study(StudyRun("one", Staircase(), SPACE, "grid", 3, database))

    def hold():
        from sor_opt.search.studies.locks import Key

        with open_storage(database) as opened:
            opened.locks.attempt(Key())
            time.sleep(60)

    start(hold)
    time.sleep(0.5)
    began = time.monotonic()
    assert count(database) == 13
    assert time.monotonic() - began < 5


def test_a_database_that_is_only_half_made_holds_no_studies(database):
    Path(database).parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE studies (study_id INTEGER)")
    with pytest.raises(StorageError, match="holds no studies; use FILE"), read_storage(database):
        pass


@pytest.mark.parametrize("use", [open_storage, read_storage])
def test_a_damaged_file_is_reported(use, database):
    run_study(StudyRun("one", Staircase(), SPACE, "grid", 3, database))
    with open(database, "r+b") as stream:
        stream.seek(100)
        stream.write(b"\xff" * 8000)
    with (
        pytest.raises(StorageError, match="malformed; another program has written into it; put"),
        use(database) as opened,
    ):
        find(opened, "one")
