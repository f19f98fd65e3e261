"""docs/deployment.md, followed word by word: a site with PostgreSQL, Redis and S3 on one machine,
workers that join by token on two others, and a person with a browser on a fourth.

The machines are network namespaces in which the example names of the guide are those of the site's
machine. What is typed is read from the guide and the site's pages; `Typed` says what a reader would
have to put in the place of something else. With GUIDE_LOGS=folder the logs of all programs are kept
there.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.certificates import Certificates, make_certificates
from tests.programs import NotInstalled, Postgres, program

from .installation import FOREIGN, PATIENCE, ROOT
from .killing import promises_of
from .ledger import QUERIES, audit
from .machines import Switch, host_names
from .outcome import Outcome

GUIDE = ROOT / "docs" / "deployment.md"
# The network that the guide's line for pg_hba.conf lets in.
NETWORK = "10.0.0"
SITE, ONE, TWO, DESK = "tuneroom-site", "tuneroom-one", "tuneroom-two", "tuneroom-desk"
NAMES = ("tuneroom.example.com", "db.example.com", "queue.example.com", "s3.example.com")
TRIALS, EPOCHS = 16, 30
PASSWORD = "of-the-first-account"  # noqa: S105  of an installation that lives for minutes


def guide() -> Outcome:
    with contextlib.ExitStack() as stack:
        try:
            for name in ("nginx", "redis-server", "setpriv"):
                program(name)
            switch = Switch([SITE, ONE, TWO, DESK], NETWORK, with_us=False)
            stack.enter_context(switch.connected())
            stack.enter_context(host_names(switch.names, NAMES, switch.address(SITE)))
        except (OSError, NotInstalled, subprocess.CalledProcessError) as error:
            return Outcome({"not measured": f"What it needs is not there: {error}"})
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tuneroom-guide-")))
        folder.chmod(0o755)
        return _followed(switch, folder)


def _followed(switch: Switch, folder: Path) -> Outcome:
    there = _There(switch, Typed(folder), folder)
    began = time.monotonic()
    try:
        there.start_servers()
        there.start_site()
        there.send_visitor()
        for name in (ONE, TWO):
            there.join(name)
        searching = time.monotonic()
        there.wait(lambda: there.searches("running"), "a person has started a search")
        there.wait(lambda: there.training() == {ONE, TWO}, "both machines train")
        there.wait(lambda: there.completed(TWO), "the second one has completed a trial")
        there.wait(lambda: TWO in there.training(), "it trains the next one")
        switch.cut(TWO)
        there.wait(lambda: there.searches("completed"), "the search has ended")
        shown = there.seen("completed")
        ledger = audit({name: there.query(sql) for name, sql in QUERIES.items()})
        figures = ledger.figures | {
            "trials of the machine that stayed": there.completed(ONE),
            "trials of the machine that was pulled": there.completed(TWO),
            "from an empty folder to two joined machines, s": round(searching - began),
            "rows of the trial table in the browser": shown["trials"],
        }
        return Outcome(figures, promises_of(ledger) | {
            "no trial failed": not ledger.failed,
            "what the pulled machine trained was trained again": ledger.lost_attempts == 1,
            "the browser shows every trial": shown["trials"] == TRIALS,
        })  # fmt: skip
    finally:
        there.close()


@dataclass(frozen=True)
class Typed:
    """What the guide has a person type, with what is theirs in place of the examples."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    def _with_ours(self, text: str) -> str:
        for example, ours in {
            "/etc/tuneroom/ca.pem": str(self.authority),
            "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…":
                "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test-secret",
            "/srv/tuneroom-data": str(self.folder / "site"),
        }.items():  # fmt: skip
            text = text.replace(example, ours)
        return text

    def block(self, beginning: str) -> str:
        """The indented block of the guide that begins like this, without its indentation."""
        lines = GUIDE.read_text().splitlines()
        first = next((i for i, line in enumerate(lines) if _is_code(line, beginning)), None)
        if first is None:
            raise SystemExit(f"docs/deployment.md no longer has {beginning} ….")
        depth = len(lines[first]) - len(lines[first].lstrip())
        found = []
        for line in lines[first:]:
            if line.strip() and not line.startswith(" " * depth):
                break
            found.append(line[depth:])
        return self._with_ours("\n".join(found).strip())

    def words(self, *words: str) -> tuple[str, ...]:
        """These, which the guide has between backticks."""
        text = " ".join(GUIDE.read_text().split())
        for each in words:
            if f"`{each}`" not in text:
                raise SystemExit(f"docs/deployment.md no longer says `{each}`.")
        return words

    def inline(self, pattern: str) -> str:
        """What the guide has between backticks and matches."""
        found = re.search(f"`({pattern})`", GUIDE.read_text())
        if not found:
            raise SystemExit(f"docs/deployment.md no longer has {pattern}.")
        return self._with_ours(found[1])

    def settings(self) -> str:
        """Of the site, as a shell reads them."""
        unit = re.findall(r"^Environment=(.+)$", self.block("[Unit]"), re.MULTILINE)
        own = self.block("export STORAGE_URL")
        servers = self.block("DATABASE_URL='postgres://tuneroom:secret@db.example.com")
        authority = self.block("export SSL_CERT_FILE")
        lines = [*unit, *servers.splitlines()]
        return "\n".join([*(f"export {line}" for line in lines), own, authority])


def _is_code(line: str, beginning: str) -> bool:
    return line.startswith("    ") and line.strip().startswith(beginning)


@dataclass
class _There:
    """The machines, and what runs on them."""

    switch: Switch
    typed: Typed
    folder: Path
    processes: list["subprocess.Popen[Any]"] = field(default_factory=list)
    postgres: Postgres | None = None
    # What the visitor has told so far.
    told: list[dict[str, Any]] = field(default_factory=list)

    # --- The site's machine ------------------------------------------------------------------

    def start_servers(self) -> None:
        made = make_certificates(self.folder, self.switch.address(SITE), NAMES)
        self._start_postgres(made)
        self._start_redis(made)
        # moto would take the host's first word for the bucket.
        command = ["env", "S3_IGNORE_SUBDOMAIN_BUCKETNAME=1", sys.executable, "-m"]
        store = self._start(SITE, [*command, "tests.storage.s3_program"], "s3", talks=True)
        assert store.stdout
        endpoint = re.search(
            r"endpoint=([^&]+)", json.loads(store.stdout.readline())["STORAGE_URL"]
        )
        assert endpoint
        self._start_nginx(made, endpoint[1])

    def _start_postgres(self, made: Certificates) -> None:
        import psycopg

        home = self.folder / "postgres"
        home.mkdir()
        address, inside = self.switch.address(SITE), self.switch.inside(SITE)
        server = Postgres(
            home, durable=True, host=address, port=5432, superuser="postgres", inside=inside
        )
        self.postgres, data = server, home / "data"
        owner = data.stat()
        for source in (made.certificate, made.key):
            shutil.copy(source, data)
            (data / source.name).chmod(0o600)
            os.chown(data / source.name, owner.st_uid, owner.st_gid)
        on, certificate, key = self.typed.words("ssl = on", "ssl_cert_file", "ssl_key_file")
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"{on}\n{certificate} = '{made.certificate.name}'\n{key} = '{made.key.name}'\n"
            )
        rule = self.typed.inline(r"hostssl tuneroom [^`]+")
        (data / "pg_hba.conf").write_text(f"local all all trust\n{rule}\n")
        server.start()
        with psycopg.connect(self._socket("postgres"), autocommit=True) as connection:
            for line in self.typed.block("CREATE ROLE tuneroom").splitlines():
                connection.execute(line)

    def _start_redis(self, made: Certificates) -> None:
        given = self.typed.words(
            "tls-port 6379", "port 0", "tls-cert-file", "tls-key-file", "tls-ca-cert-file",
            "tls-auth-clients no", "requirepass",
        )  # fmt: skip
        values = {
            "tls-cert-file": made.certificate, "tls-key-file": made.key,
            "tls-ca-cert-file": made.authority, "requirepass": "secret",
        }  # fmt: skip
        lines = [f"{words} {values.get(words, '')}".strip() for words in given]
        file = self.folder / "redis.conf"
        file.write_text("\n".join([*lines, f"bind {self.switch.address(SITE)}", 'save ""', ""]))
        self._start(SITE, [program("redis-server"), str(file)], "redis")

    def _start_nginx(self, made: Certificates, store: str) -> None:
        """The reverse proxy with HTTPS that the guide asks for, and the store's own HTTPS."""
        limits = self.typed.inline("client_max_body_size [^`]+")
        at = self.switch.address(SITE)
        temporary = "\n".join(
            f"{kind}_temp_path {self.folder}/nginx-{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        tls = f"ssl_certificate {made.certificate}; ssl_certificate_key {made.key};"
        file = self.folder / "nginx.conf"
        file.write_text(f"""
daemon off; user root; pid {self.folder}/nginx.pid; events {{}}
http {{
  access_log off; {limits} proxy_http_version 1.1;
  {temporary}
  server {{ listen {at}:443 ssl; {tls}
    location / {{ proxy_pass http://127.0.0.1:8000; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }}
  server {{ listen {at}:9000 ssl; {tls}
    location / {{ proxy_pass {store}; proxy_set_header Host $http_host; }} }}
}}
""")
        error_log = ["-e", str(self.folder / "nginx-errors.log")]
        self._start(SITE, [program("nginx"), *error_log, "-c", str(file)], "nginx")

    def start_site(self) -> None:
        """Without a worker of its own, as step 2 of the guide has it."""
        self.typed.words("make setup")
        settings = f"{self.typed.settings()}\nexport TUNEROOM_ADMIN_PASSWORD={PASSWORD}"
        parts = self.typed.block(".venv/bin/python manage.py up --only site").splitlines()
        done = self._start(SITE, ["sh", "-ec", f"{settings}\nmake setup"], "setup")
        if done.wait(PATIENCE):
            raise SystemExit((self.folder / "setup.log").read_text()[-3000:])
        for number, command in enumerate(parts):
            self._start(SITE, ["sh", "-ec", f"{settings}\nexec {command}"], f"site-{number}")

    # --- The others --------------------------------------------------------------------------

    def send_visitor(self) -> None:
        """Somebody signs in, asks for a command for each machine and starts a search."""
        asked = [PASSWORD, ONE, TWO, str(TRIALS), str(EPOCHS)]
        command = [sys.executable, "-m", "tests.browser.visitor", *asked]
        visitor = self._start(DESK, command, "visitor", talks=True)

        def listen() -> None:
            assert visitor.stdout
            for line in visitor.stdout:
                self.told.append(json.loads(line))

        threading.Thread(target=listen, daemon=True).start()

    def seen(self, what: str) -> dict[str, Any]:
        """What the visitor saw, once it tells of that."""

        def found() -> dict[str, Any] | None:
            return next((each for each in self.told if what in each), None)

        seen: dict[str, Any] = self.wait(found, f"the visitor tells of: {what}")
        return seen

    def join(self, name: str) -> None:
        """Run the command that the site shows, on this machine."""
        asked = f"command for {name}"
        command = self.seen(asked)[asked]
        pattern = re.escape(self.typed.block("TUNEROOM_DATA=/srv/tuneroom-worker"))
        if not re.fullmatch(pattern.replace("…", r"\S+"), command):
            raise SystemExit(f"The guide has another command than the site:\n{command}")
        own = command.replace("/srv/tuneroom-worker", str(self.folder / name))
        authority = self.typed.block("export SSL_CERT_FILE")
        lines = [authority, "export SLOTS=1", f"exec env {own}"]
        self._start(name, ["sh", "-ec", "\n".join(lines)], name)

    # --- What happens ------------------------------------------------------------------------

    def _start(
        self, machine: str, command: list[str], name: str, talks: bool = False
    ) -> "subprocess.Popen[Any]":
        environment = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                [*self.switch.inside(machine), *command], cwd=ROOT, env=environment, text=True,
                stdout=subprocess.PIPE if talks else log, stderr=log,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def _socket(self, database: str) -> str:
        assert self.postgres
        return f"host={self.postgres.folder} port=5432 user=postgres dbname={database}"

    def query(self, sql: str) -> list[dict[str, Any]]:
        import psycopg
        import psycopg.rows

        factory: Any = psycopg.rows.dict_row
        with psycopg.connect(self._socket("tuneroom"), row_factory=factory) as connection:
            rows: list[dict[str, Any]] = connection.execute(sql).fetchall()  # type: ignore[call-overload]
            return rows

    def searches(self, status: str) -> int:
        return len(self.query(f"SELECT 1 FROM tuning_search WHERE status = '{status}'"))  # noqa: S608

    def training(self) -> set[str]:
        """The machines that train at the moment."""
        rows = self.query(
            "SELECT w.name FROM tuning_trial t JOIN tuning_worker w ON w.id = t.worker_id"
            " WHERE t.status = 'running'"
        )
        return {row["name"].partition("@")[0] for row in rows}

    def completed(self, machine: str) -> int:
        rows = self.query("SELECT worker_name FROM tuning_attempt WHERE outcome = 'Completed'")
        return sum(row["worker_name"].partition("@")[0] == machine for row in rows)

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """Whatever ends meanwhile ends this, too."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := condition():
                return found
            for process in self.processes:
                if process.poll():
                    raise SystemExit(f"{process.args} ended with {process.returncode}: {what}")
            time.sleep(0.1)
        raise TimeoutError(f"waited {PATIENCE:g} s in vain: {what}")

    def close(self) -> None:
        if self.postgres:
            self.postgres.stop()
        self.switch.turn_off()
        for process in self.processes:
            process.wait()
        if kept := os.environ.get("GUIDE_LOGS"):
            for log in self.folder.glob("*.log"):
                shutil.copy(log, kept)
