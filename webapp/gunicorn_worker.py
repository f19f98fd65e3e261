"""gunicorn's threaded worker, for a site that people reach without a web server in front of it.

gunicorn gives a connection to a thread as soon as the first byte is there, and the thread waits for
the rest: as many unfinished requests as there are threads stop the site. Here the event loop, which
costs a slow client nothing, collects a request's head and form. Threads get what is complete;
larger bodies (uploads) and the health check have threads of their own.
"""

import errno
import os
import re
import select
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from django.conf import settings
from gunicorn.workers.gthread import TConn, ThreadWorker

# What the event loop keeps of a request; larger ones are read by a thread for uploads.
MAX_HEAD = 64 * 1024
MAX_FORM = 256 * 1024
PIECE = 64 * 1024
# Waiting uploads of each thread for uploads. Beyond that clients are turned away.
QUEUE = 4
HEALTH = b"/health/"
SEND_SECONDS = 60
UNKNOWN = 1 << 62
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
# A body of unknown length, or one that is sent only after an answer.
_UNKNOWN = re.compile(rb"\r\n(transfer-encoding|expect):", re.IGNORECASE)


def length_of(received: bytes | bytearray) -> int | None:
    """The length of a request with its body; None before the end of its head. UNKNOWN if its head
    does not tell."""
    end = received.find(_END_OF_HEAD, 0, MAX_HEAD)
    if end < 0:
        # gunicorn refuses a head of that size by itself.
        return None if len(received) < MAX_HEAD else len(received)
    head = received[: end + 2]
    if _UNKNOWN.search(head):
        return UNKNOWN
    length = _LENGTH.search(head)
    return end + len(_END_OF_HEAD) + (int(length[1]) if length else 0)


class TooSlow(ConnectionResetError):
    """To gunicorn, a client that is gone: nothing for the log."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the client is too slow")


class PatientSocket(socket.socket):
    """A client's connection, on which no thread waits for ever: a body and an answer have to move
    at SLOWEST_KB a second on average while a thread waits for the client."""

    _waited = 0.0
    _moved = 0

    def setblocking(self, flag: bool) -> None:
        self.settimeout(SEND_SECONDS if flag else 0)

    def begin(self) -> None:
        """A thread begins with a request."""
        self._waited, self._moved = 0.0, 0

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.gettimeout() == 0:
            return super().recv(size, flags)
        with self._waiting(settings.REQUEST_SECONDS):
            piece = super().recv(size, flags)
        self._moved += len(piece)
        return piece

    def sendall(self, data: Any, flags: int = 0) -> None:
        with self._waiting(SEND_SECONDS):
            super().sendall(data, flags)
        self._moved += len(data)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Python's own has a time-out for each small step only."""
        poll = select.poll()
        poll.register(self, select.POLLOUT)
        sent, done = 0, -1
        while done and (count is None or sent < count):
            with self._waiting(SEND_SECONDS) as seconds:
                poll.poll(seconds * 1000)
            most = PIECE if count is None else min(PIECE, count - sent)
            with suppress(BlockingIOError):
                done = os.sendfile(self.fileno(), file.fileno(), offset + sent, most)
                sent += done
                self._moved += done
        return sent

    @contextmanager
    def _waiting(self, seconds: float) -> Iterator[float]:
        """For the client: at most so long, and longer by what has moved already."""
        earned = self._moved / (settings.SLOWEST_KB * 1024)
        left = seconds + earned - self._waited
        if left <= 0:
            raise TooSlow
        self.settimeout(left)
        since = time.monotonic()
        try:
            yield left
        except TimeoutError:
            raise TooSlow from None
        finally:
            self._waited += time.monotonic() - since
            self.setblocking(True)


class PatientConnection(TConn):
    """`received`: what the event loop has read of the next request, of which `length` is the
    whole."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # The thread need not wait for the beginning.
        self.data_ready = True
        self.received = bytearray()
        self.length: int | None = None

    def is_collected(self) -> bool:
        """Whether a thread may have it: the request is complete, or too large to be kept here."""
        if self.length is None:
            self.length = length_of(self.received)
        if self.length is None:
            return False
        return len(self.received) >= self.length or self.length > MAX_FORM

    def is_complete(self) -> bool:
        return self.length is not None and len(self.received) >= self.length

    def init(self) -> None:
        """Called by the thread before it reads each request."""
        super().init()
        self.sock.begin()
        if self.received:
            self.parser.unreader.unread(self.received)
        self.received, self.length = bytearray(), None


class PatientWorker(ThreadWorker):
    def init_process(self) -> None:
        self.uploads = ThreadPoolExecutor(settings.UPLOADS_AT_ONCE, "uploads")
        self.health = ThreadPoolExecutor(1, "health")
        self.uploading = 0
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        if self.cfg.is_ssl:
            # Its bytes mean nothing before they are decrypted.
            super().accept(listener)
            return
        try:
            plain, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        client = PatientSocket(fileno=plain.detach())
        self._collect(PatientConnection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        if not isinstance(conn, PatientConnection):
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._collect(conn)

    def enqueue_req(self, conn: Any) -> None:
        """Called by gunicorn for a connection whose last request was read with a part of the
        next one."""
        if not isinstance(conn, PatientConnection):
            super().enqueue_req(conn)
            return
        conn.received += conn.parser.unreader.take_buffered()
        self._collect(conn)

    def _collect(self, conn: PatientConnection) -> None:
        """Give the connection to a thread once its request is complete."""
        if conn.received and conn.is_collected():
            self._hand_over(conn)
            return
        conn.sock.setblocking(False)
        # gunicorn closes it then. One constant: its queue must be sorted.
        conn.timeout = time.monotonic() + settings.REQUEST_SECONDS
        self.pending_conns.append(conn)
        readable = partial(self._on_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def _on_readable(self, conn: PatientConnection, client: socket.socket) -> None:
        try:
            piece = client.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        conn.received += piece
        if piece and not conn.is_collected():
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        if piece:
            self._hand_over(conn)
        else:
            self._close(conn)

    def _hand_over(self, conn: PatientConnection) -> None:
        if not conn.is_complete():
            if self.uploading >= settings.UPLOADS_AT_ONCE * (1 + QUEUE):
                with suppress(OSError):
                    conn.sock.send(_BUSY)
                self._close(conn)
                return
            self.uploading += 1
            self._submit(self.uploads, conn, self._upload_ended)
        elif conn.received.split(b" ", 2)[1:2] == [HEALTH]:
            self._submit(self.health, conn)
        else:
            self._submit(self.tpool, conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Called when the worker is to stop: it waits for nobody's request for long."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _submit(
        self,
        pool: ThreadPoolExecutor,
        conn: PatientConnection,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        def done(future: Any) -> None:
            ended()
            self.finish_request(conn, future)

        future = pool.submit(self.handle, conn)
        future.add_done_callback(lambda future: self.method_queue.defer(done, future))

    def _upload_ended(self) -> None:
        self.uploading -= 1

    def _close(self, conn: PatientConnection) -> None:
        self.nr_conns -= 1
        conn.close()
