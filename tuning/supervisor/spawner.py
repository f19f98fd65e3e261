"""Starting processes so that they live as long as the worker, and remembering which are ours."""

import os
import subprocess
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any


class _Spawner:
    """Starts processes from one thread that lives as long as the worker.

    They ask the kernel to be killed when their parent dies, and for the kernel the parent is the
    thread that started them: a slot's thread may end while its spare runner is still wanted. What a
    fork server makes is a child of the main thread, and is among the started ones as well.
    """

    def __init__(self) -> None:
        # Ids of the processes that were started and not yet forgotten.
        self.started: set[int] = set()
        # Held while a process exists that is not among the started ones yet: it is no orphan.
        self.births = Lock()
        self._requests: SimpleQueue[tuple[Any, Any, SimpleQueue[Any]]] = SimpleQueue()
        self._lock = Lock()
        self._pid = 0

    def __call__(self, *args: Any, **kwargs: Any) -> "subprocess.Popen[bytes]":
        with self._lock:
            # Celery may have forked since the thread was started.
            if self._pid != os.getpid():
                self._pid = os.getpid()
                Thread(target=self._serve, name="spawner", daemon=True).start()
        answer: SimpleQueue[Any] = SimpleQueue()
        self._requests.put((args, kwargs, answer))
        result = answer.get()
        if isinstance(result, BaseException):
            raise result
        process: subprocess.Popen[bytes] = result
        return process

    def forget(self, pid: int) -> None:
        """The process was waited for; its id may be used again."""
        self.started.discard(pid)

    def _serve(self) -> None:
        while True:
            args, kwargs, answer = self._requests.get()
            try:
                with self.births:
                    process = subprocess.Popen(*args, **kwargs)
                    self.started.add(process.pid)
                answer.put(process)
            except BaseException as error:  # noqa: BLE001  handed to the thread that asked
                answer.put(error)


spawn = _Spawner()
