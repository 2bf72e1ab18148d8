"""The guard of PostgreSQL: row-level security for a role of its own, into which the transaction of a user changes.

The owner of the tables is not bound by the policies: the platform's own writes go back to that role for a moment. The guarded role
cannot log in, and may do nothing but read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Dialect, Select, Text, and_, bindparam, func, literal, literal_column, select
from sqlalchemy.exc import DBAPIError

from crmcore.access import predicates
from crmcore.access.predicates import SETTING, PostgresTerms, predicate
from crmcore.access.reach import PORTFOLIOS, ZONES, Reach
from crmcore.errors import AccessDenied, DatabaseError
from crmcore.model import GENERATION, AccountPortfolio, Entity, Site, VisibilityKind

ROLE: Final = "crmcore_guarded"
"""A role of the server, shared by all databases on it."""
_FAILED: Final = 3
"""What the driver says of a transaction in which a statement has failed (libpq's ``PQTRANS_INERROR``)."""
_NOTE: Final = "crm_in_zone(bigint)"
"""The function whose comment says which guard is installed."""


def limit(connection: Connection, reach: Reach) -> None:
    """Let the rest of a transaction see what exists for a user: one statement.

    Raises:
        AccessDenied: ``ACCESS_GUARD_MISSING`` when the guard is not installed here.
    """
    try:
        connection.exec_driver_sql(_sql_once(connection.dialect, _SETTINGS), _settings(reach))
    except DBAPIError as error:
        raise AccessDenied("ACCESS_GUARD_MISSING", reason=str(error.orig).strip()) from error


def limit_and_look(connection: Connection, reach: Reach, question: str) -> int:
    """Do as `limit`, and return the answer to a question of one number: both in one statement, the first of a user's transactions.

    It is asked of the driver itself, because that is half as dear.

    Raises:
        AccessDenied: ``ACCESS_GUARD_MISSING``.
        DatabaseError: ``DATABASE_UNREACHABLE``.
    """
    raw = connection.connection.driver_connection
    if raw is None:
        raise DatabaseError("DATABASE_UNREACHABLE", error="the connection is closed")
    try:
        found = raw.execute(_look_sql(connection.dialect, question), _settings(reach)).fetchone()
    except raw.Error as error:
        reason = str(error).strip()
        if raw.broken:
            connection.invalidate(error)
            raise DatabaseError("DATABASE_UNREACHABLE", error=reason) from error
        raise AccessDenied("ACCESS_GUARD_MISSING", reason=reason) from error
    return int(found[0])


def lift(connection: Connection) -> None:
    """Go back to the role that the connection has of its own."""
    connection.exec_driver_sql(_sql_once(connection.dialect, _LIFT))


def lower(connection: Connection) -> None:
    """Change into the guarded role again; in a transaction that has failed nothing can be asked, and its rollback does it."""
    raw = connection.connection.driver_connection
    if raw is None or raw.info.transaction_status != _FAILED:
        connection.exec_driver_sql(_sql_once(connection.dialect, _LOWER))


def end_reading(connection: Connection) -> None:
    """Commit a transaction in which nothing was written, past the session, which would write what it has gathered."""
    raw = connection.connection.driver_connection
    if raw is not None:
        raw.commit()


def install(connection: Connection, entities: Iterable[type[Entity]]) -> str | None:
    """Make role, functions and policies as the entities want them, unless they are so; return why that cannot be, or None.

    Making the role takes the right CREATEROLE; a database administrator may make it beforehand:
    ``CREATE ROLE crmcore_guarded NOLOGIN; GRANT crmcore_guarded TO <the application's role>``.
    """
    chosen = sorted(entities, key=lambda cls: cls.__tablename__)
    statements = list(_statements(connection, chosen))
    mark = hashlib.sha256("\n".join(statements).encode()).hexdigest()
    if reason := _role(connection):
        return reason
    if connection.execute(_INSTALLED).scalar() == mark:
        return None
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"COMMENT ON FUNCTION {_NOTE} IS '{mark}'")
    return None


@lru_cache(maxsize=16)
def _sql_once(dialect: Dialect, statement: Select[Any]) -> str:
    """Compile a statement once: these are run in every transaction of a user."""
    return str(statement.compile(dialect=dialect))


def _config(name: str, value: Any) -> Any:  # noqa: ANN401 - an expression
    return func.set_config(
        literal_column(f"'{name}'"), value if not isinstance(value, str) else literal_column(f"'{value}'"), literal_column("true")
    )


_NAMES: Final = (
    predicates.LOGIN,
    predicates.SELLERS,
    ZONES,
    PORTFOLIOS,
    predicates.LOGINS,
    predicates.PARTS,
    predicates.FLAGS,
)


@lru_cache(maxsize=16)
def _look_sql(dialect: Dialect, question: str) -> str:
    return str(select(literal_column(f"({question})"), *_SETTINGS.selected_columns).compile(dialect=dialect))


_LOWER: Final[Select[Any]] = select(_config("role", ROLE))
_LIFT: Final[Select[Any]] = select(_config("role", "none"))


_SETTINGS: Final[Select[Any]] = select(*(_config(SETTING + name, bindparam(name, type_=Text)) for name in _NAMES), _config("role", ROLE))
_INSTALLED: Final[Select[Any]] = select(func.obj_description(func.to_regprocedure(_NOTE), "pg_proc"))


@lru_cache(maxsize=1024)
def _settings(reach: Reach) -> Mapping[str, str]:
    keys = {predicates.SELLERS: reach.sellers, ZONES: reach.zones, PORTFOLIOS: reach.portfolios}
    texts = {predicates.LOGINS: reach.logins, predicates.PARTS: reach.parts, predicates.FLAGS: reach.flags}
    return {
        predicates.LOGIN: reach.login,
        **{name: "{" + ",".join(map(str, sorted(each))) + "}" for name, each in keys.items()},
        **{name: "{" + ",".join(map(_quoted, sorted(each))) + "}" for name, each in texts.items()},
    }


def _quoted(text: str) -> str:
    """Return an element of an array as PostgreSQL reads it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _role(connection: Connection) -> str | None:
    """Make sure that the role is there and may be changed into; return why not, or None."""
    # Somebody else on this server may make it meanwhile: what counts is that it is there.
    there = connection.execute(_ROLE_THERE).scalar()
    reason = None if there else _try(connection, f"CREATE ROLE {ROLE} NOLOGIN")
    if reason is not None and not connection.execute(_ROLE_THERE).scalar():
        return reason
    # From PostgreSQL 16 on, who makes a role becomes its member, and may not yet change into it.
    knows_set = (connection.dialect.server_version_info or (0,)) >= _RIGHT_TO_SET
    if not connection.execute(_may("SET" if knows_set else "MEMBER")).scalar():
        return _try(connection, f"GRANT {ROLE} TO CURRENT_USER")
    return None


_ROLE_THERE: Final[Select[Any]] = select(func.to_regrole(ROLE).is_not(None))
_RIGHT_TO_SET: Final = (16,)
"""The version of PostgreSQL that tells membership from the right to change into a role."""


def _may(right: str) -> Select[Any]:
    return select(func.pg_has_role(literal(ROLE), literal(right)))


def _try(connection: Connection, statement: str) -> str | None:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return str(error.orig).strip()
    return None


def _statements(connection: Connection, entities: list[type[Entity]]) -> Iterator[str]:
    quote = connection.dialect.identifier_preparer.quote
    schema = quote(connection.execute(select(func.current_schema())).scalar_one())
    yield f"GRANT USAGE ON SCHEMA {schema} TO {ROLE}"
    yield f"GRANT SELECT ON {GENERATION.name} TO {ROLE}"
    for name, query in (("crm_in_portfolio", _in_portfolio()), ("crm_in_zone", _in_zone())):
        yield (
            f"CREATE OR REPLACE FUNCTION {name}(account bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER "
            f"SET search_path = {schema}, pg_temp AS $guard${_sql(connection, query)}$guard$"
        )
    parents = {cls.__tablename__: cls for cls in entities}
    for cls in entities:
        table = quote(cls.__tablename__)
        condition = predicate(cls, _Row(cls, connection), PostgresTerms(), parents)
        if cls.__visibility__.kind is VisibilityKind.SYSTEM:
            yield f"REVOKE ALL ON {table} FROM {ROLE}"
            continue
        yield f"GRANT SELECT ON {table} TO {ROLE}"
        if condition is None:
            continue
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        # An application's role that does not own the tables is bound by policies, too: it may everything. So the guarded one is restricted,
        # and not permitted: to ask which role it is would cost something for each row.
        yield f"DROP POLICY IF EXISTS crm_platform ON {table}"
        yield f"CREATE POLICY crm_platform ON {table} TO PUBLIC USING (true) WITH CHECK (true)"
        yield f"DROP POLICY IF EXISTS crm_guarded ON {table}"
        yield f"CREATE POLICY crm_guarded ON {table} AS RESTRICTIVE FOR SELECT TO {ROLE} USING ({_sql(connection, condition)})"


class _Row:
    """The columns of the row that a policy looks at: plain names, which belong to no query."""

    def __init__(self, cls: type[Entity], connection: Connection) -> None:
        self._columns = cls.__table__.c
        self._prefix = cls.__tablename__
        self._quote = connection.dialect.identifier_preparer.quote

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        return literal_column(f"{self._quote(self._prefix)}.{self._quote(name)}", self._columns[name].type)

    __getattr__ = __getitem__


def _in_portfolio() -> Select[Any]:
    place = AccountPortfolio.__table__.c
    inside = PostgresTerms().holds(PORTFOLIOS, place.portfolio_id)
    return select(select(literal(1)).where(and_(place.account_id == literal_column("$1"), inside)).exists())


def _in_zone() -> Select[Any]:
    place = Site.__table__.c
    inside = PostgresTerms().holds(ZONES, place.zone_id)
    return select(select(literal(1)).where(and_(place.account_id == literal_column("$1"), inside)).exists())


def _sql(connection: Connection, expression: Any) -> str:  # noqa: ANN401 - an expression or a query
    return str(expression.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
