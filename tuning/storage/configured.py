"""The store of the settings: `STORAGE_URL`."""

from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .contract import Store
from .folder import FolderStore
from .s3 import S3Store


def store() -> Store | None:
    """None: files lie in the data folder, and nowhere else."""
    return _opened(settings.STORAGE_URL) if settings.STORAGE_URL else None


def direct_store() -> S3Store | None:
    """The store if browsers reach it themselves."""
    found = store()
    return found if settings.STORAGE_DIRECT and isinstance(found, S3Store) else None


@lru_cache(maxsize=8)
def _opened(url: str) -> Store:
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme == "s3" and parts.hostname and not options.keys() - {"endpoint", "region"}:
        folder = unquote(parts.path).strip("/")
        endpoint, region = options.get("endpoint", ""), options.get("region", "")
        return S3Store(parts.netloc, folder, endpoint, region)
    if parts.scheme == "file" and not parts.netloc and parts.path and not options:
        return FolderStore(Path(unquote(parts.path)))
    raise ImproperlyConfigured(
        f"STORAGE_URL is {url!r}; it must be like s3://bucket/folder?endpoint=https://host:9000 "
        "or file:///shared/folder."
    )
