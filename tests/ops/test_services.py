"""The fixtures that start other programs."""

from typing import Any

import pytest

from tests import services


@pytest.mark.services
def test_postgres_gives_each_test_an_empty_database(postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert row.fetchone() == (0,)


@pytest.mark.services
def test_redis_is_empty(redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


@pytest.mark.browser
def test_chromium_shows_a_page(chromium: Any) -> None:
    page = chromium.new_page()
    page.set_content("<h1>Tuneroom</h1>")
    assert page.inner_text("h1") == "Tuneroom"
    page.close()


def test_a_missing_program_skips_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_SERVICES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed"):
        services.program("no-such-program")


def test_a_missing_program_fails_where_services_are_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        services.program("no-such-program")


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(pytest.fail.Exception, match="the moon"):
        services.wait_for(lambda: False, "the moon", seconds=0.1)
