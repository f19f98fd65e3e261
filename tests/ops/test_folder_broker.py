"""The broker that is a folder, with what a crowd of processes leaves in it."""

from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from webapp import celery as _  # noqa: F401  it installs the channel
from webapp.folder_broker import FolderChannel


@pytest.mark.parametrize("half", [b"", b'{"body": "abc', b"\xff\xfe"])
def test_a_message_that_is_half_written_is_passed_over(tmp_path: Path, half: bytes) -> None:
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path)}
    with Connection("filesystem://", transport_options=folders) as connection:
        channel = connection.channel()
        assert isinstance(channel, FolderChannel)
        (tmp_path / "0_half.hints.msg").write_bytes(half)
        with pytest.raises(Empty):
            channel._get("hints")
        (tmp_path / "0_half.hints.msg").write_bytes(half)
        channel._put("hints", {"search": 7})
        assert channel._get("hints") == {"search": 7}
        assert list(tmp_path.iterdir()) == []
