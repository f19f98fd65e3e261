"""The table of trials: its cells, pages, groups and colours."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tuning.analysis.trials.columns import columns_of
from tuning.analysis.trials.facets import facet_of
from tuning.analysis.trials.families import families, grouped, spans
from tuning.analysis.trials.selection import Selection
from tuning.analysis.trials.table import PAGE_SIZE, Table, table_of
from tuning.models import Comment, Search, Star, Tag, Trial, TrialIndex
from tuning.protocol.model_kinds import ModelKind

from .test_selection import big, raw, worker

__all__ = ["big", "worker"]
pytestmark = pytest.mark.django_db


def table(search: Search, user: User, query: str = "") -> Table:
    return table_of(Selection.read(search, query, user))


def texts(found: Table, key: str) -> list[str]:
    place = [column.key for column in found.columns].index(key)
    return [row.cells[place].text for row in found.rows]


def test_cells_are_short_and_tell_the_exact_value(big: Search, alice: User) -> None:
    found = table(big, alice, "column=hp:learning_rate")
    for row, exact in zip(found.rows, raw(big).learning_rate, strict=True):
        assert row.cells[1].title == repr(exact)
        assert float(row.cells[1].text) == pytest.approx(exact, rel=1e-3)


def test_what_was_not_in_use_is_empty_and_zero_is_zero(big: Search, alice: User) -> None:
    shown = texts(table(big, alice, "column=hp:momentum"), "hp:momentum")
    wanted = raw(big).momentum
    assert [text == "" for text in shown] == wanted.isna().tolist()
    assert "0" in shown


def test_what_trials_took_of_a_gpu_can_be_compared(big: Search, alice: User) -> None:
    """Of those that ran on one, the one with the least memory first."""
    found = table(big, alice, "column=gpu_memory&column=gpu_use&sort=gpu_memory")
    shown = zip(texts(found, "gpu_memory"), texts(found, "gpu_use"), strict=True)
    frame = raw(big).dropna(subset="gpu_memory").sort_values("gpu_memory")
    frame = frame[frame.status != "running"]
    wanted = [
        (f"{memory / 1e9:.3g} GB", f"{100 * use:.0f}%")
        for memory, use in zip(frame.gpu_memory, frame.gpu_use, strict=True)
    ]
    assert list(shown)[: len(wanted)] == wanted
    assert 30 < len(wanted) < 60


def test_estimators_have_no_columns_for_a_gpu(big: Search, alice: User) -> None:
    big.model_kind = ModelKind.SKLEARN
    keys = {column.key for column in columns_of(big)}
    assert "memory" in keys
    assert not keys & {"gpu_memory", "gpu_use"}


def test_rows_come_in_the_wanted_order(big: Search, alice: User) -> None:
    found = table(big, alice, "sort=-metric:val_loss&hp:optimizer__in=adam")
    frame = raw(big)
    frame = frame[frame.optimizer == "adam"].sort_values("val_loss", ascending=False)
    assert [row.trial.number for row in found.rows] == frame.number.tolist()


def test_pages(make_search: Any, alice: User) -> None:
    search = make_search(max_trials=PAGE_SIZE * 2 + 1)
    search.trials.all().delete()
    Trial.objects.bulk_create(
        Trial(search=search, number=number, status="completed")
        for number in range(1, PAGE_SIZE * 2 + 2)
    )
    TrialIndex.objects.fill(search)
    second = table(search, alice, "page=2")
    assert [row.trial.number for row in second.rows] == list(
        range(PAGE_SIZE + 1, PAGE_SIZE * 2 + 1)
    )
    assert (second.pages.first, second.pages.last, second.pages.count) == (101, 200, 3)
    beyond = table(search, alice, "page=9")
    assert [row.trial.number for row in beyond.rows] == [PAGE_SIZE * 2 + 1]
    assert beyond.pages.next is None


def test_marks_are_told_in_a_constant_number_of_queries(
    big: Search, alice: User, bob: User, django_assert_num_queries: Any
) -> None:
    for trial in big.trials.all():
        Tag.objects.create(project=big.project, trial=trial, name="good")
        Star.objects.create(project=big.project, trial=trial, user=bob)
        Comment.objects.create(project=big.project, trial=trial, author=bob, text="Look")
    Star.objects.create(project=big.project, trial=big.trials.get(number=1), user=alice)
    selection = Selection.read(big, "column=tags&column=stars&column=comments", alice)
    with django_assert_num_queries(7):
        found = table_of(selection)
    assert [cell.text for cell in found.rows[0].cells] == ["1", "good", "2", "1"]
    assert found.rows[0].marks.starred_by_me
    assert not found.rows[1].marks.starred_by_me


def test_long_texts_are_cut_and_whole_on_hover(big: Search, alice: User) -> None:
    trial = big.trials.get(number=1)
    trial.values["optimizer"] = "o" * 300
    trial.save()
    TrialIndex.objects.fill(big)
    cell = table(big, alice, "column=hp:optimizer").rows[0].cells[1]
    assert len(cell.text) < 80
    assert cell.title == "o" * 300


def test_the_best_have_the_deepest_colour(big: Search, alice: User) -> None:
    found = table(
        big, alice, "column=score&column=metric:val_loss&colour=score&colour=metric:val_loss"
    )
    frame = raw(big)
    depths = [[int(c.shade[5:]) if c.shade else None for c in row.cells[1:]] for row in found.rows]
    assert depths[frame.score.idxmax()][0] == 8
    assert depths[frame.score.idxmin()][0] == 1
    assert depths[frame.val_loss.idxmin()][1] == 8
    assert depths[frame.val_loss.idxmax()][1] == 1
    assert [row[0] is None for row in depths] == frame.score.isna().tolist()


def test_texts_have_a_colour_each(big: Search, alice: User) -> None:
    found = table(big, alice, "column=hp:optimizer&colour=hp:optimizer")
    shades = {row.cells[1].text: row.cells[1].shade for row in found.rows}
    assert shades == {"adam": "kind-1", "sgd": "kind-2"}


def test_what_belongs_together_stands_together(big: Search, alice: User) -> None:
    columns = Selection.read(big, "", alice).columns
    assert families(columns) == {"hp:optimizer": "optimizer", "hp:momentum": "optimizer"}
    mixed = [columns[key] for key in ("score", "hp:momentum", "hp:units", "hp:optimizer", "status")]
    assert [column.key for column in grouped(mixed)] == [
        "score", "status", "hp:momentum", "hp:optimizer", "hp:units",
    ]  # fmt: skip


def test_names_with_one_beginning_are_a_family(make_search: Any, alice: User) -> None:
    names = ["conv_1_size", "conv_1_filters", "conv_2_size", "conv_2_filters", "units_0", "units_1",
             "rate"]  # fmt: skip
    space = {"space": [{"class_name": "Float", "config": {
        "name": name, "default": 1.0, "conditions": [], "min_value": 0.0, "max_value": 9.0,
        "step": None, "sampling": "linear"}} for name in names]}  # fmt: skip
    columns = Selection.read(make_search(space=space), "", alice).columns
    found = families(columns)
    assert [found.get(f"hp:{name}", "") for name in names] == [
        "conv_1", "conv_1", "conv_2", "conv_2", "units", "units", "",
    ]  # fmt: skip


def test_titles_span_neighbours_and_stop_where_columns_are_frozen(big: Search, alice: User) -> None:
    keys = ["number", "score", "hp:units", "hp:optimizer", "hp:momentum", "metric:val_loss"]
    columns = [Selection.read(big, "", alice).columns[key] for key in keys]
    assert spans(columns, 1) == [
        ("Trial", 0, 1), ("Trial", 1, 1), ("Hyperparameters", 2, 1), ("optimizer", 3, 2),
        ("Metrics", 5, 1),
    ]  # fmt: skip
    assert spans(columns, 4)[:3] == [
        ("Trial", 0, 2),
        ("Hyperparameters", 2, 1),
        ("optimizer", 3, 1),
    ]


def test_columns_of_another_search_are_left_out_with_a_sentence(big: Search, alice: User) -> None:
    query = "column=score&column=hp:gone&sort=hp:lost&hp:units__gt=8"
    selection = Selection.read(big, query, alice)
    assert [column.key for column in selection.shown] == ["number", "score"]
    assert selection.problems == ("This search has no gone and lost. Ignored.",)
    assert selection.query() == "hp:units__gt=8&column=score"


def test_an_address_keeps_the_view_that_it_came_from(big: Search, alice: User) -> None:
    selection = Selection.read(big, "score__gt=0.5&view=7", alice)
    assert selection.query() == "score__gt=0.5&view=7"
    # Alone, the view's key would bring the filter back.
    assert selection.without("score__gt").query() == "view=none"
    assert Selection.read(big, "view=drop table", alice).query() == ""


def test_columns_beyond_the_slots_have_colours_and_histograms_too(big: Search, alice: User) -> None:
    slots = {key: slot for key, slot in big.index_columns.items() if key != "hp:units"}
    Search.objects.filter(pk=big.pk).update(index_columns=slots)
    big.refresh_from_db()
    selection = Selection.read(big, "column=hp:units&colour=hp:units", alice)
    shades = {row.cells[1].text: row.cells[1].shade for row in table_of(selection).rows}
    assert (shades["8"], shades["64"]) == ("deep-1", "deep-8")
    found = facet_of(selection, selection.columns["hp:units"])
    assert {int(one.text): one.count for one in found.values} == (
        raw(big).units.value_counts().to_dict()
    )
