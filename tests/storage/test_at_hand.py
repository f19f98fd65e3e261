"""Files for pages, which a thread fetches."""

import errno
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.services import PATIENCE
from tuning.storage import at_hand
from tuning.storage.at_hand import Coming, not_waiting
from tuning.storage.contract import Away
from tuning.storage.stored import StoredFile


@pytest.mark.parametrize("error", [Away("No answer."), OSError(errno.ENOSPC, "No space left")])
def test_what_could_not_be_fetched_is_logged_and_tried_again(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, error: OSError,
) -> None:  # fmt: skip
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    tried: list[str] = []

    def fail(file: StoredFile, _: Any) -> Path:
        tried.append(file.place.name)
        raise error

    monkeypatch.setattr(StoredFile, "fetch", fail)
    file = StoredFile(tmp_path / "1-1.npy", "1" * 64)
    for _ in range(2):
        with not_waiting() as lacking, pytest.raises(Coming):
            at_hand.at_hand(file)
        assert lacking == [file.place]
        for thread in threading.enumerate():
            if thread.name == "fetching":
                thread.join(PATIENCE)
    assert tried == ["1-1.npy"] * 2
    assert caplog.text.count("1-1.npy could not be fetched") == 2
