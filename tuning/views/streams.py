"""Files that go out for a while. They end when their reader may not read them any more: removed
from the team, deactivated, signed out, or with a token that was revoked."""

import errno
import time
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from django.contrib.auth import get_user_model
from django.http import HttpRequest

from tuning.models import AccessToken

CHECK_SECONDS = 1.0


class AccessEnded(ConnectionResetError):
    """To gunicorn, a client that is gone. The connection is closed before the end of the file, so
    that nobody takes what has come for all of it."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the reader may no longer read this")


class Reader:
    """Whose request it is, and whether they may still see a row. Asked once a second."""

    def __init__(self, request: HttpRequest, row: Any) -> None:
        self._request, self._row, self._asked = request, row, time.monotonic()

    def check(self) -> None:
        """Raises AccessEnded."""
        if time.monotonic() - self._asked >= CHECK_SECONDS:
            if not (self._is_signed_in() and self._sees_it()):
                raise AccessEnded
            self._asked = time.monotonic()

    def _is_signed_in(self) -> bool:
        if token := getattr(self._request, "access_token", None):
            return AccessToken.objects.valid().filter(pk=token.pk).exists()
        users = get_user_model().objects.filter(pk=self._request.user.pk, is_active=True)
        session = self._request.session
        key = session.session_key
        return key is not None and session.exists(key) and users.exists()

    def _sees_it(self) -> bool:
        rows = type(self._row)._default_manager.visible_to(self._request.user)
        return bool(rows.filter(pk=self._row.pk).exists())


def pieces_for(reader: Reader, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        reader.check()
        yield piece


class FileFor:
    """A file for a FileResponse. It has no descriptor: the system would send it all by itself."""

    def __init__(self, reader: Reader, file: BinaryIO) -> None:
        self._reader, self._file = reader, file
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int = -1) -> bytes:
        self._reader.check()
        return self._file.read(size)
