"""Queries whose SQL is written once give what Django's own give."""

from threading import Thread
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from tuning.models import Search, Trial, TrialIndex, fixed_queries
from tuning.models.fixed_queries import FixedQuery, FixedUpdate, FixedUpsert

pytestmark = pytest.mark.django_db


@pytest.fixture
def searches(make_search: Any) -> list[Search]:
    return [make_search(name=name, max_trials=number) for number, name in enumerate("abc", start=3)]


def named(search: int) -> QuerySet[Search]:
    return Search.objects.filter(pk=search).select_related("project__team").defer("space")


def test_objects_are_as_django_makes_them(searches: list[Search]) -> None:
    query = FixedQuery(named)
    for search in (*searches, *searches):
        [found] = query.rows(search.pk)
        expected = named(search.pk).get()
        assert found.get_deferred_fields() == {"space"}
        names = [field.attname for field in Search._meta.concrete_fields]
        assert [getattr(found, name) for name in names] == [
            getattr(expected, name) for name in names
        ]
        assert found._state.adding is False
        with CaptureQueriesContext(connection) as queries:
            assert found.project.team == search.project.team
        assert len(queries) == 0
    assert query.first(0) is None


def test_values_have_their_types(searches: list[Search]) -> None:
    """Times, JSON, truth and subqueries: SQLite itself knows none of them."""
    [search, *_] = searches
    Trial.objects.create(search=search, number=2)

    def make(most: int, pk: int) -> QuerySet[Any, Any]:
        own = Trial.objects.filter(search=OuterRef("pk")).order_by().values("search")
        trials = Subquery(own.annotate(count=Count("pk")).values("count"))
        rows = Search.objects.filter(max_trials__lte=most, pk__gte=pk).order_by("pk")
        return rows.values_list("created_at", "space", "exhausted", "max_trials", trials)

    query = FixedQuery(make)
    for numbers in ((3, search.pk), (5, search.pk), (5, searches[1].pk), (2, search.pk)):
        assert query.rows(*numbers) == list(make(*numbers))
    assert [row[3:] for row in query.rows(5, search.pk)] == [(3, 2), (4, 1), (5, 1)]


@pytest.mark.django_db(transaction=True)
def test_a_lock_takes_a_transaction_each_time(make_search: Any) -> None:
    search = make_search()
    query = FixedQuery(lambda pk: Search.objects.select_for_update().filter(pk=pk))
    with transaction.atomic():
        assert query.rows(search.pk) == [search]
    with pytest.raises(transaction.TransactionManagementError):
        query.rows(search.pk)


def test_no_number_is_left_out(searches: list[Search]) -> None:
    query = FixedQuery(named)
    with pytest.raises(ValueError, match="shorter"):
        query.rows()
    with pytest.raises(ValueError, match="longer"):
        query.rows(searches[0].pk, 1)


def test_what_is_read_is_what_is_there_now(searches: list[Search]) -> None:
    query = FixedQuery(
        lambda search: Trial.objects.filter(search=search).values_list("number", flat=True)
    )
    # Each search begins with its baseline.
    assert query.rows(searches[0].pk) == [1]
    Trial.objects.create(search=searches[0], number=2)
    assert (query.rows(searches[0].pk), query.rows(searches[1].pk)) == ([1, 2], [1])


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_its_own_connection(project: Any, make_search: Any) -> None:
    search = make_search()
    query, found = FixedQuery(named), []
    assert query.first(search.pk) == search

    def ask() -> None:
        try:
            found.append(query.first(search.pk))
        finally:
            connection.close()

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    assert found == [search, search]


@pytest.mark.django_db(transaction=True)
def test_a_thread_that_has_another_connection_asks_by_that_one(
    make_search: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while an event loop runs in it."""
    search, query = make_search(), FixedQuery(named)
    assert query.first(search.pk) == search
    other = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        monkeypatch.setattr(fixed_queries, "_connection", lambda: other)
        with CaptureQueriesContext(connection) as first, CaptureQueriesContext(other) as second:
            assert query.first(search.pk) == search
        assert (len(first), len(second)) == (0, 1)
    finally:
        # Django leaves databases in memory open.
        other.connection.close()


def test_an_update_changes_the_rows_with_these_numbers(searches: list[Search]) -> None:
    update = FixedUpdate(
        lambda pk, trials: Search.objects.filter(pk=pk, max_trials=trials),
        revision=F("revision") + 1, finished_at=Now(),
    )  # fmt: skip
    before = {each.pk: each.revision for each in Search.objects.all()}
    first, second, _ = (each.pk for each in searches)
    assert (update.run(first, 3), update.run(first, 3), update.run(second, 3)) == (1, 1, 0)
    after = {each.pk: each.revision - before[each.pk] for each in Search.objects.all()}
    assert [after[each.pk] for each in searches] == [2, 0, 0]
    assert [Search.objects.get(pk=pk).finished_at is None for pk in (first, second)] == [
        False, True,
    ]  # fmt: skip


def test_a_row_is_written_whole(searches: list[Search]) -> None:
    """Over the one of the same trial, and beside those of others."""
    TrialIndex.objects.all().delete()
    trials = [searches[0].trials.get(), Trial.objects.create(search=searches[0], number=2)]
    upsert = FixedUpsert(TrialIndex, "trial")
    numbers = {"search": searches[0], "number": 1}
    upsert.write(TrialIndex(trial=trials[0], **numbers, n0=0.5, t0="adam", status="failed"))
    upsert.write(TrialIndex(trial=trials[1], search=searches[0], number=2, n0=0.7))
    upsert.write(TrialIndex(trial=trials[0], **numbers, n1=1e300, t0='"; —', seconds=1.5))
    names = ("number", "n0", "n1", "t0", "status", "seconds", "score")
    assert list(TrialIndex.objects.order_by("number").values_list(*names)) == [
        (1, None, 1e300, '"; —', "", 1.5, None), (2, 0.7, None, None, "", None, None),
    ]  # fmt: skip
    # The same as Django's own, with every column.
    written = TrialIndex.objects.values().get(trial=trials[0])
    TrialIndex.objects.filter(trial=trials[0]).delete()
    TrialIndex.objects.create(trial=trials[0], **numbers, n1=1e300, t0='"; —', seconds=1.5)
    assert TrialIndex.objects.values().get(trial=trials[0]) == written


def test_the_sql_is_written_once(searches: list[Search], monkeypatch: pytest.MonkeyPatch) -> None:
    query = FixedQuery(named)
    assert query.first(searches[0].pk) == searches[0]
    made = type(query._kept.query._compiler)

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("written again")

    monkeypatch.setattr(made, "as_sql", refused)
    assert query.first(searches[1].pk) == searches[1]
    with pytest.raises(AssertionError, match="written again"):
        named(searches[1].pk).get()
