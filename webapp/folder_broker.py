"""The broker without a server, fixed: kombu's reader may take a message whose file another process
has opened and not yet filled, and that error ended the whole worker."""

from typing import Any

from kombu.transport import filesystem


class FolderChannel(filesystem.Channel):
    """Messages are hints: a half-written one is dropped, and its sender's next one will do."""

    def _get(self, queue: str) -> Any:  # type: ignore[override]
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                continue  # Its file is gone by now: the next one, or Empty.


def install() -> None:
    """Have `filesystem://` addresses use it."""
    filesystem.Transport.Channel = FolderChannel
