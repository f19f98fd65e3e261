"""moto's server, one for all tests of a process."""

from collections.abc import Iterator

import pytest

from .s3_server import KEYS, S3Server, running_s3


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, without faults, and its keys in the environment."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    s3_server.faults.clear()
    s3_server.requests.clear()
    s3_server.ranges.clear()
    return s3_server
