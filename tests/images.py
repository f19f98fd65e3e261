"""Archives of images, made on the fly."""

import io
import zipfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw


def picture(size: tuple[int, int] = (12, 12), shade: int = 200, kind: str = "PNG") -> bytes:
    """A grey image with a bright square."""
    image = Image.new("L", size, 20)
    ImageDraw.Draw(image).rectangle((2, 2, size[0] - 3, size[1] - 3), fill=shade)
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def zip_of(path: Path, files: dict[str, bytes], **options: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def shapes(each: int = 4, size: tuple[int, int] = (12, 12)) -> dict[str, bytes]:
    """Files of two classes, "dark" and "light"."""
    return {
        f"shapes/{label}/{number}.png": picture(size, shade + number)
        for label, shade in (("dark", 60), ("light", 230))
        for number in range(each)
    }


def digit_images(each: int, labels: tuple[int, ...] = (0, 1, 2)) -> dict[str, bytes]:
    """scikit-learn's digits as PNGs, one folder for each digit."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    files = {}
    for label in labels:
        rows = [index for index, value in enumerate(bunch.target) if value == label][:each]
        for row in rows:
            buffer = io.BytesIO()
            Image.fromarray((bunch.images[row] * 15.9).astype("uint8")).save(buffer, "PNG")
            files[f"digit {label}/{row}.png"] = buffer.getvalue()
    return files
