"""PostgreSQL's roles of joined machines. All rights belong to one group, from the table in
`models/worker_rights.py`; each machine has a role in it, which only signs in."""

from django.db import connection, transaction
from psycopg import sql

from tuning.models import Machine
from tuning.models.worker_rights import Rights, rights_by_table

# Of the transaction that changes rights: PostgreSQL refuses two at once.
_LOCK = 0x74756E65726F6F6D
# The longest name that PostgreSQL takes.
_MAX_NAME = 63


def is_possible() -> bool:
    return connection.vendor == "postgresql"


def may_make_roles() -> bool:
    """Whether the site's own role may make others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def role_of(machine: Machine) -> str:
    """A server may have several installations, each in a database of its own."""
    return _named(f"_machine_{machine.pk}")


def create_role(machine: Machine, password: str) -> str:
    """Its name. Called in a transaction, with which the role comes to be."""
    role, group = role_of(machine), _group()
    # Servers keep roles: a former database, restored from a backup, may have left one.
    drop_role(machine)
    grant_rights(make_group=True)
    with connection.cursor() as cursor:
        # The server gets, and may log, what it keeps: nothing that anybody could sign in with.
        verifier = connection.connection.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        ).decode()
        cursor.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                sql.Identifier(role), sql.Literal(verifier), sql.Identifier(group)
            )
        )
    return role


def drop_role(machine: Machine) -> None:
    """End its connections, and let it make no other ones. Safe to repeat."""
    role = role_of(machine)
    if not is_possible() or not _exists(role):
        return
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        # In this order, each committed by itself: it must not come back in between.
        cursor.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(name))
        # Only members of a role may end its connections.
        cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [role]
        )
        cursor.execute(sql.SQL("DROP ROLE {}").format(name))


@transaction.atomic
def grant_rights(make_group: bool = False) -> None:
    """Give the group exactly the rights of the table. Nothing happens before a machine joins."""
    rights = rights_by_table()
    if not is_possible():
        return
    group = _group()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if not _exists(group):
            if not make_group:
                return
            cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(group)))
        for statement in _statements(group, rights):
            cursor.execute(statement)


def _statements(group: str, rights: dict[str, Rights]) -> list[sql.Composed]:
    name = sql.Identifier(group)
    found = [
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name),
        sql.SQL("REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {}").format(name),
    ]
    for table, allowed in rights.items():
        if privileges := allowed.privileges():
            found.append(
                sql.SQL("GRANT {} ON {} TO {}").format(
                    sql.SQL(", ".join(privileges)), sql.Identifier(table), name
                )
            )
    return found


def _exists(role: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        return cursor.fetchone() is not None


def _group() -> str:
    return _named("_workers")


def _named(end: str) -> str:
    database = str(connection.settings_dict["NAME"])
    return database[: _MAX_NAME - len(end)] + end
