"""Uploads: previews before anything is sent, several at once, and a lost connection."""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.images import digit_images, zip_of
from tests.services import Tuneroom

from .steps import LONG, look

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def long_table(path: Path) -> Path:
    """Of two parts: more than 4 MB in few rows."""
    words = "many words " * 80
    rows = "".join(
        f'{row % 7},"{words}{row}",{"yes" if row % 2 else "no"}\n' for row in range(5_000)
    )
    path.write_text("size,note,label\n" + rows)
    return path


def test_an_upload_goes_on_after_a_lost_connection_and_a_reload(
    sign_in: Callable[..., Any], tuneroom: Tuneroom, tmp_path: Path
) -> None:
    path = long_table(tmp_path / "notes.csv")
    page = sign_in()
    page.goto("/datasets/new/")
    sent: list[str] = []

    def cut(route: Any) -> None:
        """Only the first part gets through."""
        part = route.request.url.rstrip("/").rpartition("/")[2]
        sent.append(part)
        if part == "0":
            route.continue_()
        else:
            route.abort()

    page.route("**/uploads/*/parts/*/", cut)
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("Connection lost. Retrying…").wait_for()
    page.wait_for_function("() => document.querySelector('#chosen-files progress').value > 0.4")

    page.reload()
    page.get_by_text(re.compile(r"notes\.csv: 9\d % uploaded")).wait_for()
    look(page, "upload-unfinished")
    sent.clear()
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("Connection lost. Retrying…").wait_for()
    look(page, "upload-lost")
    page.unroute("**/uploads/*/parts/*/")
    page.get_by_text("5,000 rows and 3 columns detected").wait_for(timeout=LONG)
    assert "0" not in sent, "what had arrived was not sent again"
    assert page.get_by_label("Target", exact=True).input_value() == "label"
    page.get_by_role("link", name="Delete dataset…").click()
    page.get_by_role("button", name="Delete dataset").click()
    page.get_by_text("“notes” deleted.").wait_for()
    assert not any(path.is_dir() for path in (tuneroom.data / "uploads").iterdir())


def random_tables(count: int) -> list[str]:
    """Tables as Python's csv module writes them: with quotes, commas and lines inside of cells."""
    chance = random.Random(3)
    pieces = ["a", "1", ",", '"', "\n", "ä", " b", "'"]
    tables = []
    for _ in range(count):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator=chance.choice(["\n", "\r\n"]))
        for _ in range(chance.randint(1, 6)):
            cells = ["".join(chance.choices(pieces, k=chance.randint(0, 4))) for _ in range(3)]
            # A blank before a quote belongs to the text; files have it after a comma.
            writer.writerow([cell.strip() for cell in cells])
        tables.append(text.getvalue())
    return tables


PARSE = """async (texts) => {
  const { parseRows } = await import("/static/js/upload/delimited.js");
  return texts.map((text) => parseRows(text, ",", 1000));
}"""


def test_previews_read_rows_as_python_does(visit: Callable[..., Any]) -> None:
    tables = random_tables(300)
    parsed = visit("/").evaluate(PARSE, tables)
    for text, rows in zip(tables, parsed, strict=True):
        assert rows == list(csv.reader(io.StringIO(text, newline=""))), text


PACK = """async (files) => {
  const { packed } = await import("/static/js/upload/packing.js");
  const zip = await packed(files.map(([name, bytes]) => new File([Uint8Array.from(bytes)], name)));
  return [zip.name, [...new Uint8Array(await zip.arrayBuffer())]];
}"""


def test_arrays_are_packed_as_numpy_does(visit: Callable[..., Any]) -> None:
    arrays = {"größe": np.arange(600).reshape(20, 30), "y": np.arange(20) % 2}
    files = []
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, array)
        files.append([f"{name}.npy", list(buffer.getvalue())])
    name, packed = visit("/").evaluate(PACK, files)
    assert name == "größe.npy + y.npy.zip"
    with zipfile.ZipFile(io.BytesIO(bytes(packed))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["größe.npy", "y.npy"]
    loaded = np.load(io.BytesIO(bytes(packed)))
    assert all(np.array_equal(loaded[name], array) for name, array in arrays.items())


def test_files_are_shown_before_they_are_sent(sign_in: Callable[..., Any], tmp_path: Path) -> None:
    table = tmp_path / "towns.csv"
    table.write_bytes(
        'town;"two\nlines; ""quoted""";größe\nKöln;"a;\nb";1\nUlm;c;2\n'.encode("cp1252")
    )
    photos = zip_of(tmp_path / "photos.zip", digit_images(each=3))
    arrays = tmp_path / "arrays.npz"
    np.savez_compressed(arrays, images=np.zeros((5, 8, 8), "float32"), grades=np.arange(5))
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/datasets/new/")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.method))
    choose = page.get_by_label("File")

    choose.set_input_files(table)
    rows = page.get_by_role("region", name="First rows of towns.csv").get_by_role("row")
    rows.nth(2).wait_for()
    assert [row.strip().split("\t") for row in rows.all_inner_texts()] == [
        ["town", 'two lines; "quoted"', "größe"], ["Köln", "a; b", "1"], ["Ulm", "c", "2"],
    ]  # fmt: skip
    assert page.get_by_label("Name", exact=True).input_value() == "towns"
    look(page, "upload-table")

    # By the keyboard, and dropped.
    choose.focus()
    with page.expect_file_chooser() as dialog:
        page.keyboard.press("Space")
    assert dialog.value.is_multiple()
    held = page.evaluate_handle(
        "() => { const held = new DataTransfer();"
        " held.items.add(new File(['a,b\\n1,2\\n'], 'dropped.csv')); return held; }"
    )
    page.dispatch_event("#drop-zone", "drop", {"dataTransfer": held})
    page.get_by_role("region", name="First rows of dropped.csv").wait_for()

    # Another choice replaces it; several at once have a row each.
    choose.set_input_files(photos)
    page.get_by_text("9 images in 3 classes: digit 0 (3), digit 1 (3), digit 2 (3)").wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.first-images img')]"
        ".filter((image) => image.complete).length === 9"
    )
    assert page.get_by_label("Name", exact=True).input_value() == "photos"
    page.get_by_role("button", name="Remove photos.zip").click()
    for array in ("x", "y"):
        np.save(tmp_path / f"{array}.npy", np.zeros((4, 3)))
        choose.set_input_files(tmp_path / f"{array}.npy")
        text = "1 array" if array == "x" else "2 arrays"
        page.locator("#chosen-files").get_by_text(text).wait_for()
    page.get_by_role("button", name="Remove x.npy + y.npy.zip").click()
    other = tmp_path / "notes.docx"
    other.write_bytes(b"PK")
    choose.set_input_files([table, arrays, other])
    for text in ("(5, 8, 8)", "float32", "grades", "int64"):
        page.get_by_role("region", name="First rows of arrays.npz").get_by_text(text).wait_for()
    refusal = "Unsupported file type: “notes.docx”. Upload one of .npz"
    page.locator("#chosen-files").get_by_text(refusal).wait_for()
    look(page, "upload-several")
    page.get_by_role("button", name="Upload", exact=True).click()
    page.locator("#upload-problem").get_by_text(refusal).wait_for()
    assert "POST" not in requests, "nothing was sent yet"

    # Each becomes a dataset of its own.
    page.get_by_role("button", name="Remove notes.docx").click()
    page.get_by_label("Dataset name for towns.csv").fill("Towns by hand")
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("link", name="arrays").wait_for(timeout=LONG)
    page.get_by_role("link", name="Towns by hand").click(timeout=LONG)
    page.get_by_role("heading", name="Towns by hand", level=1).wait_for()
    for name in ("Towns by hand", "arrays"):
        page.goto("/datasets/")
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("link", name="Delete dataset…").click()
        page.get_by_role("button", name="Delete dataset").click()
        page.get_by_text(f"“{name}” deleted.").wait_for()
