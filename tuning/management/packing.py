"""Several .npy files as one zip, as the upload page packs them."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError


@contextmanager
def packed(texts: list[str]) -> Iterator[str]:
    """The only path or key, or the path of a zip of all files, also of a single array. Raises
    CommandError."""
    if len(texts) == 1 and not texts[0].lower().endswith(".npy"):
        yield texts[0]
        return
    paths = [Path(text).expanduser() for text in texts]
    for path in paths:
        if path.suffix.lower() != ".npy":
            raise CommandError(
                f"--dataset: only .npy files may be several, but one is {path.name}. Put other "
                "files into one .zip."
            )
        if not path.is_file():
            raise CommandError(f"No such file: {path}.")
    if len({path.name for path in paths}) < len(paths):
        raise CommandError("--dataset: the files need different names.")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{' + '.join(path.name for path in paths)}.zip"
        with zipfile.ZipFile(target, "w") as archive:
            for path in paths:
                # Without the files' times: the same files are the same dataset.
                entry = zipfile.ZipInfo(path.name)
                with (
                    path.open("rb") as reader,
                    archive.open(entry, "w", force_zip64=True) as writer,
                ):
                    while piece := reader.read(1 << 20):
                        writer.write(piece)
        yield str(target)
