"""Data of one's own, from the upload to a model that is taken home and predicts them."""

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.images import digit_images, zip_of
from tests.runner.warm import python

from .steps import LONG, look, number_in, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


ROWS, HOUSES = 240, 40
TYPES = {"house": "group", "trust": "weight"}


def house_of(row: int) -> int:
    """Of a flat, by its row in the file."""
    return row % HOUSES


def flats(folder: Path) -> Path:
    """A CSV with text categories and gaps in both kinds of column, several flats of each house, and
    a column that says how far a row is to be trusted."""
    random = np.random.RandomState(5)
    lines = ["rooms,city,area,house,trust,dear"]
    for row in range(1, ROWS + 1):
        rooms, city = random.randint(1, 7), random.choice(["Berlin", "Paris", "München", ""])
        area = "" if random.uniform() < 0.1 else f"{rooms * 22 + random.normal() * 3:.1f}"
        dear = "yes" if rooms + 3 * (city == "Paris") > 4 else "no"
        trust = 0.5 if row % 3 else 2
        lines.append(f"{rooms},{city},{area},h{house_of(row)},{trust},{dear}")
    path = folder / "flats.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def photos(folder: Path) -> Path:
    return zip_of(folder / "photos.zip", digit_images(each=40))


def arrays(folder: Path) -> Path:
    from sklearn.datasets import load_digits

    digits = load_digits()
    path = folder / "arrays.npz"
    np.savez(path, x=digits.images[:600], y=digits.target[:600])
    return path


def upload(page: Any, path: Path, types: dict[str, str]) -> None:
    """`types`: of columns, if the file is a table."""
    page.goto("/datasets/new/")
    page.get_by_label("Name", exact=True).fill(f"My {path.suffix} data")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/datasets/\d+/"))
    if types:
        columns = page.get_by_role("region", name="Columns of the file")
        for name, kind in types.items():
            columns.get_by_label(name, exact=True).select_option(kind, timeout=LONG)
        page.get_by_role("button", name="Prepare dataset").click()
    page.get_by_role("heading", name="Load in Python").wait_for(timeout=LONG)


@pytest.mark.parametrize(
    ("make", "types", "template", "shape"),
    [
        (flats, TYPES, "Dense network", "240 rows of 3 columns, 2 classes"),
        (photos, {}, "Small convolutional", "120 images of 8 × 8 × 1, 3 classes"),
        (arrays, {}, "Small convolutional", "600 images of 8 × 8 × 1, 10 classes"),
    ],
)
def test_from_a_file_to_a_file(
    sign_in: Callable[..., Any], tmp_path: Path, make: Callable[[Path], Path],
    types: dict[str, str], template: str, shape: str,
) -> None:  # fmt: skip
    path = make(tmp_path)
    page = sign_in()
    upload(page, path, types)
    page.get_by_text(shape).first.wait_for()
    page.get_by_role("link", name="Use in new project").click()
    page.get_by_role("radio", name=re.compile(template)).check()
    page.get_by_role("button", name="Next: name & split").click()
    page.get_by_label("Name", exact=True).fill(f"Project of {path.name}")
    if make is flats:
        choose_rows(page)
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("heading", name=f"Project of {path.name}", level=1).wait_for()
    start_search(page, tuner="random", max_trials="2", epochs="3")
    wait_until_completed(page)
    page.get_by_role("button", name="Retrain best").click()
    page.wait_for_url("**/models/*/")
    bundle = page.get_by_role("link", name="Download all (.zip)")
    bundle.wait_for(timeout=LONG)
    if make is flats:
        check_houses(page)
    with page.expect_download() as downloading:
        bundle.click()
    downloading.value.save_as(tmp_path / "bundle.zip")

    # At home: the model, the script that came with it and the person's own file, nothing else.
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "home")
    (folder,) = (tmp_path / "home").iterdir()
    shutil.copy(path, folder)
    done = python("predict.py", cwd=folder)
    assert done.returncode == 0, done.stderr
    predicted, actual = (line for line in done.stdout.splitlines() if ": " in line)
    names = {"yes", "no"} if types else {"digit 0", "digit 1", "digit 2", *map(str, range(10))}
    for line, label in ((predicted, "predicted:"), (actual, "actual:")):
        assert line.startswith(label)
        found = re.findall(r"'([^']*)'", line)
        assert len(found) == 5
        assert set(found) <= names
    check_questions(page, make, folder)


def choose_rows(page: Any) -> None:
    """The flats of a house stay together, rows count as far as they are to be trusted, and dear
    flats as much as others."""
    page.get_by_role("radio", name=re.compile("^By group")).check()
    page.get_by_label("Column", exact=True).select_option("house")
    page.get_by_label("Row weights", exact=True).select_option("trust")
    page.get_by_label("Balance classes in training").check()
    look(page, "rows-split")


def check_houses(page: Any) -> None:
    """All flats of a house are test rows, or none: the page lists them by what was predicted."""
    page.locator("table.confusion").wait_for(timeout=LONG)
    listed = page.locator("#evaluation-rows")
    cells = page.locator("table.confusion td").all()
    found: set[int] = set()
    for cell in cells:
        button = cell.get_by_role("button")
        if button.count():
            button.click()
            _, kind = str(button.get_attribute("aria-label")).split(" of ")
            listed.get_by_role("heading", name=kind).wait_for()
            found |= set(map(int, listed.locator("tbody td:first-child").all_inner_texts()))
    assert len(found) == sum(int(cell.locator("b").inner_text()) for cell in cells)
    assert found == {row for row in range(1, ROWS + 1) if house_of(row) in map(house_of, found)}
    assert 0 < len(found) < ROWS


def check_questions(page: Any, make: Callable[[Path], Path], folder: Path) -> None:
    """What the page answers about a row is what its code prints at home."""
    if make is flats:
        page.get_by_label("rooms", exact=True).fill("many")
        page.get_by_role("button", name="Predict", exact=True).click()
        page.get_by_text("Enter a number, such as 12.5.").wait_for()
        page.get_by_label("rooms", exact=True).fill("6")
        page.get_by_label("city", exact=True).select_option(label="(missing)")
        page.get_by_label("area", exact=True).fill("")
        ask(page, page.get_by_role("button", name="Predict", exact=True))
        check_answer(page, folder)
        assert page.get_by_label("rooms", exact=True).input_value() == "6"
        check_long_text(page)
        (folder / "asked.csv").write_text("city,area,rooms\nParis,,7\n,20.5,1\n", "utf-8")
        file = folder / "asked.csv"
    elif make is photos:
        file = folder / "asked.png"
        Image.fromarray(np.full((30, 20, 3), 90, np.uint8)).save(file)
    else:
        file = folder / "asked.npy"
        np.save(file, np.ones((2, 8, 8)))
    page.locator("#id_rows").set_input_files(file)
    ask(page, page.locator("#predict-file"))
    check_answer(page, folder)
    assert page.locator(".answer-picture img").count() == (make is not flats)
    look(page, f"try-{make.__name__}")
    with page.expect_download() as downloading:
        page.get_by_role("link", name=re.compile("^Download .* row")).click()
    head = Path(downloading.value.path()).read_text("utf-8").splitlines()[0]
    assert head.startswith("city,area,rooms,predicted dear" if make is flats else "row,predicted")


def check_long_text(page: Any) -> None:
    """More text than a form may have is refused beside its field, which still has all of it."""
    limit = page.locator("meta[name=form-limit]")
    before = limit.get_attribute("content")
    # Chromium takes minutes to lay out as much as the real limit.
    limit.evaluate("meta => { meta.content = 2 ** 19; }")
    pasted = page.get_by_label("Or paste rows")
    pasted.evaluate("area => { area.value = 'size,town\\n'.repeat(60_000); }")
    page.locator("#predict-file").click()
    said = page.get_by_text("The form has 0.6 MB of text, more than the limit of 0.5 MB.")
    said.wait_for()
    assert pasted.evaluate("area => area.value.length") == 600_000
    # Not `fill`, which would select all of it first.
    pasted.evaluate(
        "area => { area.value = ''; area.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    said.wait_for(state="detached")
    limit.evaluate("(meta, before) => { meta.content = before; }", before)


def ask(page: Any, button: Any) -> None:
    """Press it and wait for its answer: one to an earlier question stands there until it comes."""
    page.locator("#answer").evaluate("answer => { answer.dataset.earlier = 1; }")
    button.click()
    page.locator("#answer:not([data-earlier]) .answer-value").wait_for(timeout=LONG)


def check_answer(page: Any, folder: Path) -> None:
    """The classes add up, and the code at home predicts the same one."""
    shares = [number_in(text) for text in page.locator(".answer-bars .num").all_inner_texts()]
    assert shares == sorted(shares, reverse=True)
    assert 99 < sum(shares) < 101
    code = page.locator("#answer-code").text_content()
    done = python("-c", code, cwd=folder)
    assert done.returncode == 0, done.stderr
    printed = next(line for line in done.stdout.splitlines() if line.startswith("predicted:"))
    [first, *_] = re.findall(r"'([^']*)'", printed)
    assert page.locator(".answer-value").inner_text() == first
