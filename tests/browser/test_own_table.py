"""A CSV from somebody's disk, with text and gaps, becomes a dataset in a browser."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services import Tuneroom

from .steps import LONG, look

# Preparing starts runners; those that wait for searches load TensorFlow.
pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def houses(path: Path, rows: int = 120) -> Path:
    """Prices of houses as a spreadsheet program in Germany writes them, with a spoilt cell."""
    chance = random.Random(1)
    lines = ["Nr;Baujahr;Lage;Fläche;Verkauft am;Bemerkung;Preis"]
    for row in range(1, rows + 1):
        size = chance.uniform(40, 200)
        place = chance.choice(["Köln", "Düsseldorf", "Münster", ""])
        year = "unbekannt" if row == 17 else str(chance.randint(1900, 2020))
        price = 2500 * size + chance.uniform(-20_000, 20_000)
        sold, note = f"{row % 28 + 1:02}.03.2024", f"Haus Nummer {row}"
        lines.append(f"{row};{year};{place};{size:.1f};{sold};{note};{price:.2f}")
    text = "\n".join(lines).replace(".", ",").replace(",03,2024", ".03.2024")
    path.write_bytes(text.encode("cp1252"))
    return path


def test_a_table_of_ones_own(
    sign_in: Callable[..., Any], tuneroom: Tuneroom, tmp_path: Path
) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/datasets/new/")
    page.get_by_label("Name", exact=True).fill("Houses")
    page.get_by_label("File").set_input_files(houses(tmp_path / "häuser.csv"))
    assert page.get_by_label("Target column").is_visible()
    assert not page.get_by_label("Colours").is_visible()
    look(page, "table-create")
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/datasets/\d+/"))

    # What was found, to be corrected.
    page.get_by_text("120 rows and 7 columns detected").wait_for(timeout=LONG)
    assert page.get_by_label("Target", exact=True).input_value() == "Preis"
    assert page.get_by_label("Encoding", exact=True).input_value() == "cp1252"
    assert page.get_by_label("Delimiter", exact=True).input_value() == ";"
    assert page.get_by_label("Decimal separator", exact=True).input_value() == ","
    types = page.get_by_role("region", name="Columns of the file")
    year, place = types.get_by_label("Baujahr", exact=True), types.get_by_label("Lage", exact=True)
    assert (year.input_value(), place.input_value()) == ("out", "category")
    page.get_by_text("contains numbers, except “unbekannt” in row 17").wait_for()
    assert types.get_by_label("Nr", exact=True).input_value() == "out"
    page.get_by_text("looks like a row ID").wait_for()
    look(page, "table-columns")

    # A choice that does not fit comes back to the form.
    year.select_option("number")
    types.get_by_label("Bemerkung", exact=True).select_option("category")
    page.get_by_role("button", name="Prepare dataset").click()
    page.get_by_text("“Baujahr”, row 17: “unbekannt” is not a number").wait_for(timeout=LONG)
    assert types.get_by_label("Baujahr", exact=True).input_value() == "number"
    assert types.get_by_label("Bemerkung", exact=True).input_value() == "category"
    look(page, "table-refused")
    types.get_by_label("Baujahr", exact=True).select_option("category")
    types.get_by_label("Bemerkung", exact=True).select_option("out")
    page.get_by_role("button", name="Prepare dataset").click()

    # The finished dataset.
    page.get_by_text("120 rows of 3 columns").wait_for(timeout=LONG)
    page.get_by_role("heading", name="Load in Python").wait_for()
    columns = page.get_by_role("region", name="Columns of Houses")
    rows = columns.get_by_role("row")
    assert rows.count() == 4
    assert "mostly" in rows.nth(2).inner_text()
    assert rows.nth(2).locator("svg rect").count() == 3
    assert rows.nth(3).locator("svg rect").count() == 20
    page.get_by_text("3 columns left out").click()
    page.get_by_text("contains dates or times").wait_for()
    look(page, "table-ready")
    assert list((tuneroom.data / "uploads").iterdir()) == []


def test_what_is_no_table_is_refused_in_one_sentence(
    sign_in: Callable[..., Any], tuneroom: Tuneroom, tmp_path: Path
) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("a,b,c,d\n" + "1,2,3,4\n" * 6 + "1,2,3,4,5\n")
    page = sign_in()
    page.goto("/datasets/new/")
    page.get_by_label("Name", exact=True).fill("Ragged")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("Line 8: expected 4 columns, found 5.").wait_for(timeout=LONG)
    assert list((tuneroom.data / "uploads").iterdir()) == []
