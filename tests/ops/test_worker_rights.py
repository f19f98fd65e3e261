"""The rights of joined machines: each table has a row, also one that a migration adds. What
PostgreSQL makes of them: `tests/system/test_joining.py`."""

import pytest

from tuning.actions.worker_roles import grant_rights
from tuning.models import worker_rights
from tuning.models.worker_rights import NOTHING, RIGHTS, rights_by_table, tables


def test_each_table_has_a_row() -> None:
    assert set(tables().values()) == set(RIGHTS)


def test_a_table_without_a_row_fails_set_up(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    fewer = {name: rights for name, rights in RIGHTS.items() if name != "tuning.Star"}
    monkeypatch.setattr(worker_rights, "RIGHTS", fewer)
    with pytest.raises(LookupError, match=r"worker_rights.py: tuning.Star"):
        grant_rights()


def test_what_a_machine_must_not_reach() -> None:
    reach = {table for table, rights in rights_by_table().items() if rights != NOTHING}
    secret = (
        "session", "token", "audit", "invitation", "mail", "machine", "axes", "profile", "admin"
    )  # fmt: skip
    assert [table for table in reach if any(word in table for word in secret)] == []
    readable = rights_by_table()["auth_user"]
    assert (readable.select, readable.update) == (("id", "is_active"), ())
    assert not {"secret", "url"} & set(rights_by_table()["tuning_webhook"].select)
