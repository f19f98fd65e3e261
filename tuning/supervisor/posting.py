"""A POST to an address that people chose: nowhere inside this network, and within limits.

The name is resolved once, and the connection goes to the address that was checked, so that a name
cannot lead elsewhere between the two. Redirects are not followed, and no body of an answer is read.
"""

import socket
import ssl
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.encoding import iri_to_uri

from tuning.protocol.public_addresses import may_reach

# Of one step, and of everything after the name is resolved.
STEP_SECONDS, TOTAL_SECONDS = 10, 30
PORTS = {"http": 80, "https": 443}


class NotSent(Exception):
    """No answer came. The text says why, for people."""


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer. Raises NotSent."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    except ValueError as error:
        raise NotSent(f"The address is not valid: {error}") from None
    # The host stays as it is: the connection encodes its letters as names of hosts have them.
    path = iri_to_uri(parts.path) or "/"
    target = f"{path}?{iri_to_uri(parts.query)}" if parts.query else path
    try:
        with _Conversation(host, port, parts.scheme) as connection:
            connection.request("POST", target, body, headers)
            return connection.getresponse().status
    except TimeoutError:
        raise NotSent("The server did not answer in time.") from None
    except ssl.SSLError as error:
        raise NotSent(f"HTTPS failed: {error.reason or error}") from None
    except OSError as error:
        raise NotSent(f"The connection failed: {error.strerror or error}") from None
    except UnicodeError:
        raise NotSent(f"{host} is not a valid name of a server.") from None
    except HTTPException as error:
        raise NotSent(f"The answer is not HTTP: {type(error).__name__}") from None


class _Conversation:
    """A connection that is cut when its time is over, also if bytes come one at a time."""

    def __init__(self, host: str, port: int, scheme: str) -> None:
        self._host, self._port, self._scheme = host, port, scheme
        self._timer = Timer(TOTAL_SECONDS, self._cut)
        self._timer.daemon = True
        self._socket: socket.socket | None = None

    def __enter__(self) -> HTTPConnection:
        self._socket = connect(self._host, self._port)
        self._timer.start()
        try:
            if self._scheme == "https":
                context = ssl.create_default_context()
                self._socket = context.wrap_socket(
                    self._socket, server_hostname=self._host, do_handshake_on_connect=False
                )
                self._socket.do_handshake()
        except BaseException:
            self._close()
            raise
        connection = HTTPConnection(self._host, self._port)
        # Which port the Host header leaves out.
        connection.default_port = PORTS[self._scheme]
        connection.sock = self._socket
        return connection

    def __exit__(self, *_: Any) -> None:
        self._close()

    def _cut(self) -> None:
        if self._socket:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        self._timer.cancel()
        if self._socket:
            self._socket.close()


def connect(host: str, port: int) -> socket.socket:
    """To the first address of a name that may be reached. Raises NotSent and OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found:
        if may_reach(ip_address(str(address[0]).partition("%")[0]), settings.WEBHOOK_NETWORKS):
            made = socket.socket(family, kind, protocol)
            made.settimeout(STEP_SECONDS)
            try:
                made.connect(address)
            except BaseException:
                made.close()
                raise
            return made
    raise NotSent(f"{host} is an address of a private network, which this site does not allow.")
