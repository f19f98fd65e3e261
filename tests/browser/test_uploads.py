"""Uploads: previews before anything is sent, several at once, and a lost connection."""

import csv
import io
import random
import re
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from tests.images import digit_images, picture
from tests.imports import keras_tuner_project
from tests.services import (
    ADMIN,
    PASSWORD,
    PATIENCE,
    ROOT,
    Tuneroom,
    answers,
    set_up_tuneroom,
    wait_for,
)
from tests.storage import s3_server
from tests.storage.s3_server import S3Server
from tuning.runner.datasets.image_labels import labels_by_path
from tuning.runner.failures import BadData

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
    # Its bytes are on their way before the site has them: a reload would take them back.
    with page.expect_response("**/uploads/*/parts/0/"):
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


@pytest.fixture
def storing_site(s3: S3Server, tmp_path: Path) -> Iterator[str]:
    """The address of a site without a worker, whose browsers send files to a bucket."""
    storage = s3.url.replace("/data", f"/{tmp_path.name}")
    environment = set_up_tuneroom(
        tmp_path / "data", STORAGE_URL=storage, STORAGE_DIRECT="1", **s3_server.KEYS
    )  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "up", "--only", "site"], cwd=ROOT,
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{environment['PORT']}"
    try:
        wait_for(lambda: answers(url), "the site answers")
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def part_number(request: Any) -> str:
    return str(parse_qs(urlsplit(request.url).query)["partNumber"][0])


def is_first_part(response: Any) -> bool:
    """The store has it, not only the network."""
    return response.request.method == "PUT" and part_number(response.request) == "1"


def test_an_upload_goes_straight_to_the_store(
    chromium: Any, storing_site: str, s3: S3Server, tmp_path: Path
) -> None:
    """It goes on there after a reload, and through the site once the store cannot be reached."""
    path = tmp_path / "notes.csv"
    path.write_text("size,label\n" + "1,many words and yet more of them\n" * 300_000)
    context = chromium.new_context(base_url=storing_site, reduced_motion="reduce")
    context.set_default_timeout(LONG)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Username").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    page.goto("/datasets/new/")
    bucket, relayed = f"{s3.endpoint}/**", "**/uploads/*/parts/*/"
    sent: list[str] = []

    def cut(route: Any) -> None:
        """Only the first part gets through."""
        if route.request.method == "PUT":
            sent.append(part_number(route.request))
        if sent and sent[-1] != "1":
            route.abort()
        else:
            route.continue_()

    page.route(bucket, cut)
    page.route(relayed, lambda route: route.abort())
    page.get_by_label("File").set_input_files(path)
    with page.expect_response(is_first_part):
        page.get_by_role("button", name="Upload", exact=True).click()
    # Neither way is open.
    page.get_by_text("Connection lost. Retrying…").wait_for()
    page.wait_for_function("() => document.querySelector('#chosen-files progress').value > 0.5")

    page.reload()
    page.get_by_text("notes.csv: partly uploaded. Choose it again to continue.").wait_for()
    look(page, "upload-unfinished-store")
    page.unroute(bucket, cut)
    sent.clear()
    page.on("request", lambda each: each.method == "PUT" and sent.append(part_number(each)))
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("heading", name="notes", level=1).wait_for(timeout=LONG)
    assert sent == ["2"], "what had arrived was not sent again"

    page.goto("/datasets/new/")
    page.unroute(relayed)
    page.route(bucket, lambda route: route.abort())
    path.write_text("size,label\n1,other\n2,words\n")
    page.get_by_label("File").set_input_files(path)
    page.get_by_label("Name", exact=True).fill("Other")
    # What the site says while the store refuses to take the file in (test_direct_uploads.py).
    trouble = "The server's storage is not accepting the file."
    page.route(
        "**/finish/", lambda route: route.fulfill(json={"stored": False, "trouble": trouble})
    )
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text(trouble).wait_for()
    assert page.get_by_text("Storing…").is_visible()
    look(page, "upload-refused-by-store")
    page.unroute("**/finish/")
    page.get_by_role("heading", name="Other", level=1).wait_for(timeout=LONG)
    context.close()
    # As the site has counted; and nothing else is left.
    with sqlite3.connect(tmp_path / "data" / "db.sqlite3") as connection:
        hashes = "SELECT upload_sha256 FROM tuning_dataset WHERE name IN ('notes', 'Other')"
        kept = {f"{tmp_path.name}/objects/{sha256}" for (sha256,) in connection.execute(hashes)}
    assert len(kept) == 2
    assert kept == s3.below(tmp_path.name)


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
  const made = ([path, bytes]) => ({ file: new File([Uint8Array.from(bytes)], path), path });
  const zip = await packed(files.map(made), "arrays.zip");
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
    assert name == "arrays.zip"
    with zipfile.ZipFile(io.BytesIO(bytes(packed))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["größe.npy", "y.npy"]
    loaded = np.load(io.BytesIO(bytes(packed)))
    assert all(np.array_equal(loaded[name], array) for name, array in arrays.items())


LABELS = """async (cases) => {
  const { labelsByPath } = await import("/static/js/upload/picture_labels.js");
  return cases.map((paths) => {
    const labels = {};
    for (const [label, all] of labelsByPath(paths).classes) {
      for (const path of all) labels[path] = label;
    }
    return labels;
  });
}"""


def paths_of_pictures(count: int) -> list[list[str]]:
    """Of folders in which the classes are folders, or the beginnings of names, or nothing is."""
    chance = random.Random(5)
    cases = []
    for _ in range(count):
        outer = chance.choice(["", "all/", "a/b/"])
        parts = chance.choice([[""], ["train/", "test/"], ["train1/", "val/"], ["one/", "two/"]])
        folders = chance.choice([["cat/", "dog/"], [""], ["x/"], ["cat/", "deep/dog/"]])
        begin = chance.choice([["cat_", "dog-"], ["käse ("], ["cat", "dog"], ["", "img_"], ["1_"]])
        names = [f"{chance.choice(begin)}{number}.png" for number in range(chance.randint(4, 12))]
        cases.append(
            [f"{outer}{chance.choice(parts)}{chance.choice(folders)}{name}" for name in names]
        )
    return cases


def labels_of(paths: list[str]) -> dict[str, str]:
    """As a worker reads them."""
    try:
        labels = labels_by_path([zipfile.ZipInfo(path) for path in paths])
    except BadData:
        return {}
    return {entry.filename: str(label) for entry, label in labels.labelled}


def test_previews_read_the_classes_of_images_as_workers_do(visit: Callable[..., Any]) -> None:
    cases = paths_of_pictures(400)
    for paths, labels in zip(cases, visit("/").evaluate(LABELS, cases), strict=True):
        assert labels == labels_of(paths), paths


def written(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [folder / name for name in files]


def test_files_are_shown_before_they_are_sent(sign_in: Callable[..., Any], tmp_path: Path) -> None:
    table = tmp_path / "towns.csv"
    table.write_bytes(
        'town;"two\nlines; ""quoted""";größe\nKöln;"a;\nb";1\nUlm;c;2\n'.encode("cp1252")
    )
    photos = tmp_path / "photos"
    written(photos, digit_images(each=3))
    arrays = tmp_path / "arrays.npz"
    np.savez_compressed(arrays, images=np.zeros((5, 8, 8), "float32"), grades=np.arange(5))
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/datasets/new/")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.method))
    # Long before it is needed: a browser starts to tell of its dialogs some time after it was asked
    # to, and does not tell of one that was opened before.
    page.on("filechooser", lambda _: None)
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
    with page.expect_file_chooser() as dialog:
        choose.press("Space")
    assert dialog.value.is_multiple()
    held = page.evaluate_handle(
        "() => { const held = new DataTransfer();"
        " held.items.add(new File(['a,b\\n1,2\\n'], 'dropped.csv')); return held; }"
    )
    page.dispatch_event("#drop-zone", "drop", {"dataTransfer": held})
    page.get_by_role("region", name="First rows of dropped.csv").wait_for()

    # Another choice replaces it; several at once have a row each.
    page.locator("#folder-input").set_input_files(photos)
    classes = "9 images in 3 classes by folder: digit 0 (3), digit 1 (3), digit 2 (3)"
    page.get_by_text(classes).wait_for()
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
    # Images without folders, of which more are added.
    named = written(tmp_path, {f"{name}_{at}.png": picture() for name in "ab" for at in (1, 2)})
    choose.set_input_files(named[:1])
    page.get_by_text("1 image without classes.").wait_for()
    choose.set_input_files(named[1:])
    page.get_by_text("4 images in 2 classes by file name: a (2), b (2)").wait_for()
    page.get_by_role("button", name="Remove images.zip").click()
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
    page.locator("#folder-input").set_input_files(photos)
    page.get_by_text(classes).wait_for()
    page.get_by_label("Dataset name for towns.csv").fill("Towns by hand")
    page.get_by_role("button", name="Upload", exact=True).click()
    for name in ("arrays", "photos", "Towns by hand"):
        page.get_by_role("link", name=name, exact=True).wait_for(timeout=LONG)
    page.get_by_role("link", name="photos", exact=True).click()
    page.get_by_text("9 images of 8 × 8 × 1, 3 classes").wait_for(timeout=LONG)
    for name in ("Towns by hand", "arrays", "photos"):
        page.goto("/datasets/")
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("heading", name=name, level=1).wait_for()
        page.get_by_role("link", name="Delete dataset…").click()
        page.get_by_role("button", name="Delete dataset").click()
        page.get_by_text(f"“{name}” deleted.").wait_for()


def drop(page: Any, path: Path) -> None:
    """Files and folders of the machine, as a person drops them on the zone."""
    box = page.locator("#drop-zone").bounding_box()
    at = {"x": box["x"] + 9, "y": box["y"] + 9}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        session.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})


def test_a_dropped_folder_of_another_program_becomes_a_search(
    sign_in: Callable[..., Any], tmp_path: Path
) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/projects/1/searches/import/")
    page.get_by_label("Metric that an Optuna study optimises").fill("val_f1")
    wrong = tmp_path / "notes.txt"
    wrong.write_text("no archive")
    page.get_by_label("File").set_input_files(wrong)
    page.get_by_role("button", name="Upload", exact=True).click()
    refusal = "“notes.txt” is neither a zip archive nor an Optuna study."
    page.locator(".chosen-problem").get_by_text(refusal).wait_for()
    assert page.get_by_label("Metric that an Optuna study optimises").input_value() == "val_f1"

    files = keras_tuner_project("my_project/")
    written(tmp_path, {**files, "my_project/trial_0/checkpoint.weights.h5": b"x" * 1000})
    drop(page, tmp_path / "my_project")
    trials = sum(name.endswith("trial.json") for name in files)
    page.get_by_text(f"KerasTuner: {trials} trials, 2 hyperparameters").wait_for()
    rows = page.get_by_role("region", name="First rows of my_project.zip").get_by_role("row")
    assert rows.nth(0).inner_text().split("\t")[-2:] == ["units", "optimizer"]
    assert not page.get_by_text("notes.txt").count(), "another choice replaces it"
    look(page, "import-preview")
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(re.compile(r"/searches/\d+/$"), timeout=LONG)
    page.get_by_role("heading", name="my_project", level=1).wait_for()
    page.goto(f"{page.url}delete/")
    page.get_by_role("button", name="Delete search").click()
