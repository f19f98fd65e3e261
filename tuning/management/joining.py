"""Joining a site: what `manage.py worker --join` asks for, and what it leaves in the data folder.

The site's answer has passwords. So it travels by HTTPS only, unless the person says otherwise."""

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from tuning.protocol.release import WORKER_PROTOCOL
from tuning.protocol.secure_addresses import is_secure
from webapp import joined

SECONDS = 30
# What a site's data folder has.
_OF_A_SITE = ("db.sqlite3", "static")


class NotJoined(Exception):
    """The text says why, and what to do."""


def join(site: str, token: str, allow_http: bool) -> str:
    """The name that the machine has there. Raises NotJoined."""
    folder = Path(settings.DATA_ROOT)
    if not _is_address(site):
        raise NotJoined(f"{site!r} is not the address of a site, such as https://site.example.com.")
    if not is_secure(site) and not allow_http:
        raise NotJoined(
            "The site’s answer contains passwords, and http:// does not encrypt them. Use the "
            "site’s https:// address or, in a network that you trust, add --allow-http."
        )
    if any((folder / name).exists() for name in _OF_A_SITE):
        raise NotJoined(
            f"{folder} is the data folder of a site. Choose another folder: "
            "TUNEROOM_DATA=/another/folder"
        )
    answer = _ask(site, token)
    joined.save(folder, {**answer, "site": site})
    return str(answer["name"])


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _ask(site: str, token: str) -> dict[str, Any]:
    body = {"token": token, "protocol": WORKER_PROTOCOL, "host": socket.gethostname()}
    request = urllib.request.Request(  # noqa: S310  an http address, as checked above
        f"{site.rstrip('/')}/machines/join/",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "User-Agent": "Tuneroom-Worker"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
            found: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        raise NotJoined(_refusal(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NotJoined(f"{site} did not answer as a Tuneroom site does: {reason}") from None
    return found


def _refusal(error: urllib.error.HTTPError) -> str:
    with error:
        try:
            return str(json.load(error)["error"])
        except (ValueError, KeyError, TypeError):
            return f"The site refused: HTTP status {error.code}. Check its address."
