"""What hostile code does in a real, hardened process under the real supervisor: its trial fails for
the right reason, the search goes on, and nothing of it remains.

At level 2, which every recent Linux reaches, as a process of its own; and at the highest that this
machine reaches, as a fork of one.
"""

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings as site_settings

from tests.services import PATIENCE, wait_for
from tuning.models import Dataset, HyperModel, Project, Trial, Worker
from tuning.protocol.events import Ready
from tuning.protocol.orders import ProjectOrder, SearchOrder, TrialOrder
from tuning.protocol.statuses import SearchStatus, Status
from tuning.splits import arranged
from tuning.storage import locks
from tuning.supervisor import isolation, launch, runners
from tuning.supervisor.assignments import assignment_for
from tuning.supervisor.folders import adopt_orphans, runners_folder
from tuning.supervisor.fork_servers import fork_servers
from tuning.supervisor.runners import Device, RunnerProcess

from .conftest import UNITS_SPACE
from .real import real_slot

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

MAIN = Path(__file__).with_name("hostile_main.py")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
MB = 1024 * 1024
# Part of the command line of processes that leave their environment behind.
TOKEN = f"86400.{os.getpid()}"
Run = Callable[[str], Trial]


@pytest.fixture(params=[2, isolation.HIGHEST_LEVEL])
def level(request: pytest.FixtureRequest, settings: Any) -> int:
    settings.SANDBOX_LEVEL = request.param
    settings.RUNNER_PROCESSES = 150
    settings.RUNNER_DISK_MB = 100
    settings.RUNNER_FILE_SIZE_MB = 40
    return isolation.level()


@pytest.fixture
def run(
    level: int, digits: Path, worker: Worker, project: Project, make_search: Any, monkeypatch: Any
) -> Iterator[Run]:
    """A function that runs a search whose first trial is hostile, and returns that trial."""
    adopt_orphans()
    monkeypatch.setattr(launch, "MAIN", MAIN)
    if level > 2:
        wait_for(lambda: fork_servers.prepare(Device(threads=1)), "the fork server")
    Dataset.objects.filter(pk=project.dataset_id).update(folder=digits.name)

    def run(code: str) -> Trial:
        before = left_behind(), sorted(runners_folder().iterdir())
        code = "import os, sys, time\n" + textwrap.dedent(code)
        HyperModel.objects.filter(pk=project.hypermodel_id).update(code=code)
        project.refresh_from_db()
        search = make_search(space=UNITS_SPACE, max_trials=2, epochs=1, time_limit=300)
        slot = real_slot(worker, megabytes=400, start=RunnerProcess)
        slot.run()
        first, second = search.trials.order_by("number")
        assert second.status == Status.COMPLETED, second.failure_message
        search.refresh_from_db()
        assert search.status == SearchStatus.COMPLETED
        assert (left_behind(), sorted(runners_folder().iterdir())) == before
        return first

    yield run
    fork_servers.close()


def left_behind() -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            home = process.environ().get("HOME", "")
        except psutil.Error:
            continue
        if home.startswith(str(runners_folder())) or TOKEN in command:
            found.append(f"{process.pid} {command}")
    return found


BOMBS = {
    "children": "for _ in range(300):\n    if os.fork() == 0: time.sleep(600)\ntime.sleep(600)",
    "exponential": "for _ in range(9): os.fork()\ntime.sleep(600)",
    "detached": """
        for _ in range(300):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0: time.sleep(600)
                os._exit(0)
        time.sleep(600)
        """,
    "threads": """
        import threading
        for _ in range(300): threading.Thread(target=time.sleep, args=(600,)).start()
        time.sleep(600)
        """,
    "generations": """
        # Each child forks the next one and ends: no look at the processes finds them all.
        if os.fork() == 0:
            os.setsid()
            end = time.time() + 20
            while time.time() < end:
                for _ in range(3):
                    if os.fork() == 0: break
                else: time.sleep(0.01)
        time.sleep(600)
        """,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_of_processes_ends(bomb: str, run: Run) -> None:
    trial = run(BOMBS[bomb])
    assert (trial.status, trial.failure_code) == (Status.FAILED, "too_many_processes")


def test_a_trial_goes_behind_its_worker(run: Run) -> None:
    """Else a thousand busy processes keep those waiting that end them."""
    trial = run("raise ValueError(f'it runs at {os.nice(0)}')")
    # Nothing goes behind 19, where a person may run these tests.
    assert trial.failure_message.endswith(f"it runs at {min(os.nice(0) + 10, 19)}")


def test_a_trial_cannot_become_root_whose_processes_nobody_counts(run: Run) -> None:
    trial = run("os.setresuid(0, 0, 0)")
    assert "PermissionError" in trial.failure_message


def test_threads_that_a_trial_leaves_are_not_the_next_ones_fault(run: Run) -> None:
    trial = run("""
        import threading
        for _ in range(300):
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        """)
    assert trial.failure_code in ("", "too_many_processes")


HOGS = {
    "in a detached process": """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                hog = [bytearray(50 * 2**20) for _ in range(12)]
                time.sleep(600)
            os._exit(0)
        time.sleep(600)
        """,
    "in a file of memory": """
        files = [os.memfd_create(str(n)) for n in range(20)]
        for file in files: os.write(file, bytes(30 * 2**20))
        time.sleep(600)
        """,
}


@pytest.mark.parametrize("hog", HOGS)
def test_memory_counts_wherever_it_is(hog: str, run: Run) -> None:
    trial = run(HOGS[hog])
    assert (trial.status, trial.failure_code) == (Status.FAILED, "out_of_memory")


def test_shared_memory_is_refused_or_counts_as_memory(run: Run, level: int) -> None:
    trial = run("""
        for n in range(20):
            with open(f"/dev/shm/tuneroom-test-{n}", "wb") as file: file.write(bytes(30 * 2**20))
        time.sleep(600)
        """)
    code = "out_of_memory" if level >= isolation.OWN_VIEW else "code_error"
    assert (trial.status, trial.failure_code) == (Status.FAILED, code)
    assert list(SHARED_MEMORY.glob("tuneroom-test-*")) == []


FILLERS = {
    "one large file": """
        with open("large", "wb") as file:
            for _ in range(60): file.write(bytes(2**20))
        """,
    "many files": """
        for n in range(20):
            with open(f"file{n}", "wb") as file: file.write(bytes(10 * 2**20))
        time.sleep(600)
        """,
    "files with holes": """
        for n in range(20):
            with open(f"file{n}", "wb") as file: file.truncate(10 * 2**20)
        time.sleep(600)
        """,
    "files without a name": """
        files = []
        for n in range(20):
            file = open("file", "wb")
            os.unlink("file")
            file.write(bytes(10 * 2**20))
            file.flush()
            files.append(file)
        time.sleep(600)
        """,
    "Keras's cache": """
        os.makedirs(os.environ["KERAS_HOME"], exist_ok=True)
        for n in range(20):
            with open(os.environ["KERAS_HOME"] + f"/file{n}", "wb") as file:
                file.write(bytes(10 * 2**20))
        time.sleep(600)
        """,
    "empty files": """
        for n in range(500): open(f"file{n}", "w").close()
        time.sleep(600)
        """,
    "folders": """
        for n in range(500): os.mkdir(f"folder{n}")
        time.sleep(600)
        """,
}


@pytest.mark.parametrize("filler", FILLERS)
def test_a_full_folder_ends_the_trial(filler: str, run: Run, monkeypatch: Any) -> None:
    monkeypatch.setattr("tuning.supervisor.usage.MAX_FILES", 300)
    monkeypatch.setattr("tuning.supervisor.limits.MAX_FILES", 300)
    trial = run(FILLERS[filler])
    assert (trial.status, trial.failure_code) == (Status.FAILED, "too_much_disk")


def test_an_endless_log_is_cut(run: Run, monkeypatch: Any) -> None:
    monkeypatch.setattr(runners, "MAX_LOG", 1 * MB)
    trial = run("""
        for _ in range(30):
            sys.stdout.write("x" * 2**20)
            time.sleep(0.05)
        print("the end")
        """)
    assert trial.status == Status.COMPLETED
    assert trial.log_tail.endswith("the end\n")


def test_nothing_of_others_can_be_read(run: Run, worker: Worker, tmp_path: Path) -> None:
    """The worker, the site, the database, other teams' files and other runners."""
    upload = Path(site_settings.UPLOADS_ROOT) / "somebodys-upload"
    other = Path(site_settings.DATASETS_ROOT) / "other-dataset" / "x.npy"
    other.parent.mkdir(exist_ok=True)
    database = tmp_path / "db.sqlite3"
    for path in (upload, other, database):
        path.write_text("somebody else's")
    base = Path(site_settings.BASE_DIR)
    neighbour = RunnerProcess(Device())
    try:
        assert neighbour.read(timeout=PATIENCE) == Ready()
        processes = [os.getpid(), *(process.pid for process in neighbour._tree())]
        files = [
            upload, other, database, Path(site_settings.DATA_ROOT) / "secret_key",
            base / "webapp" / "settings.py", base / "manage.py", base / "tuning" / "models",
            neighbour.folder, neighbour.folder / "log.txt", Path("/etc/shadow"),
            *(Path(f"/proc/{pid}/{name}") for pid in processes for name in ("environ", "mem", "fd",
              "fd/0", "fd/1", "fd/2", "fd/3", "fd/4", "root", "cwd", "maps")),
        ]  # fmt: skip
        trial = run(f"""
            got = []
            for path in {[str(path) for path in files]}:
                for attempt in (lambda: open(path, "rb").read(1), lambda: os.listdir(path),
                                lambda: open(path, "r+b", buffering=0).write(b"x")):
                    try:
                        attempt()
                        got.append(path)
                    except OSError:
                        pass
            for pid in {processes}:
                # The numbers 1 and 2 are its own, in a namespace.
                try:
                    os.kill(pid, 0)
                    got.append(pid)
                except OSError:
                    pass
            got += [name for name in os.environ if "SECRET" in name or "DATABASE" in name]
            raise ValueError(f"got {{got}}")
            """)
    finally:
        neighbour.kill()
        upload.unlink()
        other.unlink()
        other.parent.rmdir()
    assert trial.failure_code == "code_error"
    assert trial.failure_message.endswith("got []")


def test_what_a_trial_detaches_ends_with_it(run: Run, tmp_path: Path) -> None:
    trial = run(f"""
        import subprocess
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for descriptor in range(3, 50):
                    try: os.close(descriptor)
                    except OSError: pass
                # Without the environment by which it could be known, and without the signal that
                # a parent's death would send.
                os.execve("/bin/sleep", ["sleep", "{TOKEN}"], {{}})
            os._exit(0)
        time.sleep(0.5)
        """)
    assert trial.status == Status.COMPLETED


def test_neither_guardian_nor_supervisor_can_be_ended(run: Run) -> None:
    trial = run(f"""
        for pid in (os.getppid(), {os.getpid()}, -1):
            try: os.kill(pid, 9)
            except OSError: pass
        time.sleep(0.2)
        raise ValueError("still here")
        """)
    assert "still here" in trial.failure_message


CHANNEL = {
    "closed": ("os.closerange(3, 100); time.sleep(600)", "killed", "closed its channel"),
    "garbage": (
        """
        for descriptor in range(3, 100):
            try: os.write(descriptor, b"x" * 100 + b"\\n")
            except OSError: pass
        time.sleep(600)
        """,
        "bad_event",
        "",
    ),
    "flood": (
        """
        line = b'{"event": "built", "parameters": 1, "summary": ""}\\n'
        for descriptor in range(3, 100):
            try:
                while True: os.write(descriptor, line)
            except OSError: pass
        """,
        "bad_event",
        "more than 500 events",
    ),
    "unfinished line": (
        """
        for descriptor in range(3, 100):
            try:
                while True: os.write(descriptor, b"x" * 4096)
            except OSError: pass
        """,
        "bad_event",
        "an unfinished line",
    ),
}


@pytest.mark.parametrize("what", CHANNEL)
def test_a_misused_channel_fails_its_own_trial(what: str, run: Run, monkeypatch: Any) -> None:
    monkeypatch.setattr("tuning.supervisor.supervise.MAX_NEWS", 500)
    code, reason, words = CHANNEL[what]
    trial = run(code)
    assert (trial.status, trial.failure_code) == (Status.FAILED, reason)
    assert words in trial.failure_message


LOCKING = """
import fcntl, os, time
from pathlib import Path
held = []
here, dataset = Path.cwd(), Path({dataset!r})
for place in (dataset, Path(os.environ["RUNNER_DOWNLOADS"]), here):
    for path in (place, *place.parents, *place.rglob("*"), *place.parent.glob("*")):
        try:
            held.append(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass
Path("locked").touch()
time.sleep(600)
"""


def test_locks_on_all_that_a_trial_sees_hold_nobody_up(
    level: int, digits: Path, project: Project, make_search: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(launch, "MAIN", MAIN)
    monkeypatch.setattr(arranged, "LARGE", 1)
    take = locks.take
    order = ProjectOrder(LOCKING.format(dataset=str(digits)), str(digits), project.split)
    rows = arranged.arranged_folder(digits, project.split)
    runner, dataset = RunnerProcess(Device()), os.open(digits, os.O_RDONLY)
    try:
        runner.send(SearchOrder(order, "loss", "min", False, 1, 1, 1, "", 1, ""))
        runner.send(TrialOrder("baseline", {}, 1))
        wait_for((runner.folder / "locked").exists, "the runner's locks")
        assert not take(dataset), "a runner can lock what it only reads"
        monkeypatch.setattr(locks, "take", lambda file: take(file) or pytest.fail("it waits"))
        assignment_for(Trial(search=make_search(), number=50)).arrange(order)
        assert rows.exists()
    finally:
        os.close(dataset)
        runner.kill()
        shutil.rmtree(rows, ignore_errors=True)


def test_a_thread_that_a_trial_leaves_says_nothing_of_the_next(run: Run) -> None:
    """`run` sees that the next trial completes; this one's thread says that it failed."""
    trial = run("""
        import threading
        def go_on():
            for _ in range(100):
                time.sleep(0.005)
                for descriptor in range(3, 30):
                    try: os.write(descriptor, b'{"event": "failed", "code": "x", "message": ""}\\n')
                    except OSError: pass
        threading.Thread(target=go_on, daemon=True).start()
        """)
    assert trial.status == Status.COMPLETED


DYING_WORKER = """
import os, sys, time
import django
django.setup()
from pathlib import Path
from tuning.protocol.orders import ProjectOrder, SearchOrder, Split, TrialOrder
from tuning.supervisor import fork_servers, launch, runners
launch.MAIN = Path({main!r})
while {forked} and not fork_servers.fork_servers.prepare(runners.Device()):
    time.sleep(0.01)
runner = runners.RunnerProcess(runners.Device())
code = '''
import os, time, ctypes
ctypes.CDLL(None).prctl(1, 0)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: os.execve("/bin/sleep", ["sleep", "{token}"], {{}})
    os._exit(0)
os.execve("/bin/sleep", ["sleep", "{token}"], {{}})
'''
project = ProjectOrder(code, {dataset!r}, Split(0.7, 0.15, 0.15, 0, True))
runner.send(SearchOrder(project, "loss", "min", False, 1, 1, 1, "", 1, ""))
runner.send(TrialOrder("baseline", {{}}, 1))
time.sleep(600)
"""


@pytest.mark.parametrize("forked", [False, True])
def test_everything_ends_with_a_worker_that_is_killed(
    digits: Path, level: int, forked: bool
) -> None:
    code = DYING_WORKER.format(main=str(MAIN), token=TOKEN, dataset=str(digits), forked=forked)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "SANDBOX_LEVEL": str(level),
        "TUNEROOM_DATA": str(site_settings.DATA_ROOT),
    }
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, cwd=site_settings.BASE_DIR
    ) as dying:
        try:
            await_sleepers(2)
        finally:
            dying.kill()
    await_sleepers(0)


def await_sleepers(count: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(found := left_behind()) != count and time.monotonic() < end:
        time.sleep(0.05)
    assert len(found) == count, found
