"""A machine joins a site by a token, over TLS: PostgreSQL and Redis with certificates of an
authority that only the site knew. It works with its own role and without the site's secret key, may
do nothing else, and ends when it is removed."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from kombu import Connection

from tests.certificates import Certificates, make_certificates
from tests.programs import NotInstalled, Postgres, free_port
from tests.services import (
    PATIENCE,
    ROOT,
    accepts,
    clean_environment,
    do_without,
    manage,
    program,
    wait_for,
)
from tuning.protocol.release import WORKER_PROTOCOL
from webapp import joined
from webapp.settings import checked_tls

pytestmark = pytest.mark.services

PASSWORD = "of-the-site's-own"


@dataclass(frozen=True)
class Servers:
    """Addresses as the site has them."""

    certificates: Certificates
    database: str
    redis: str


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    import psycopg

    made = make_certificates(tmp_path_factory.mktemp("certificates"))
    # PostgreSQL may be another user, who sees no folder of pytest.
    with tempfile.TemporaryDirectory(prefix="tuneroom-postgres-") as folder:
        try:
            server = Postgres(Path(folder))
        except NotInstalled as error:
            do_without(str(error))
        _serve_tls(server, made)
        server.start()
        try:
            socket = f"postgres://tuneroom@{quote(folder, safe='')}:{server.port}/postgres"
            with psycopg.connect(socket, autocommit=True) as connection:
                # As docs/deployment.md has it: no superuser.
                connection.execute("CREATE ROLE site LOGIN CREATEROLE PASSWORD 'secret'")
                connection.execute("CREATE DATABASE tuneroom OWNER site")
            database = (
                f"postgres://site:secret@localhost:{server.port}/tuneroom"
                f"?sslmode=verify-full&sslrootcert={made.authority}"
            )
            with redis_server(made) as port:
                redis = f"rediss://:secret@localhost:{port}/0?ssl_ca_certs={made.authority}"
                yield Servers(made, database, redis)
        finally:
            server.stop()


def _serve_tls(server: Postgres, certificates: Certificates) -> None:
    """It takes nothing else on its port, and passwords; its own user comes by the socket."""
    data = server.folder / "data"
    owner = data.stat()
    (data / "pg_hba.conf").write_text(
        "local all tuneroom trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
    )
    for source in (certificates.certificate, certificates.key):
        shutil.copy(source, data)
        (data / source.name).chmod(0o600)
        os.chown(data / source.name, owner.st_uid, owner.st_gid)
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(
            f"ssl = on\nssl_cert_file = '{certificates.certificate.name}'\n"
            f"ssl_key_file = '{certificates.key.name}'\n"
        )


class redis_server:  # noqa: N801  used like a function
    """A Redis (or Valkey) server that takes nothing but TLS and a password. Its port."""

    def __init__(self, certificates: Certificates) -> None:
        self._port = free_port()
        self._server = subprocess.Popen(
            [program("redis-server", "valkey-server"), "--port", "0",
             "--tls-port", str(self._port), "--bind", "127.0.0.1", "--requirepass", "secret",
             "--tls-cert-file", certificates.certificate, "--tls-key-file", certificates.key,
             "--tls-auth-clients", "no", "--save", "", "--appendonly", "no",
             "--dir", certificates.key.parent],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self) -> int:
        wait_for(lambda: accepts(self._port), "Redis is ready")
        return self._port

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(PATIENCE)


class Conversation:
    """With a process that answers each line by one."""

    def __init__(self, module: str, log: Path, **settings: str) -> None:
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"tests.system.{module}"], cwd=ROOT, text=True,
                env=clean_environment(**settings), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors,
            )  # fmt: skip

    def read(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, self._log.read_text()
        return line.strip()

    def ask(self, *words: str) -> str:
        assert self._process.stdin
        self._process.stdin.write(f"{' '.join(words)}\n")
        self._process.stdin.flush()
        return self.read()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(frozen=True)
class Site:
    url: str
    process: Conversation

    def ask(self, *words: str) -> str:
        return self.process.ask(*words)

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("report"))
        return found

    def post(self, token: str, protocol: int = WORKER_PROTOCOL) -> tuple[int, dict[str, Any]]:
        """What it answers to a machine."""
        body = json.dumps({"token": token, "protocol": protocol, "host": "box"}).encode()
        request = urllib.request.Request(f"{self.url}/machines/join/", body)  # noqa: S310  ours
        try:
            with urllib.request.urlopen(request) as response:  # noqa: S310
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture(scope="module")
def site(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    process = Conversation(
        "joined_site", folder / "log", TUNEROOM_DATA=str(folder / "data"), DEBUG="1",
        DATABASE_URL=servers.database, REDIS_URL=servers.redis,
        STORAGE_URL=f"file://{folder}/storage", CHECKPOINT_SECONDS="30",
    )  # fmt: skip
    yield Site(f"http://127.0.0.1:{process.read().split()[1]}", process)
    process.close()


def test_a_machine_joins_and_ends_when_it_is_removed(site: Site, tmp_path: Path) -> None:
    folder, token = tmp_path / "machine", site.ask("token", "gpu-1")
    environment = clean_environment(TUNEROOM_DATA=str(folder), SPARE_RUNNERS="0", SLOTS="1")
    join = ["worker", "--join", site.url, "--token", token]
    log = tmp_path / "worker.log"
    with log.open("w") as lines:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", *join], cwd=ROOT, env=environment,
            stdout=lines, stderr=lines,
        )  # fmt: skip
    try:
        name = f"gpu-1@{os.uname().nodename}"
        wait_for(lambda: name in site.report()["workers"] or worker.poll(), "the worker is online")
        assert worker.poll() is None, log.read_text()
        assert not (folder / "secret_key").exists()
        kept = folder / "joined.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert json.loads(kept.read_text())["settings"]["CHECKPOINT_SECONDS"] == "30"
        # The token is worth nothing now, also to whoever has read it on the way.
        other = manage(*join, environment={**environment, "TUNEROOM_DATA": str(tmp_path / "other")})
        assert "This token is not valid: it was used" in other.stderr
        site.ask("remove", "gpu-1")
        assert worker.wait(PATIENCE) == 0
    finally:
        worker.kill()
        worker.wait()
    assert f"it was removed from {site.url}" in log.read_text()
    report = site.report()
    assert (report["machines"], report["workers"]) == ([], [])
    assert report["acts"] == [
        "erin created a token for machine “gpu-1”",
        f"erin let machine “gpu-1” ({os.uname().nodename}) join by its token",
        "erin removed machine “gpu-1”",
    ]


def test_its_role_does_a_worker_s_work_and_nothing_else(site: Site, tmp_path: Path) -> None:
    token = site.ask("token", "gpu-2")
    status, answer = site.post(token, protocol=WORKER_PROTOCOL + 1)
    assert (status, list(answer)) == (403, ["error"])
    assert "This worker is newer than the database" in answer["error"]
    # That did not use it up.
    status, answer = site.post(token)
    assert (status, answer["name"]) == (200, "gpu-2")
    joined.save(tmp_path, {**answer, "site": site.url})

    worker = Conversation("joined_worker", tmp_path / "log", TUNEROOM_DATA=str(tmp_path))
    try:
        site.ask("work")
        worker.ask("work")
        site.ask("retrain")
        worker.ask("work")
        site.ask("ask")
        worker.ask("work")
        assert json.loads(worker.ask("rights")) == []
    finally:
        worker.close()
    report = site.report()
    assert set(report["trials"]) <= {"completed", "pruned"}
    assert (len(report["trials"]), report["search"]) == (4, ["completed"])
    assert (report["inspection"], report["datasets"]) == (["completed"], ["completed"] * 2)
    assert (report["model"], report["answers"]) == (["completed"], ["completed"])
    # The search's end and the model, of which alice hears.
    assert report["notifications"] >= 2


def test_certificates_are_checked(site: Site, servers: Servers, tmp_path: Path) -> None:
    import psycopg

    status, answer = site.post(site.ask("token", "gpu-3"))
    assert (status, sorted(answer["files"])) == (200, ["database-ca.pem", "redis-ca.pem"])
    joined.save(tmp_path, {**answer, "site": site.url})
    settings = {
        name: value.replace(joined.FOLDER, str(tmp_path))
        for name, value in answer["settings"].items()
    }
    with psycopg.connect(settings["DATABASE_URL"]) as connection:
        assert connection.pgconn.ssl_in_use
    with Connection(checked_tls(settings["REDIS_URL"])) as broker:
        queue = broker.SimpleQueue("celery")
        queue.put("hint")
        queue.get(timeout=PATIENCE).ack()
        # Celery's workers do so now and then: it takes a lock, which a script gives back.
        broker.default_channel.qos.restore_visible()
    _check_redis_rights(settings["REDIS_URL"])

    others = make_certificates(tmp_path / "others").authority
    for name in ("database", "redis"):
        (tmp_path / f"{name}-ca.pem").write_bytes(others.read_bytes())
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(settings["DATABASE_URL"])
    # Celery would take any certificate of an address without options.
    for url in (settings["REDIS_URL"], settings["REDIS_URL"].partition("?")[0]):
        with (
            Connection(checked_tls(url)) as broker,
            pytest.raises(broker.connection_errors) as error,
        ):
            broker.connect()
        assert "certificate verify failed" in str(error.value)


def test_a_role_that_a_former_database_left_is_replaced(
    site: Site, servers: Servers, tmp_path: Path
) -> None:
    import psycopg

    token = site.ask("token", "gpu-4")
    with psycopg.connect(servers.database, autocommit=True) as connection:
        row = connection.execute("SELECT id FROM tuning_machine WHERE name = 'gpu-4'").fetchone()
        assert row
        role = f"tuneroom_machine_{row[0]}"
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'former'")  # type: ignore[arg-type]
    status, answer = site.post(token)
    assert status == 200, answer
    joined.save(tmp_path, {**answer, "site": site.url})
    url = answer["settings"]["DATABASE_URL"].replace(joined.FOLDER, str(tmp_path))
    with psycopg.connect(url) as connection:
        assert connection.info.user == role
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url, password="former")


def _check_redis_rights(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.lpush("celery", "hint")
        for words in (
            ("FLUSHALL",), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("KEYS", "*"), ("SHUTDOWN",),
            ("SET", "others", "1"), ("EVAL", "return redis.call('SET', 'others', '1')", "0"),
        ):  # fmt: skip
            with pytest.raises(redis.ResponseError, match=r"no permissions|can't access"):
                client.execute_command(*words)
        client.delete("celery")
