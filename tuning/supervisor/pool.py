"""Spare runners: hardened and past their imports, so that a search that begins waits for neither.

Each worker keeps spare runners, one for each free slot and one more, so that a search which begins
right after another one ended finds one, too; at most as many as fit in a tenth of the memory
(`SPARE_RUNNERS`). As forks of a process that has done the imports (`supervisor/fork_servers.py`)
they take some hundredths of a second and 10 MiB each; with a GPU, where each does its own, 3 s of a
processor and 270 MiB. So they are started one after the other, and those that are no forks not
within 15 s of the beginning of other work. Work that nobody waits for starts a runner of its own. A
spare builds and traces nothing: that would save 0.15 s, but TensorFlow would start threads before
an order restricts the process further (Landlock's second step), which binds no thread that is there
already; and on a GPU each spare would take memory.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock

from .launch import Device
from .runners import Runner, RunnerGone, RunnerProcess


class RunnerPool:
    """The spares of a worker, and a runner that has a saved model loaded: whoever has asked a model
    often asks again."""

    SPARE_AFTER = 15.0
    LOADED_FOR = 60.0

    def __init__(
        self,
        start: Callable[[Device], Runner] = RunnerProcess,
        is_prepared: Callable[[Device], bool] = lambda _: True,
        is_quick: Callable[[Device], bool] = lambda _: False,
    ) -> None:
        """`is_prepared` says whether a spare for a device can be started now, `is_quick` whether
        that takes next to nothing."""
        self._start = start
        self._is_prepared = is_prepared
        self._is_quick = is_quick
        self._lock = Lock()
        # In the order of their starts, so that the first one is ready first.
        self._spares: list[Runner] = []
        self._ready: set[int] = set()
        self._taken_at = -self.SPARE_AFTER
        self._closed = False
        # With the time until which it waits.
        self._loaded: tuple[Runner, float] | None = None

    def put_back(self, runner: Runner) -> None:
        """Keep a runner that has a saved model loaded for the next question about it, in the place
        of the one before."""
        with self._lock:
            before, self._loaded = self._loaded, (runner, time.monotonic() + self.LOADED_FOR)
            if self._closed:
                before, self._loaded = self._loaded, None
        if before:
            before[0].kill()

    def take_loaded(self, saved_model_id: int, device: Device) -> Runner | None:
        """The one that has this model loaded, if there is one."""
        self.check()
        with self._lock:
            if self._loaded is None:
                return None
            runner = self._loaded[0]
            if (runner.saved_model_id, runner.device) != (saved_model_id, device):
                return None
            self._loaded = None
            return runner

    def take(self, device: Device) -> Runner:
        """A spare for this device, ready or on its way, else a new runner."""
        self.check()
        with self._lock:
            self._taken_at = time.monotonic()
            for spare in self._spares:
                if spare.device == device:
                    self._remove(spare)
                    return spare
        return self._start(device)

    def take_new(self, device: Device) -> Runner:
        """For work that nobody waits for: the spares are for what a person starts meanwhile, and
        there need to be some by then."""
        self._taken_at = -self.SPARE_AFTER
        return self._start(device)

    def keep(self, devices: Sequence[Device], idle: bool) -> None:
        """Start a spare if one of these devices has none. One after the other; and one that takes
        long not just after work began, which needs the processor for itself."""
        self.check()
        if self._closed:
            return
        devices = [device for device in devices if self._is_prepared(device)]
        with self._lock:
            soon = time.monotonic() < self._taken_at + self.SPARE_AFTER
            is_starting = len(self._ready) < len(self._spares)
            if self._closed or is_starting:
                return
            missing = Counter(devices) - Counter(spare.device for spare in self._spares)
            for device in missing:
                if idle or not soon or self._is_quick(device):
                    self._spares.append(self._start(device))
                    return

    def check(self) -> None:
        """Drop spares that died while they waited, and see which are ready."""
        dropped = []
        with self._lock:
            for spare in list(self._spares):
                try:
                    # Ready is consumed here or by whoever takes the runner; nobody waits for it.
                    while spare.read(timeout=0) is not None:
                        self._ready.add(id(spare))
                except (RunnerGone, ValueError):
                    self._remove(spare)
                    dropped.append(spare)
            if self._loaded and not self._still_waits(*self._loaded):
                dropped.append(self._loaded[0])
                self._loaded = None
        # Not while others wait for the lock: the end of a process may take half a minute.
        for runner in dropped:
            runner.kill()

    def _still_waits(self, runner: Runner, until: float) -> bool:
        try:
            # It has nothing to say.
            return time.monotonic() < until and runner.read(timeout=0) is None
        except (RunnerGone, ValueError):
            return False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for spare in list(self._spares):
                spare.kill()
                self._remove(spare)
            if self._loaded:
                self._loaded[0].kill()
                self._loaded = None

    def _remove(self, spare: Runner) -> None:
        self._spares = [one for one in self._spares if one is not spare]
        self._ready.discard(id(spare))
