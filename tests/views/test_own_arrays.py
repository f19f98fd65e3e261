"""An .npz file whose arrays have unclear names: choosing which is what."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tuning.models import Dataset, Team
from tuning.protocol.statuses import Status


def array(name: str, *shape: int, dtype: str = "uint8", problem: str = "") -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "dtype": dtype, "problem": problem}


LOOK = {
    "arrays": [
        array("scans", 90, 28, 28), array("<b>grades", 90, 1, dtype="int64"),
        array("more", 30, 28, 28), array("more_grades", 30), array("long", 40),
        array("boxes", 90, 4, 2), array("names", 90, dtype="<U9"), array("rgba", 90, 9, 9, 4),
        array("planes", 90, 3, 9, 9), array("numbers", 90, 7, dtype="float32"),
        array("meta", dtype="", problem="The array meta contains Python objects."),
    ],
    "roles": {"x_train": "scans", "y_train": "<b>grades"},
    "clear": False,
}  # fmt: skip
CHOSEN = {"x_train": "scans", "y_train": "<b>grades", "x_val": "", "y_val": "", "x_test": "",
          "y_test": "", "side": "", "colours": ""}  # fmt: skip


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: Any) -> Path:
    """A folder of our own: other tests may run beside this one."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.UPLOADS_ROOT = settings.FILE_UPLOAD_TEMP_DIR = folder
    return folder


@pytest.fixture
def arrays(team: Team) -> Dataset:
    """An .npz file that a worker has looked at."""
    row = Dataset.objects.create(
        key="own-arrays", name="Scans", team=team, source=Dataset.Source.UPLOAD,
        detected_schema=LOOK, size_text="Uploaded as scans.npz",
        upload={"kind": "arrays", "name": "scans.npz", "side": 0, "colours": ""},
    )  # fmt: skip
    row.original.write_text("the file")
    return row


def choose(client: Client, row: Dataset, **values: Any) -> Any:
    return client.post(reverse("dataset-arrays", args=[row.pk]), {**CHOSEN, **values})


def page_of(client: Client, row: Dataset) -> str:
    return client.get(reverse("dataset-detail", args=[row.pk])).content.decode()


def test_bob_uploads_arrays_of_images(as_bob: Client, team: Team) -> None:
    values = {"name": "Scans", "file": SimpleUploadedFile("s.npz", b"PK\3\4..."), "side": 150,
              "colours": "colour"}  # fmt: skip
    as_bob.post(reverse("dataset-create"), values)
    facts = {"kind": "arrays", "name": "s.npz", "side": 150, "colours": "colour"}
    assert Dataset.objects.get().upload == facts


def test_the_page_shows_what_was_found_and_asks(as_bob: Client, arrays: Dataset) -> None:
    page = page_of(as_bob, arrays)
    assert '<option value="scans" selected>scans (90, 28, 28) uint8</option>' in page
    assert "&lt;b&gt;grades (90, 1) int64" in page
    assert "long (40,) uint8" in page
    assert "The array meta contains Python objects." in page
    assert '<option value="meta"' not in page
    assert "Use in new project" not in page
    assert "Select arrays" in as_bob.get(reverse("dataset-list")).content.decode()
    response = choose(as_bob, arrays, x_test="more", y_test="more_grades", side=150,
                      colours="colour")  # fmt: skip
    assert response["Location"] == reverse("dataset-detail", args=[arrays.pk])
    arrays.refresh_from_db()
    assert (arrays.requested, arrays.status) == (True, Status.QUEUED)
    assert arrays.upload == {
        "kind": "arrays", "name": "scans.npz", "side": 150, "colours": "colour", "task": "",
        "arrays": {"x_train": "scans", "y_train": "<b>grades", "x_test": "more",
                   "y_test": "more_grades"},
    }  # fmt: skip
    assert "Waiting for a worker" in page_of(as_bob, arrays)


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"y_train": ""}, "y_train", "Select the target array."),
        ({"x_train": "gone"}, "x_train", "Select a valid choice"),
        ({"x_train": "meta"}, "x_train", "Select a valid choice"),
        ({"y_train": "long"}, "y_train", "long has 40 rows, but scans has 90."),
        ({"y_train": "boxes"}, "y_train", "boxes has shape (90, 4, 2). Targets must have"),
        ({"x_train": "names"}, "x_train", "names contains text. Inputs must be numeric."),
        ({"x_train": "long"}, "x_train", "long has shape (40,). Inputs must have 2 to 4"),
        ({"x_val": "more"}, "y_val", "Select the targets for more."),
        ({"y_test": "more_grades"}, "x_test", "Select the inputs for more_grades."),
        ({"x_val": "boxes", "y_val": "names"}, "x_val", "training rows have (28, 28)."),
        ({"side": "4"}, "side", "greater than or equal to 8"),
        ({"x_train": "rgba"}, "colours", "rgba has 4 channels. Select RGB or greyscale."),
        ({"x_train": "planes"}, "x_train", "Images must have 1 or 3 channels"),
        ({"x_train": "numbers", "side": "32"}, "side", "Rows of numbers are not images."),
        ({"side": "512", "colours": "colour"}, "side", "The prepared images need 68 MB"),
    ],
)
def test_a_wrong_choice_gets_a_sentence_beside_its_field(
    as_bob: Client, arrays: Dataset, settings: Any, values: dict[str, str], field: str,
    sentence: str,
) -> None:  # fmt: skip
    settings.RUNNER_FILE_SIZE_MB = 50
    response = choose(as_bob, arrays, **values)
    assert response.status_code == 422
    assert sentence in " ".join(response.context["form"].errors[field])
    page = response.content.decode()
    assert values.get("y_test", "scans") in page
    arrays.refresh_from_db()
    assert not arrays.requested
    assert arrays.original.exists()


def test_a_refusal_comes_back_with_the_choices(as_bob: Client, arrays: Dataset) -> None:
    upload = {**arrays.upload, "side": 64, "arrays": {"x_train": "rgba", "y_train": "names"}}
    Dataset.objects.filter(pk=arrays.pk).update(
        upload=upload, failure_code="bad_data", failure_message="There is only one class, “a”."
    )
    page = page_of(as_bob, arrays)
    assert "could not be prepared with these settings" in page
    assert "There is only one class, “a”." in page
    assert '<option value="rgba" selected>' in page
    assert 'value="64"' in page


def test_only_editors_choose_and_only_once(
    as_bob: Client, as_dora: Client, as_charlie: Client, arrays: Dataset
) -> None:
    assert "arrays-form" not in page_of(as_dora, arrays)
    assert choose(as_dora, arrays).status_code == 403
    assert choose(as_charlie, arrays).status_code == 404
    columns = reverse("dataset-columns", args=[arrays.pk])
    assert as_bob.post(columns, {"target": "x"}).status_code == 302
    choose(as_bob, arrays)
    again = as_bob.post(reverse("dataset-arrays", args=[arrays.pk]), CHOSEN, follow=True)
    assert "were already selected" in again.content.decode()
