"""Reading an uploaded zip of images, one folder for each class."""

import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from PIL import Image, ImageOps

from tuning.protocol.data_kinds import DataKind
from tuning.protocol.uploads import COLOUR, GREY, Upload
from tuning.runner.failures import BadData

from .archives import PICTURES, open_archive, read_entry
from .image_labels import PARTS, Label, Labels, labels_by_path, steps_of
from .parsed import Parsed, Report, check_classes, check_labels, check_numbers, parts_note
from .sources import Source

MAX_PIXELS = 50_000_000
MAX_FILE_BYTES = 256 << 20
# Of the images, how many may be broken.
MAX_BROKEN = 0.1
DEFAULT_SIDE = 64
_MAX_IN_SNIPPET = 100

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
# What people try in vain.
_UNSUPPORTED = {
    "audio": (".wav", ".mp3", ".flac", ".ogg", ".m4a"),
    "video": (".mp4", ".avi", ".mov", ".mkv", ".webm"),
    "3-D images": (".nii", ".dcm", ".mha"),
}
# Pictures that are not read: they count as broken ones, while a README does not.
_OTHER_PICTURES = {
    ".svg", ".tif", ".tiff", ".heic", ".heif", ".avif", ".ico", ".psd", ".eps", ".pdf", ".jp2",
}  # fmt: skip
# The tag of Exif that tells how a camera was held; from 5 on it was held upright.
_ORIENTATION, _LYING = 0x0112, 5
# 16 bits for each pixel.
_DEEP_MODES = {"I;16", "I;16B", "I;16L", "I;16N"}
_GREY_MODES = {"1", "L", "LA", "La", *_DEEP_MODES}


@dataclass(frozen=True)
class _Found:
    """An image: its class, its size upright, and its colours as Pillow's mode."""

    entry: zipfile.ZipInfo
    label: Label
    height: int
    width: int
    mode: str

    @property
    def grey(self) -> bool:
        return self.mode in _GREY_MODES


Dropped = list[tuple[str, str]]


def pictures_in(path: Path, most_bytes: int) -> list[zipfile.ZipInfo]:
    """The images in an archive. Raises BadData if there are none."""
    with open_archive(path, most_bytes) as archive:
        return _pictures(archive.infolist())[0]


def read_images(
    path: Path, upload: Upload, folder: Path, report: Report, labels: Labels | None = None
) -> Parsed:
    """Write folder/x.npy; the rest is returned. Without labels, folders and names tell them. Raises
    BadData."""
    dropped: Dropped = []
    with open_archive(path, upload.most_bytes) as archive, warnings.catch_warnings():
        # Pillow warns of large images; what is too large is refused below, by its size.
        warnings.simplefilter("ignore")
        pictures, others = _pictures(archive.infolist())
        labels = labels or labels_by_path(pictures)
        found = list(_look(archive, labels.labelled, dropped, report))
        _check_broken(found, dropped)
        grey = upload.colours == GREY or (
            upload.colours != COLOUR and all(image.grey for image in found)
        )
        height, width, scaled = _target_size(found, upload.side)
        shape = (height, width, 1 if grey else 3)
        size = len(found) * height * width * shape[2]
        if size > upload.most_bytes:
            raise BadData(
                f"{len(found):,} images of {height} × {width} pixels need {size / 2**20:,.0f} MB, "
                f"more than the limit of {upload.most_bytes / 2**20:,.0f} MB. "
                "Select a smaller size."
            )
        read = _write(archive, found, shape, folder / "x.npy", dropped, report)
    _check_broken(read, dropped)
    y, class_names = _targets(read, labels)
    x = np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False)
    source = Source(
        x, y, class_names, origin=f"Uploaded as {upload.name}.", target_name=labels.target,
        target_names=labels.names,
        load_snippet=_snippet(
            upload.name, shape, labels, dropped, any(i.mode in _DEEP_MODES for i in found)
        ),
    )  # fmt: skip
    parts = None if labels.place is None else _parts(read, labels.place)
    notes = [*labels.notes, *_notes(found, shape, scaled, grey, dropped)]
    if class_names:
        notes += _balance_note(y)
    if parts is not None:
        notes.append(parts_note(parts, "images"))
    auxiliary = labels.auxiliary_of([image.entry for image in read])
    notes += [column.note() for column in auxiliary]
    left_out = [*dropped, *labels.others, *others]
    return Parsed(
        DataKind.IMAGE, labels.task, source, notes, left_out, parts=parts,
        auxiliary=[(column.described(), column.values) for column in auxiliary],
    )  # fmt: skip


def _targets(read: list[_Found], labels: Labels) -> tuple[np.ndarray, list[str]]:
    """y, and the names of the classes, if the labels are some. Raises BadData."""
    if labels.task.traits.reconstructs:
        return np.zeros(len(read), np.float32), []
    if not labels.task.traits.has_classes:
        y = np.array([image.label for image in read], dtype=np.float32)
        if labels.task.traits.has_labels:
            check_labels(labels.names, y)
        elif labels.names:
            check_numbers(labels.names, y)
        elif len(np.unique(y)) < 2:
            raise BadData("All images have the same target. Select another target.")
        return y, []
    present = {str(image.label) for image in read}
    names = [name for name in labels.classes or sorted(present) if name in present]
    index = {name: place for place, name in enumerate(names)}
    classes = np.array([index[str(image.label)] for image in read], dtype=np.int64)
    check_classes(names, np.bincount(classes), "image")
    return classes, names


def _parts(read: list[_Found], place: int) -> np.ndarray | None:
    """The part of each image by its folder; None if there is but one of them, or none for
    training."""
    folders = [steps_of(image.entry)[place].lower() for image in read]
    parts = np.array([PARTS[folder] for folder in folders], dtype=np.uint8)
    return parts if 0 in parts and len(np.unique(parts)) > 1 else None


def _pictures(entries: list[zipfile.ZipInfo]) -> tuple[list[zipfile.ZipInfo], Dropped]:
    """The images in the archive, and what else is in it. Raises BadData if there are none."""
    pictures, others = [], []
    for entry in entries:
        steps = steps_of(entry)
        if entry.is_dir() or steps[0] == "__MACOSX" or steps[-1].startswith((".", "Thumbs.db")):
            continue
        if PurePosixPath(steps[-1]).suffix.lower() in PICTURES | _OTHER_PICTURES:
            pictures.append(entry)
        else:
            others.append((entry.filename, "is not an image"))
    if not pictures:
        raise BadData(_unsupported([name for name, _ in others]))
    return pictures, others


def _unsupported(names: list[str]) -> str:
    """Why an archive of these files cannot be read."""
    for name in names:
        for kind, endings in _UNSUPPORTED.items():
            if name.lower().endswith(endings):
                return f"The archive contains {kind} (“{name[-80:]}”), which is not supported."
    return "The archive contains no images (PNG, JPEG, GIF, BMP or WebP), tables or arrays."


def _look(
    archive: zipfile.ZipFile,
    labelled: Sequence[tuple[zipfile.ZipInfo, Label]],
    dropped: Dropped,
    report: Report,
) -> Iterator[_Found]:
    """Sizes and colours, from the first bytes of each image."""
    for number, (entry, label) in enumerate(labelled, 1):
        report(f"Checking image {number:,} of {len(labelled):,}", number / len(labelled) / 4)
        try:
            with archive.open(entry) as file, _opened(file, entry) as image:
                width, height = image.size
                # A PNG would have to be decoded for this, and hardly any is turned.
                if image.format != "PNG" and image.getexif().get(_ORIENTATION, 1) >= _LYING:
                    width, height = height, width
                yield _Found(entry, label, height, width, image.mode)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  Pillow raises whatever its formats raise
            dropped.append((entry.filename, _reason(error)))


def _opened(file: IO[bytes], entry: zipfile.ZipInfo) -> Image.Image:
    """The image, not decoded yet. Raises ValueError with a reason for people."""
    if PurePosixPath(entry.filename).suffix.lower() not in PICTURES:
        raise ValueError("has an unsupported format (use PNG, JPEG, GIF, BMP or WebP)")
    if entry.file_size > MAX_FILE_BYTES:
        raise ValueError(f"is larger than {MAX_FILE_BYTES >> 20} MB")
    try:
        image = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise ValueError(f"has more than {MAX_PIXELS // 10**6} megapixels") from error
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"has more than {MAX_PIXELS // 10**6} megapixels")
    if image.mode in ("I", "F"):
        raise ValueError("has more than 16 bits for each pixel")
    return image


def _reason(error: Exception) -> str:
    return str(error) if type(error) is ValueError else "is damaged or not an image"


def _check_broken(good: list[Any], dropped: Dropped) -> None:
    total = len(good) + len(dropped)
    if not good or len(dropped) > MAX_BROKEN * total:
        name, reason = dropped[0]
        raise BadData(
            f"{len(dropped):,} of {total:,} images cannot be read; the first is “{name[:200]}”, "
            f"which {reason}."
        )


def _target_size(found: list[_Found], side: int) -> tuple[int, int, bool]:
    """Height and width of all images, and whether any has to be scaled for it."""
    sizes = {(image.height, image.width) for image in found}
    if not side and len(sizes) == 1:
        return (*sizes.pop(), False)
    side = side or min(DEFAULT_SIDE, min(min(size) for size in sizes))
    return side, side, sizes != {(side, side)}


def _write(
    archive: zipfile.ZipFile,
    found: list[_Found],
    shape: tuple[int, int, int],
    path: Path,
    dropped: Dropped,
    report: Report,
) -> list[_Found]:
    """Decode all images into one array file. Returns those that are in it."""
    read: list[_Found] = []
    with path.open("wb") as writer:
        _write_header(writer, (len(found), *shape))
        length = writer.tell()
        for number, image in enumerate(found, 1):
            report(f"Reading image {number:,} of {len(found):,}", 0.25 + 0.75 * number / len(found))
            try:
                content = b"".join(read_entry(archive, image.entry))
                pixels = decoded(content, image.entry, shape)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001  Pillow raises whatever its formats raise
                dropped.append((image.entry.filename, _reason(error)))
                continue
            writer.write(pixels.tobytes())
            read.append(image)
        # numpy leaves room in the header for another number of rows.
        writer.seek(0)
        _write_header(writer, (len(read), *shape))
        assert writer.tell() == length
    return read


def _write_header(writer: IO[bytes], shape: tuple[int, ...]) -> None:
    facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(writer, facts)


def decoded(content: bytes, entry: zipfile.ZipInfo, shape: tuple[int, int, int]) -> np.ndarray:
    """One image as prepared: the first frame, upright, in the wanted colours and size."""
    with _opened(io.BytesIO(content), entry) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode in _DEEP_MODES:
            # Pillow would cut all values above 255.
            upright = Image.fromarray((np.asarray(upright) // 257).astype(np.uint8))
        coloured = upright.convert("L" if shape[2] == 1 else "RGB")
        if coloured.size != (shape[1], shape[0]):
            coloured = coloured.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
        return np.asarray(coloured, dtype=np.uint8).reshape(shape)


def _notes(
    found: list[_Found], shape: tuple[int, int, int], scaled: bool, grey: bool, dropped: Dropped
) -> list[str]:  # fmt: skip
    notes = []
    if scaled:
        count = sum((image.height, image.width) != shape[:2] for image in found)
        notes.append(
            f"{count:,} of {len(found):,} images were scaled to {shape[0]} × {shape[1]} pixels, "
            "whatever their proportions."
        )
    changed = sum(image.grey != grey for image in found)
    if changed:
        notes.append(f"{changed:,} images were turned into {'grey' if grey else 'colour'} ones.")
    deep = sum(image.mode in _DEEP_MODES for image in found)
    if deep:
        notes.append(
            f"Images of 16 bits for each pixel ({deep:,} of {len(found):,}) were scaled to 8 bits."
        )
    if dropped:
        notes.append(f"{len(dropped):,} images were left out because they cannot be read.")
    return notes


def _balance_note(classes: np.ndarray) -> list[str]:
    counts = np.bincount(classes)
    if counts.max() <= 10 * counts.min():
        return []
    return ["Class sizes differ more than tenfold. Accuracy can be misleading."]


def _snippet(
    name: str, shape: tuple[int, int, int], labels: Labels, dropped: Dropped, deep: bool
) -> str:
    """Lines that load the original file in the same form, straight from the archive. `deep`: some
    of its images have 16 bits."""
    height, width, channels = shape
    mode = "L" if channels == 1 else "RGB"
    broken = [path for path, _ in dropped[:_MAX_IN_SNIPPET]]
    lines = [
        "import io",
        "import zipfile",
        "",
        "import numpy as np",
        "from PIL import Image, ImageOps",
        *labels.beginning,
        "",
        f"endings = {tuple(sorted(PICTURES))!r}",
        *([f"broken = {broken!r}"] if broken else []),
        "images, labels = [], []",
        f"with zipfile.ZipFile({name!r}) as archive:",
        "    for path in archive.namelist():",
        '        steps = path.replace("\\\\", "/").split("/")',
        '        hidden = steps[0] == "__MACOSX" or steps[-1].startswith(".")',
        "        if hidden or not path.lower().endswith(endings):",
        "            continue",
        *(["        if path in broken:", "            continue"] if broken else []),
        *(f"        {line}" for line in labels.lines),
        "        image = ImageOps.exif_transpose(Image.open(io.BytesIO(archive.read(path))))",
        *(
            [
                '        if image.mode.startswith("I;16"):',
                '            image = Image.fromarray((np.asarray(image) // 257).astype("uint8"))',
            ]
            if deep
            else []
        ),
        f'        image = image.convert("{mode}")',
        f"        if image.size != ({width}, {height}):",
        f"            image = image.resize(({width}, {height}), Image.Resampling.BILINEAR)",
        "        images.append(np.asarray(image))",
        "        labels.append(label)",
        f"x = np.stack(images).reshape(-1, {height}, {width}, {channels})",
        *labels.ending,
    ]
    return "\n".join(lines) + "\n"
