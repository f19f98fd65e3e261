"""Tables whose columns are the pixels of images."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning.runner.failures import BadData

from .test_tables import read, workplace
from .test_uploads import check_snippet

__all__ = ["workplace"]


def table(names: list[str], rows: int = 20, top: float = 255, **others: Any) -> str:
    """Pixels of random images, with a label before them."""
    random = np.random.RandomState(0)
    lines = [",".join(["label", *names, *others])]
    for row in range(rows):
        pixels = (random.uniform(size=len(names)) * top).round(0 if top > 1 else 3)
        cells = [f"{pixel:g}" for pixel in pixels]
        lines.append(",".join([str(row % 3), *cells, *(str(of(row)) for of in others.values())]))
    return "\n".join(lines)


def grid(height: int, width: int, form: str = "{}x{}", first: int = 1) -> list[str]:
    return [
        form.format(row + first, column + first) for row in range(height) for column in range(width)
    ]


@pytest.mark.parametrize(
    ("names", "shape", "clear"),
    [
        ([f"pixel{n}" for n in range(64)], "8x8x1", True),
        ([f"px_{n}" for n in range(1, 65)], "8x8x1", True),
        (grid(5, 7), "5x7x1", True), (grid(4, 4, "p_{}_{}", 0), "4x4x1", True),
        ([f"x{n}" for n in range(64)], "8x8x1", False),
        # A survey, and months.
        (grid(4, 5, "q{}_{}"), "4x5x1", False), (grid(2, 12, "202{}-{}"), "2x12x1", False),
        ([f"pixel{n}" for n in range(192)], "8x8x3", True),
        ([f"pixel{n}" for n in range(20)], "", True),
    ],
)  # fmt: skip
def test_pixels_are_found_by_their_names(names: list[str], shape: str, clear: bool) -> None:
    found, profile = read(table(names))
    assert profile is None
    assert (found.pixels, found.pixels_clear) == (shape, clear)
    assert found.pixel_columns == f"{names[0]} to {names[-1]}"


@pytest.mark.parametrize("names", [
    [f"pixel{n}" for n in range(15)], [f"pixel{n}" for n in range(60) if n != 7],
    ["age", "height", "weight"], grid(2, 9, "202{}-0{}"),
])  # fmt: skip
def test_other_columns_are_no_pixels(names: list[str]) -> None:
    found, _ = read(table(names))
    assert (found.pixels, found.pixel_columns) == ("", "")


def test_a_table_becomes_images() -> None:
    names = [f"pixel{n}" for n in range(6 * 4 * 3)]
    content = table(names[::-1], note=lambda row: f"n{row}")
    _, profile = read(content, target="label", pixels="6x4x3")
    assert (profile["kind"], profile["input_shape"], profile["dtype"]) == (
        "image", [6, 4, 3], "uint8",
    )  # fmt: skip
    assert profile["num_classes"] == 3
    assert profile["thumbnails"]["columns"] == 3
    assert Path("prepared/thumbnails.png").exists()
    assert [one["name"] for one in profile["dropped"]] == ["note"]
    # In the order of the numbers, whatever the file's is.
    first = [int(cell) for cell in content.split("\n")[1].split(",")[1:73]][::-1]
    assert np.array_equal(np.load("prepared/x.npy")[0], np.reshape(first, (6, 4, 3)))
    check_snippet(profile)


def test_fractions_stay_and_a_quantity_is_predicted() -> None:
    content = table(grid(4, 5), top=1, age=lambda row: row / 4)
    _, profile = read(content, target="age", pixels="4x5")
    assert (profile["task"], profile["dtype"]) == ("regression", "float32")
    assert [one["name"] for one in profile["dropped"]] == ["label"]
    check_snippet(profile)


def test_a_guess_is_used_only_without_doubt() -> None:
    clear = table([f"pixel{n}" for n in range(64)])
    assert read(clear, target="label", pixels="auto")[1]["input_shape"] == [8, 8, 1]
    for names in ([f"x{n}" for n in range(64)], [f"pixel{n}" for n in range(20)]):
        shutil.rmtree("prepared")
        assert read(table(names), target="label", pixels="auto")[1]["kind"] == "table"
    shutil.rmtree("prepared")
    assert read(clear, target="label")[1]["kind"] == "table"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pixels": "9x9x1"}, "9x9x1 needs 81 columns, but pixel0 to pixel63 are 64"),
        ({"pixels": "8x8x2"}, "1 or 3 channels"), ({"pixels": "big"}, "not an image shape"),
        ({"pixels": "8x8x1", "target": "pixel3"}, "target “pixel3” is a pixel"),
        ({"pixels": "8x8x1", "most_bytes": 4000}, "prepared images need"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BadData, match=words):
        read(table([f"pixel{n}" for n in range(64)]), **{"target": "label", **options})


def test_a_missing_pixel_is_named() -> None:
    content = table([f"pixel{n}" for n in range(64)])
    lines = content.split("\n")
    lines[3] = lines[3].rpartition(",")[0] + ","
    with pytest.raises(BadData, match="“pixel63” has no value in row 3"):
        read("\n".join(lines), target="label", pixels="8x8x1")
    shutil.rmtree("prepared")
    with pytest.raises(BadData, match="No columns with consecutive numbers"):
        read("a,b\n" + "1,x\n2,y\n" * 4, target="b", header="yes", pixels="1x1x1")
