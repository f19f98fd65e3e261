"""Which characters the bytes of a text file stand for, guessed by trying."""

import codecs
from pathlib import Path

from tuning.protocol.uploads import ENCODINGS
from tuning.runner.failures import BadData

_CHUNK = 1 << 20
# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def guess_encoding(path: Path) -> str:
    """One of ENCODINGS. Every file can be read as the last one that is tried."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if zeros := head.count(0):
        # Of Western letters every second byte is zero; of a damaged file just some are.
        if head[1::2].count(0) > 0.9 * zeros and zeros > len(head) / 8:
            return "utf-16-le"
        if head[::2].count(0) > 0.9 * zeros and zeros > len(head) / 8:
            return "utf-16-be"
    return next((name for name in ("utf-8", "cp1252") if _decodes(path, name)), "latin-1")


def codec_of(encoding: str) -> str:
    """Python's name of the codec. Raises BadData for an encoding that is not offered."""
    if encoding not in ENCODINGS:
        raise BadData(f"Unsupported encoding: “{encoding[:40]}”.")
    # With or without the mark that Windows puts before UTF-8.
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
