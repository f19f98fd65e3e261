"""Many people follow one running search: how long does each request take them?

    .venv/bin/python benchmarks/viewers.py --viewers 200 --seconds 30

Starts the site as `make up` does, with WEB_CONCURRENCY at the number of cores and 1,000 trials.
A writer records an epoch of two running trials every second and ends a trial every ten, through
the same code as a worker. Half of the viewers poll the search's page, half its table of trials,
every 1.5 s as the pages do; each opens one of the pages in full about every 20 s. They come within
the first 20 s, which are not counted. The viewers and the writer share the cores with the site, so
the site has less than all of them; how much of a core it needed is told as well, which other
programs on the machine change least.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
POLL_SECONDS = 1.5
OPEN_SECONDS = 20.0


# --- The site and what is in it ---------------------------------------------------------------


def prepare(viewers: int) -> dict[str, Any]:
    """A running search of 1,000 trials and a session for each viewer. In a process of its own."""
    _django()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.urls import reverse

    from benchmarks.big_search import fill
    from tuning.models import Membership, Search, Team, Trial

    search = fill(1000)
    Search.objects.filter(pk=search.pk).update(status="running", max_trials=100_000)
    for number in (1001, 1002):
        _start_trial(Trial, search, number)
    cookies = []
    for number in range(viewers):
        user = User.objects.create(username=f"viewer-{number}")
        Membership.objects.create(team=Team.objects.get(name="Benchmarks"), user=user)
        session = SessionStore()
        session["_auth_user_id"] = str(user.pk)
        session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
        session["_auth_user_hash"] = user.get_session_auth_hash()
        session.create()
        cookies.append(f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
    address = reverse("search-detail", args=[search])
    return {"search": search.pk, "address": address, "cookies": cookies}


def _start_trial(model: Any, search: Any, number: int) -> Any:
    from django.utils import timezone

    from tuning.models import TrialIndex

    trial = model.objects.create(
        search=search, number=number, status="running", attempt=1, started_at=timezone.now(),
        values={"conv_layers": 2, "filters": 32, "learning_rate": 0.001},
    )  # fmt: skip
    search.refresh_from_db(fields=["index_columns"])
    TrialIndex.objects.fill(search, [trial])
    return trial


def write(search_id: int, seconds: float) -> None:
    """What a worker writes while two trials run, for so long."""
    _django()
    from tuning.models import Search, Trial
    from tuning.protocol.events import EpochEnd
    from tuning.recording import recorder

    search = Search.objects.get(pk=search_id)
    running = list(search.trials.running())
    last, epoch, end = 1002, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        epoch += 1
        metrics = {"accuracy": 0.8, "loss": 0.5, "val_accuracy": 0.8, "val_loss": 0.6}
        for trial in running:
            done = EpochEnd(0, epoch, 1.0, metrics)  # type: ignore[arg-type]
            recorder.record_news(trial, recorder.News([done], epoch))
        if epoch % 10 == 0:
            ended = running.pop(0)
            recorder.complete_trial(ended, metrics, 1)  # type: ignore[arg-type]
            last += 1
            running.append(_start_trial(Trial, search, last))
        time.sleep(1)


def _django() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
    import django

    django.setup()


# --- Viewers ----------------------------------------------------------------------------------


@dataclass
class Viewer:
    """One person with one open page and one connection."""

    port: int
    address: str
    cookie: str
    follows_table: bool
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    revision: str = ""
    _streams: Any = None

    async def follow(self, end: float) -> None:
        await asyncio.sleep(random.uniform(0, OPEN_SECONDS))  # noqa: S311
        await self._open()
        opened = time.monotonic()
        while time.monotonic() < end:
            await asyncio.sleep(POLL_SECONDS)
            if time.monotonic() - opened > OPEN_SECONDS:
                await self._open()
                opened = time.monotonic()
            else:
                await self._poll()

    async def _open(self) -> None:
        table = random.random() < 0.5  # noqa: S311
        path = f"{self.address}{'trials/' if table else ''}"
        status, body = await self._get(path, "trials page" if table else "search page")
        assert status == 200, (status, path)
        self._note(body)
        if not table:
            await self._get(f"{self.address}plots.json", "plots of the search page")

    async def _poll(self) -> None:
        if self.follows_table:
            path, kind = f"{self.address}trials/?since={self.revision}", "table"
        else:
            path, kind = f"{self.address}live/?since={self.revision}", "search"
        status, body = await self._get(path, kind)
        assert status in (200, 204), (status, path)
        if status == 200:
            self._note(body)
            if not self.follows_table:
                await self._get(f"{self.address}plots.json", "plots of the search page")

    def _note(self, body: str) -> None:
        if found := re.search(r'data-revision="(\d+)"', body):
            self.revision = found[1]

    async def _get(self, path: str, kind: str) -> tuple[int, str]:
        started = time.perf_counter()
        try:
            status, body = await self._ask(path)
        except (OSError, asyncio.IncompleteReadError):
            # The site closes connections that wait; browsers ask again, too.
            self._streams = None
            status, body = await self._ask(path)
        name = f"{kind}, {'no news' if status == 204 else 'news'}" if "since=" in path else kind
        self.times[name].append(time.perf_counter() - started)
        return status, body

    async def _ask(self, path: str) -> tuple[int, str]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\n"
            f"HX-Request: true\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(head.split()[1])
        body = await self._body(reader, head, status)
        if "connection: close" in head:
            writer.close()
            self._streams = None
        return status, body

    async def _body(self, reader: Any, head: str, status: int) -> str:
        if status == 204:
            return ""
        if found := re.search(r"content-length: (\d+)", head):
            return str((await reader.readexactly(int(found[1]))).decode())
        parts = []
        while size := int(await reader.readline(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return b"".join(parts).decode()


async def watch(
    port: int, prepared: dict[str, Any], seconds: float, site: psutil.Process
) -> tuple[dict[str, list[float]], float]:
    """What each request took, and what share of a core the site needed."""
    end = time.monotonic() + OPEN_SECONDS + seconds
    viewers = [
        Viewer(port, prepared["address"], cookie, place % 2 == 0)
        for place, cookie in enumerate(prepared["cookies"])
    ]
    everybody = asyncio.gather(*(viewer.follow(end) for viewer in viewers))
    await asyncio.sleep(OPEN_SECONDS)
    for viewer in viewers:
        viewer.times.clear()
    busy, started = _cpu(site), time.monotonic()
    await everybody
    busy, passed = _cpu(site) - busy, time.monotonic() - started
    times: dict[str, list[float]] = defaultdict(list)
    for viewer in viewers:
        for kind, values in viewer.times.items():
            times[kind] += values
    return times, busy / passed


def _cpu(site: psutil.Process) -> float:
    """Seconds of CPU that the site's processes have used."""
    used = [process.cpu_times() for process in (site, *site.children(recursive=True))]
    return sum(times.user + times.system for times in used)


def report(times: dict[str, list[float]], seconds: float, busy: float) -> None:
    every = [value for values in times.values() for value in values]
    rate = len(every) / seconds
    print(f"{rate:.0f} requests/s; the site used {busy:.2f} cores,", end=" ")
    print(f"{busy / rate * 1000:.1f} ms of CPU a request")
    print(f"{'':32}{'requests':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    for kind, values in [*sorted(times.items()), ("all", every)]:
        cuts = statistics.quantiles(values, n=100) if len(values) > 1 else values * 99
        figures = "".join(f"{cuts[place] * 1000:9.0f}" for place in (49, 94, 98))
        print(f"{kind:32}{len(values):>10}{figures}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TUNEROOM_DATA": folder, "LOG_LEVEL": "ERROR", "PORT": "8998"}
        command = [sys.executable, "manage.py", "bootstrap"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        again = [sys.executable, __file__, "--prepare", str(options.viewers)]
        done = subprocess.run(again, cwd=ROOT, check=True, capture_output=True, text=True)
        prepared = json.loads(done.stdout.splitlines()[-1])
        cores = str(os.cpu_count())
        site = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "webapp.wsgi", "--bind", "127.0.0.1:8998",
             "--worker-class", "webapp.gunicorn_worker.PatientWorker",
             "--threads", "64", "--workers", cores,
             "--log-level", "error", "--no-control-socket", "--graceful-timeout", "2"],
            cwd=ROOT,
        )  # fmt: skip
        writer = multiprocessing.get_context("spawn").Process(
            target=write, args=(prepared["search"], options.seconds + OPEN_SECONDS + 10)
        )
        try:
            wait_for(8998)
            writer.start()
            process = psutil.Process(site.pid)
            times, busy = asyncio.run(watch(8998, prepared, options.seconds, process))
        finally:
            writer.terminate()
            site.terminate()
            site.wait(30)
    print(f"{options.viewers} viewers, {cores} cores, {options.seconds:g} s:", end=" ")
    report(times, options.seconds, busy)


def wait_for(port: int) -> None:
    import socket

    for _ in range(300):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the site did not start")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--prepare"]:
        sys.path.insert(0, str(ROOT))
        print(json.dumps(prepare(int(sys.argv[2]))))
    else:
        main()
