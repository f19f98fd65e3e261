"""The page of a search's trials: what it shows, and that its address has all of it."""

from typing import Any

from django.test import Client
from django.urls import reverse

from tuning.models import Search, Trial, TrialIndex
from tuning.protocol.statuses import SearchStatus, Status


def _page(client: Client, search: Search, query: str = "", **headers: str) -> Any:
    url = f"{reverse('trial-list', args=[search])}?{query}"
    return client.get(url, headers=headers)


def _numbers(response: Any) -> list[int]:
    return [row.trial.number for row in response.context["table"].rows]


def _add(search: Search, count: int, **settings: Any) -> None:
    """Many trials after those that are there."""
    first = search.trials.count() + 1
    values = {"status": Status.COMPLETED, "score": 0.5, **settings}
    Trial.objects.bulk_create(
        Trial(search=search, number=number, **values) for number in range(first, first + count)
    )
    TrialIndex.objects.fill(search)


def test_sorting_by_score_shows_the_best_first(as_dora: Client, search: Search) -> None:
    assert _numbers(_page(as_dora, search)) == [1, 2, 3]
    assert _numbers(_page(as_dora, search, "sort=score")) == [3, 1, 2]
    assert _numbers(_page(as_dora, search, "sort=-score")) == [2, 1, 3]
    assert _numbers(_page(as_dora, search, "sort=-hp:units")) == [3, 2, 1]
    assert _numbers(_page(as_dora, search, "sort=nonsense")) == [1, 2, 3]


def test_values_that_were_not_in_use_are_empty(as_alice: Client, search: Search) -> None:
    table = _page(as_alice, search, "column=hp:momentum&column=hp:units").context["table"]
    assert [cell.text for cell in table.rows[0].cells] == ["1", "", "8"]


def test_a_hundred_trials_a_page(as_alice: Client, search: Search) -> None:
    _add(search, 250)
    assert _numbers(_page(as_alice, search, "page=3")) == list(range(201, 254))
    page = _page(as_alice, search, "page=9").content.decode()
    assert "Trials 201 to 253 of 253" in page


def test_scripts_get_the_changing_parts(as_alice: Client, search: Search) -> None:
    page = _page(as_alice, search, "sort=score").content.decode()
    pieces = _page(as_alice, search, "sort=score", HX_Request="true").content.decode()
    assert "<html" not in pieces
    for name in ("search-head", "selection", "trial-filters", "trial-table"):
        assert f'id="{name}"' in page
        assert f'id="{name}"' in pieces
    assert 'data-query="sort=score"' in pieces


def test_no_news_is_204(as_alice: Client, search: Search) -> None:
    query = f"sort=score&since={search.revision}"
    assert _page(as_alice, search, query, HX_Request="true").status_code == 204
    Search.objects.touch(search.pk)
    response = _page(as_alice, search, query, HX_Request="true")
    assert f'data-revision="{search.revision + 1}"' in response.content.decode()


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, search: Search, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(22):
        _page(as_alice, search, "sort=score&score__gt=0.1")
    _add(search, 50)
    with django_assert_num_queries(22):
        _page(as_alice, search, "sort=score&score__gt=0.1")


def test_what_is_shown_stands_in_words_and_as_chips(as_dora: Client, search: Search) -> None:
    page = _page(as_dora, search, "score__gte=0.85&hp:optimizer__in=adam&sort=score").content
    text = page.decode()
    assert "<b>2</b> of 3 trials" in text
    assert "val_accuracy at least 0.85" in text
    assert 'href="?hp:optimizer__in=adam&amp;sort=score"' in text


def test_a_filter_without_sense_is_said_and_left_out(as_dora: Client, search: Search) -> None:
    response = _page(as_dora, search, "score__gt=much")
    assert "“much” is not a number" in response.content.decode()
    assert _numbers(response) == [1, 2, 3]


def test_where_nothing_matches_the_page_tells_which_filter_is_to_blame(
    as_dora: Client, search: Search
) -> None:
    response = _page(as_dora, search, "score__gt=0.99&hp:optimizer__in=adam")
    text = " ".join(response.content.decode().split())
    assert "No matches in 3 trials" in text
    assert "Without “val_accuracy above 0.99”</a>: 3 trials" in text
    assert "Without “optimizer is adam”</a>: no trials" in text


def test_a_search_without_trials_says_what_comes(as_dora: Client, make_search: Any) -> None:
    search = make_search()
    search.trials.all().delete()
    assert "The first trial starts when a slot is free." in _page(as_dora, search).content.decode()
    Search.objects.update(status=SearchStatus.STOPPED)
    assert "The search ended before its first trial." in _page(as_dora, search).content.decode()
    Search.objects.update(status=SearchStatus.RUNNING, origin=Search.Origin.SCRIPT)
    assert "as soon as a script logs them" in _page(as_dora, search).content.decode()


def test_texts_of_templates_are_escaped(as_dora: Client, search: Search, add_trial: Any) -> None:
    evil = '<img src=x onerror="alert(1)">'
    add_trial(search, 4, 0.5, values={"optimizer": evil, 'un"its<b>': 3})
    page = _page(as_dora, search, "colour=hp:optimizer").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert 'un"its<b>' not in page


def test_heads_tell_how_the_table_is_sorted(as_dora: Client, search: Search) -> None:
    page = _page(as_dora, search, "sort=hp:units&sort=-metric:val_loss").content.decode()
    assert 'aria-sort="ascending" data-key="hp:units"' in page
    assert 'aria-sort="descending" data-key="metric:val_loss"' in page
    assert '<span class="sort-place">2</span>' in page


def test_training_metrics_are_hidden_until_they_are_asked_for(
    as_dora: Client, search: Search
) -> None:
    def shown(query: str) -> set[str]:
        return {column.key for column in _page(as_dora, search, query).context["table"].columns}

    assert "metric:val_loss" in shown("")
    assert not {"metric:loss", "metric:accuracy", "last:val_loss"} & shown("")
    assert shown("column=metric:loss&column=last:loss") == {"number", "metric:loss", "last:loss"}


def _column(client: Client, search: Search, key: str, query: str = "", **headers: str) -> Any:
    url = f"{reverse('trial-column', args=[search, key])}?{query}"
    return client.get(url, headers=headers)


def _filtered(client: Client, search: Search, key: str, query: str) -> str:
    """What becomes of the address when a column's form is sent."""
    response = _column(client, search, key, f"apply=1&{query}")
    assert response.status_code == 302, response.content.decode()
    return response["Location"].partition("?")[2]


def test_a_columns_form_becomes_a_filter(as_dora: Client, search: Search) -> None:
    assert _filtered(as_dora, search, "hp:units", "low=8&high=16&sort=score&page=4") == (
        "hp:units__between=8,16&sort=score"
    )
    assert _filtered(as_dora, search, "score", "low=0.5&top=5%25") == (
        "score__gte=0.5&score__top=5%25"
    )
    assert _filtered(as_dora, search, "hp:optimizer", "values=adam&how=not") == (
        "hp:optimizer__not=adam"
    )
    assert _filtered(as_dora, search, "hp:momentum", "active=no") == "hp:momentum__active=no"
    assert _filtered(as_dora, search, "worker", "pattern=^gpu") == "worker__matches=%5Egpu"
    assert _filtered(as_dora, search, "status", "values=failed") == "status__is=failed"
    assert _filtered(as_dora, search, "stars", "by=me") == "stars__by=me"


def test_a_columns_form_takes_the_place_of_its_filters(as_dora: Client, search: Search) -> None:
    query = "score__gt=0.5&score__top=3&hp:units__gt=2"
    assert _filtered(as_dora, search, "score", f"{query}&high=0.9") == (
        "hp:units__gt=2&score__lte=0.9"
    )
    # What was "above" stays so while its number does.
    assert _filtered(as_dora, search, "score", f"{query}&low=0.5&top=4") == (
        "hp:units__gt=2&score__gt=0.5&score__top=4"
    )
    assert _filtered(as_dora, search, "score", "score__gt=0.5") == "view=none"


def test_wrong_input_is_said_beside_its_field(as_dora: Client, search: Search) -> None:
    response = _column(as_dora, search, "score", "apply=1&low=0.1&high=much&top=-3")
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert errors["high"] == ["“much” is not a number."]
    assert "positive integer" in errors["top"][0]
    assert _column(as_dora, search, "worker", "apply=1&pattern=(").status_code == 422


def test_the_form_shows_the_filters_that_there_are(as_dora: Client, search: Search) -> None:
    page = _column(as_dora, search, "hp:units", "hp:units__between=8,16").content.decode()
    assert 'name="low" value="8"' in page
    assert 'name="high" value="16"' in page
    page = _column(as_dora, search, "hp:optimizer", "hp:optimizer__in=gone").content.decode()
    assert 'value="gone"' in page
    assert "checked" in page


def test_a_columns_menu_leads_to_every_order_and_place(as_dora: Client, search: Search) -> None:
    query = "sort=score&column=score&column=hp:units&column=hp:optimizer"
    actions = _column(as_dora, search, "hp:units", query).context["actions"]
    found = {name: to for name, _, to in actions}
    assert found["sort-down"] == query.replace("sort=score", "sort=-hp:units")
    assert found["also-up"] == query.replace("sort=score", "sort=score&sort=hp:units")
    assert found["hide"] == query.replace("&column=hp:units", "")
    assert found["left"] == "sort=score&column=hp:units&column=score&column=hp:optimizer"
    assert found["right"] == "sort=score&column=score&column=hp:optimizer&column=hp:units"
    assert found["freeze"] == f"{query}&freeze=3"
    assert found["colour"] == f"{query}&colour=hp:units"
    # Scores go best first by themselves.
    found = {name: to for name, _, to in _column(as_dora, search, "score").context["actions"]}
    assert (found["sort-down"], found["sort-up"]) == ("sort=score", "sort=-score")


def test_unknown_columns_are_404(as_dora: Client, search: Search) -> None:
    assert _column(as_dora, search, "hp:nothing").status_code == 404


def test_the_list_of_columns_keeps_everything_else(as_dora: Client, search: Search) -> None:
    url = reverse("trial-columns", args=[search])
    response = as_dora.get(f"{url}?score__gt=0.1&column=hp:units&sort=score&page=2")
    assert response.context["kept"] == [("score__gt", "0.1"), ("sort", "score"), ("page", "2")]
    assert [column.key for column in response.context["lists"][0][0]] == ["hp:units"]
    assert response.context["reset"] == "score__gt=0.1&sort=score&page=2"
    page = as_dora.get(f"{url}?to=filter").content.decode()
    for column in response.context["columns"]:
        assert reverse("trial-column", args=[search, column.key]) in page


def test_viewers_are_not_offered_to_refine(as_dora: Client, as_bob: Client, search: Search) -> None:
    query = "score__gt=0.5"
    assert "refine=1" not in _page(as_dora, search, query).content.decode()
    wanted = f"?search={search.number}&amp;refine=1&amp;score__gt=0.5"
    assert wanted in _page(as_bob, search, query).content.decode()


def test_coloured_cells_have_a_colour_bar(as_dora: Client, search: Search) -> None:
    url = reverse("trial-list", args=[search])
    page = as_dora.get(url, {"colour": ["score", "hp:units", "hp:optimizer"]}).content.decode()
    keys = [
        " ".join(part.split("</p>")[0].split()) for part in page.split('class="colour-key">')[1:]
    ]
    assert len(keys) == 2, "texts have no order"
    assert "<span>val_accuracy</span> <span>0.8000</span>" in keys[0]
    assert keys[0].endswith("<span>0.9500 (best)</span>")
    assert "(log scale)" not in keys[1]
    assert keys[1].endswith("<span>24</span>")
