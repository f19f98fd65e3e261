"""Queries whose SQL is written once give what Django's own give."""

from threading import Thread
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, connections, transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tuning.models import Epoch, Search, Trial, TrialIndex, fixed_queries
from tuning.models.fixed_queries import FixedInsert, FixedQuery, FixedUpdate, FixedUpsert

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


def test_an_update_takes_values_of_fields(searches: list[Search]) -> None:
    """JSON, times, text and nothing, each prepared as Django does."""
    update = FixedUpdate(
        lambda pk: Search.objects.filter(pk=pk),
        ["oracle_state", "finished_at", "end_reason"], revision=F("revision") + 1,
    )  # fmt: skip
    first, second, third = (each.pk for each in searches)
    revision = Search.objects.get(pk=first).revision
    given: dict[str, Any] = {
        "oracle_state": {"a": [1, None, "é"]}, "finished_at": timezone.now(), "end_reason": '"; —',
    }  # fmt: skip
    assert update.run(first, **given) == 1
    assert update.run(third, oracle_state={}, finished_at=None, end_reason="") == 1
    Search.objects.filter(pk=second).update(**given)
    rows = Search.objects.values(*given)
    assert rows.get(pk=first) == rows.get(pk=second) == given
    assert rows.get(pk=third) == {"oracle_state": {}, "finished_at": None, "end_reason": ""}
    assert Search.objects.get(pk=first).revision == revision + 1
    with pytest.raises(KeyError):
        update.run(first, end_reason="")


def test_a_new_row_is_as_django_makes_it(searches: list[Search]) -> None:
    """In each of its columns, those with defaults of the database and of Django included."""
    given = {"search": searches[0], "values": {"rate": 0.1}, "oracle_id": "7", "status": "running"}
    insert = FixedInsert(Trial, started_at=Now())
    ours = [insert.create(**given, number=number) for number in (2, 3)]
    theirs = Trial.objects.create(**given, number=4, started_at=Now())
    assert [row.pk for row in ours] == [theirs.pk - 2, theirs.pk - 1]
    their_columns = Trial.objects.values().get(pk=theirs.pk)
    for row in ours:
        columns = Trial.objects.values().get(pk=row.pk)
        changing = {"id", "number", "created_at", "started_at"}
        assert {name for name in columns if columns[name] != their_columns[name]} <= changing
        assert columns["started_at"]
        # And the object has what the row has, but for what the database computed.
        computed = {"started_at"}
        assert {name for name in columns if getattr(row, name) != columns[name]} == computed
        assert (row._state.adding, row._state.db) == (False, "default")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert.create(**given, number=3)


def test_a_new_row_knows_its_key_on_an_old_sqlite(
    searches: list[Search], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 3.35 it returns nothing."""
    monkeypatch.setattr(connection.features, "can_return_columns_from_insert", False)
    row = FixedInsert(Trial).create(search=searches[0], number=2)
    assert Trial.objects.get(search=searches[0], number=2).pk == row.pk


def test_rows_that_are_there_are_left_as_they_are(searches: list[Search]) -> None:
    [trial] = searches[0].trials.all()
    insert = FixedInsert(Epoch)

    def epoch(number: int, loss: float) -> Epoch:
        return Epoch(
            trial=trial, attempt=1, execution=0, epoch=number, seconds=0.5, metrics={"loss": loss}
        )

    insert.add_missing([epoch(1, 0.9)])
    insert.add_missing([epoch(number, 0.1 * number) for number in (1, 2, 3)])
    rows = trial.epochs.values_list("epoch", "metrics", "seconds")
    assert list(rows) == [
        (1, {"loss": 0.9}, 0.5), (2, {"loss": 0.2}, 0.5), (3, {"loss": pytest.approx(0.3)}, 0.5),
    ]  # fmt: skip
    assert all(trial.epochs.values_list("created_at", flat=True))
