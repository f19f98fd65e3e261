"""Workers on machines of their own: network namespaces, one of which is cut off for a while, and
one that is far away.

The kernel here need not know `netem`: the far machine reaches database and broker through a relay
that holds each packet back for 200 ms, and of 20 one for as long as TCP takes to send it again.
"""

import contextlib
import random
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.programs import NotInstalled

from .installation import Installation, installed
from .killing import promises_of
from .ledger import audit
from .machines import Switch
from .outcome import Outcome

MACHINES = 3
NETWORK = "10.77.16"
# Longer than a lease, and as long as a switch that somebody has to be called for.
CUTS = (60, 300)
DELAY, LOSS, AGAIN = 0.2, 0.05, 0.4


def network() -> Outcome:
    names = [f"tuneroom{number}" for number in range(MACHINES)]
    with contextlib.ExitStack() as stack:
        try:
            switch = Switch(names, NETWORK, with_us=True)
            stack.enter_context(switch.connected())
        except (OSError, NotInstalled, subprocess.CalledProcessError) as error:
            return Outcome({"not measured": f"Network namespaces were refused: {error}"})
        # Outside of `try`: a TimeoutError is an OSError, and a broken promise.
        return _cut_off(switch)


def _cut_off(switch: Switch) -> Outcome:
    machines = [switch.inside(name) for name in switch.names]
    with installed(
        MACHINES, postgres=True, redis=True, site=False, host=f"{NETWORK}.1", machines=machines
    ) as there, _relayed(there):  # fmt: skip
        settings = {"tuner": "random", "epochs": 10, "parallel_trials": 6, "max_trials": 400}
        there.search(settings, seconds=1.0)
        there.wait(lambda: _running_on(there) == MACHINES, "all machines train")
        longest = 0.0
        for seconds in CUTS:
            switch.cut(switch.names[0])
            end, seen = time.monotonic() + seconds, time.monotonic()
            before = there.finished()
            while time.monotonic() < end:
                if (now := there.finished()) > before:
                    before, seen = now, time.monotonic()
                longest = max(longest, time.monotonic() - seen)
                time.sleep(0.5)
            switch.mend(switch.names[0])
            there.wait(lambda: _running_on(there) == MACHINES, "it trains again", 120)
        there.execute("UPDATE tuning_search SET max_trials = (SELECT count(*) FROM tuning_trial)")
        there.wait(lambda: not there.searching(), "the search has ended")
        ledger = audit(there.rows())
    figures = ledger.figures | {
        "machine cut off for, s": " and ".join(map(str, CUTS)),
        "longest time without a result, s": round(longest, 1),
    }
    return Outcome(figures, promises_of(ledger) | {"the others continue meanwhile": longest < 60})


def _running_on(there: Installation) -> int:
    rows = there.query(
        "SELECT count(DISTINCT worker_id) AS n FROM tuning_trial WHERE status = 'running'"
        " AND lease_expires_at > now()"
    )
    return int(rows[0]["n"])


# --- A long way -----------------------------------------------------------------------------------


@contextlib.contextmanager
def _relayed(there: Installation) -> Iterator[None]:
    """The last worker starts again, with the addresses of relays in place of the servers'."""
    with contextlib.ExitStack() as stack:
        part = there.parts[-1]
        for setting in ("DATABASE_URL", "REDIS_URL"):
            url = urlsplit(there.environment[setting])
            assert url.hostname
            assert url.port
            relay = stack.enter_context(Relay(url.hostname, url.port))
            own = url._replace(netloc=url.netloc.replace(f":{url.port}", f":{relay.port}"))
            part.environment[setting] = own.geturl()
        assert part.process
        part.process.terminate()
        yield


class Relay:
    """Passes on what comes, late."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                for source, target in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._pass_on, args=(source, target), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        waiting: deque[tuple[float, bytes]] = deque()
        there = threading.Condition()
        threading.Thread(target=self._deliver, args=(waiting, there, target), daemon=True).start()
        data = b" "
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            late = DELAY + (AGAIN if random.random() < LOSS else 0.0)  # noqa: S311
            with there:
                # In order, as TCP has it.
                due = max(time.monotonic() + late, waiting[-1][0] if waiting else 0.0)
                waiting.append((due, data))
                there.notify()

    def _deliver(
        self, waiting: deque[tuple[float, bytes]], there: threading.Condition, target: socket.socket
    ) -> None:
        with contextlib.suppress(OSError):
            while True:
                with there:
                    there.wait_for(lambda: waiting)
                    due, data = waiting[0]
                time.sleep(max(0.0, due - time.monotonic()))
                with there:
                    waiting.popleft()
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)
