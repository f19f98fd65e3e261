"""`make images`: both images build, and Tuneroom runs from them, without Docker.

Debian's debootstrap makes the base, buildah builds the very Dockerfiles on it. Set-up, site, worker
and scheduler then run as user 1000 against a PostgreSQL and a Redis of this machine, and a search
comes to its end. Needs root, the network for the packages, and some 12 GB for a while.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.programs import PATIENCE, NotInstalled, Postgres, free_port, program  # noqa: E402

# What the Dockerfiles are built on. Its Python is Debian's, which is another version.
BASE = "docker.io/library/python:3.12-slim"
PACKAGES = "python3,python3-pip,ca-certificates"
PROGRAMS = (("buildah",), ("debootstrap",), ("redis-server", "valkey-server"), ("postgres",))
IMAGES = {"tuneroom-web": "Dockerfile.web", "tuneroom-worker": "Dockerfile.worker"}
USER = 1000
TRIALS = 2
# How this machine reaches package indexes, in the builds as well.
PIP = ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")


class Buildah:
    def __init__(self, folder: Path) -> None:
        self._command = [
            program("buildah"), "--root", str(folder / "storage"), "--runroot",
            str(folder / "run"), "--storage-driver", os.environ.get("STORAGE_DRIVER", "overlay"),
        ]  # fmt: skip

    def __call__(self, *words: str, quiet: bool = True) -> str:
        done = subprocess.run(
            [*self._command, *words], cwd=ROOT, check=True, text=True,
            stdout=subprocess.PIPE if quiet else None,
        )  # fmt: skip
        return (done.stdout or "").strip()

    def running(self, container: str, settings: dict[str, str], data: Path) -> list[str]:
        """The command before one that runs in the container, as the user of the image."""
        given = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
        return [
            *self._command, "run", "--isolation", "chroot", "--user", f"{USER}:{USER}",
            "--volume", f"{data}:/data", *given, container, "--",
        ]  # fmt: skip


def main() -> None:
    if os.geteuid():
        raise SystemExit("buildah needs root here: sudo make images")
    try:
        for names in PROGRAMS:
            program(*names)
    except NotInstalled as error:
        packages = "buildah debootstrap redis-server postgresql"
        raise SystemExit(f"{error}. Debian's packages: {packages}") from None
    with tempfile.TemporaryDirectory(prefix="tuneroom-images-", dir="/var/tmp") as name:
        folder = Path(name)
        # What buildah copies on its way lies with the rest, and goes with it.
        os.environ["TMPDIR"] = name
        # PostgreSQL is another user.
        folder.chmod(0o755)
        buildah = Buildah(folder)
        try:
            with _timed("base"):
                _make_base(buildah, folder / "base")
            for image, file in IMAGES.items():
                with _timed(image):
                    _build(buildah, image, file)
            with _timed("a search from the images"):
                _search(buildah, folder)
        finally:
            buildah("rm", "--all")
            buildah("rmi", "--all", "--force")
    print("Both images build, and a search came to its end in them.")


def _make_base(buildah: Buildah, folder: Path) -> None:
    subprocess.run(
        [program("debootstrap"), "--variant=minbase", f"--include={PACKAGES}", _release(), folder],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    for marker in folder.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    (folder / "usr" / "local" / "bin" / "python").symlink_to("/usr/bin/python3")
    container = buildah("from", "scratch")
    buildah("copy", container, str(folder), "/")
    buildah("commit", "--rm", container, BASE)


def _release() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("VERSION_CODENAME="))


def _build(buildah: Buildah, image: str, file: str) -> None:
    shared = [word for path in PIP if Path(path).exists() for word in ("-v", f"{path}:{path}:ro")]
    buildah(
        "bud", "--isolation", "chroot", "--pull=never", "--from", BASE, *shared,
        "--ignorefile", f"docker/{file}.dockerignore", "-f", f"docker/{file}", "-t", image, ".",
    )  # fmt: skip


def _search(buildah: Buildah, folder: Path) -> None:
    import psycopg

    data = folder / "data"
    data.mkdir()
    os.chown(data, USER, USER)
    web, worker = (buildah("from", "--pull=never", image) for image in IMAGES)
    for container in (web, worker):
        # The image's own volume would lie over the shared one.
        buildah("config", "--volume", "/data-", container)
    with _servers(folder) as (database, redis):
        settings = {
            "DATABASE_URL": database, "REDIS_URL": redis, "PORT": str(free_port()),
            "ALIVE_FOLDER": "/tmp", "TUNEROOM_ADMIN_PASSWORD": os.urandom(16).hex(),  # noqa: S108
        }  # fmt: skip
        in_web = buildah.running(web, settings, data)
        in_worker = buildah.running(worker, settings, data)
        manage = ["python", "manage.py"]
        subprocess.run([*in_worker, *manage, "bootstrap"], check=True)
        with contextlib.ExitStack() as stack:
            stack.enter_context(_started([*in_web, *manage, "up", "--only", "site"]))
            for part in ("worker", "scheduler"):
                stack.enter_context(_started([*in_worker, *manage, "up", "--only", part]))
            _wait_until_ready(f"http://127.0.0.1:{settings['PORT']}/ready/")
            subprocess.run(
                [*in_worker, *manage, "tune", "--dataset", "iris", "--template", "dense",
                 "--tuner", "random", "--max-trials", str(TRIALS), "--epochs", "2", "--retrain",
                 "--output", "/data/best.keras"],
                check=True,
            )  # fmt: skip
        with psycopg.connect(database) as connection:
            sql = "SELECT count(*) FROM tuning_trial WHERE status = 'completed'"
            row = connection.execute(sql).fetchone()
    assert row == (TRIALS,), row
    assert (data / "best.keras").stat().st_uid == USER


@contextlib.contextmanager
def _servers(folder: Path) -> Iterator[tuple[str, str]]:
    """The addresses of an empty database and a broker."""
    import psycopg

    (folder / "postgres").mkdir()
    server, port = Postgres(folder / "postgres"), free_port()
    command = [
        program("redis-server", "valkey-server"), "--port", str(port), "--save", "",
        "--appendonly", "no", "--dir", str(folder),
    ]  # fmt: skip
    with _started(command):
        server.start()
        try:
            with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE tuneroom")
            yield f"{server.url}/tuneroom", f"redis://127.0.0.1:{port}/0"
        finally:
            server.stop()


@contextlib.contextmanager
def _started(command: Sequence[str]) -> Iterator[None]:
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(url: str) -> None:
    end = time.monotonic() + PATIENCE
    # No proxy leads to this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < end:
        # Until there is a worker, it answers that it is not ready.
        with contextlib.suppress(OSError), opener.open(url, timeout=10) as answer:
            print(answer.read().decode())
            return
        time.sleep(1)
    raise SystemExit(f"{url} was not ready after {PATIENCE:g} s.")


@contextlib.contextmanager
def _timed(what: str) -> Iterator[None]:
    print(f"--- {what}", flush=True)
    began = time.monotonic()
    yield
    print(f"    {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
