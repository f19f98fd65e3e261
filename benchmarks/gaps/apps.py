"""Notes the time from a trial's last event until its runner has the order for the next one."""

import os
import time
from typing import Any

from django.apps import AppConfig


class Gaps(AppConfig):
    name = "benchmarks.gaps"

    def ready(self) -> None:
        from tuning.protocol.events import TrialEnd
        from tuning.protocol.orders import TrialOrder
        from tuning.supervisor.runners import RunnerProcess

        read, send = RunnerProcess.read, RunnerProcess.send
        ended: dict[int, float] = {}

        def noting_read(self: RunnerProcess, timeout: float) -> Any:
            event = read(self, timeout)
            if isinstance(event, TrialEnd):
                ended[id(self)] = time.monotonic()
            return event

        def noting_send(self: RunnerProcess, order: Any) -> None:
            send(self, order)
            if isinstance(order, TrialOrder) and (since := ended.pop(id(self), None)):
                line = f"{1000 * (time.monotonic() - since)}\n".encode()
                target = os.open(os.environ["GAPS_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                os.write(target, line)
                os.close(target)

        RunnerProcess.read, RunnerProcess.send = noting_read, noting_send  # type: ignore[method-assign]
