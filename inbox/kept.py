"""Statements that Django wrote once and PostgreSQL planned once, and several of them in one round trip.

To have Django write a statement takes three times as long as to run it by a key, and to have PostgreSQL plan it four
times: that was most of a page. ``kept`` holds on to what Django wrote, ``together`` asks several at once, and what a
connection is asked again it has prepared. Only statements are kept, never a row.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property, lru_cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from django.db.models import Model, QuerySet, Value
from psycopg import sql as composing


class Slot(Value):
    """Stands in a statement for a value that differs each time."""

    def __init__(self, name: str, sql: str = "%s") -> None:
        super().__init__(name)
        self.sql = sql

    def as_sql(self, *args: Any, **kwargs: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """The place, with ourselves as the value."""
        return self.sql, [self]


def slot(name: str) -> Any:
    """One value: ``filter(conversation=slot("conversation"))``."""
    return Slot(name)


def unseen(name: str, of: str = "bigint") -> Any:
    """One value that no plan looks at, of the type PostgreSQL calls ``of``. Of a slot it looks whether a plan for the
    value would be better than the one it has; where it thinks so it plans each time, and that takes longer than to
    fetch a page of the list."""
    return Slot(name, f"(SELECT %s::{of})")


def any_of(name: str, of: str = "bigint") -> Any:
    """One of a list: ``filter(message=any_of("messages"))``. ``of``: what PostgreSQL calls them."""
    return Slot(name, f"ANY(%s::{of}[])")


class Statement:
    """SQL with %s for each of its parameters, some of them slots. Prepared by a connection that is asked it again; what
    is no slot then stands in it as it is, so that the plan knows it.

    One that is made for a single time is never prepared; make what is asked again once, and hold on to it."""

    _number = count(1)
    # By connection: the statements it was asked, and whether it has them prepared.
    _asked: WeakKeyDictionary[psycopg.Connection[Any], WeakKeyDictionary["Statement", bool]] = WeakKeyDictionary()

    def __init__(self, sql: str, parameters: Sequence[Any]) -> None:
        self.sql = sql
        self.parameters = parameters
        self.name = f"kept_{next(self._number)}"
        self.slots = [one.value for one in parameters if isinstance(one, Slot)]
        self.execute = (
            f"EXECUTE {self.name} ({', '.join(['%s'] * len(self.slots))})" if self.slots else (f"EXECUTE {self.name}")
        )

    def with_values(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """What to send on this thread's connection, and its parameters."""
        if self._is_prepared():
            return self.execute, [values[name] for name in self.slots]
        return self.sql, filled(self.parameters, values)

    def asked(self, **values: Any) -> "Asked[tuple[Any, ...]]":
        """With these values in the slots, by ``together`` with others."""
        return Asked(self, values, list)

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """What the database says, with these values in the slots."""
        return self.asked(**values).rows()

    def _is_prepared(self) -> bool:
        connection.ensure_connection()
        theirs: psycopg.Connection[Any] = connection.connection
        asked = self._asked.get(theirs)
        if asked is None:
            asked = self._asked[theirs] = WeakKeyDictionary()
        if self not in asked:  # many connections are asked it once
            asked[self] = False
        elif not asked[self]:
            theirs.execute(f"PREPARE {self.name} AS {self._with_numbers(theirs)}".encode())
            asked[self] = True
        return asked[self]

    def _with_numbers(self, on: psycopg.Connection[Any]) -> str:
        number = count(1)
        given = [
            f"${next(number)}" if isinstance(one, Slot) else composing.Literal(one).as_string(on)
            for one in self.parameters
        ]
        pieces = [piece.replace("%%", "%") for piece in self.sql.split("%s")]
        return "".join(piece + value for piece, value in zip(pieces, [*given, ""], strict=True))


@lru_cache(maxsize=200)
def named(sql: str) -> Statement:
    """The statement of SQL with %(name)s for each value: a slot for each. The same SQL gives the same statement."""
    names = re.findall(r"%\((\w+)\)s", sql)
    return Statement(re.sub(r"%\(\w+\)s", "%s", sql), [slot(name) for name in names])


def filled(parameters: Iterable[Any], values: Mapping[str, Any]) -> list[Any]:
    """A statement's parameters, with the values in the slots."""
    return [values[one.value] if isinstance(one, Slot) else one for one in parameters]


class kept[T: Model, R]:  # noqa: N801 - reads as a decorator
    """Around a function without parameters that makes a queryset with slots in it. Called with their values it gives
    the rows of that queryset: instances with what ``select_related`` brings, or values."""

    def __init__(self, build: Callable[[], QuerySet[T, R]]) -> None:
        self.build = build

    def __call__(self, **values: Any) -> "Asked[R]":
        """With these values in the slots."""
        return Asked(self._written[2], values, self._made)

    @property
    def name(self) -> str:
        """What a connection calls it that has it prepared."""
        return self._written[2].name

    @cached_property
    def _written(self) -> tuple[QuerySet[T, R], Any, Statement]:
        queryset = self.build()
        compiler = queryset.query.get_compiler(connection=connection)
        statement = Statement(*compiler.as_sql())
        # What makes a column into a value is the same each time too.
        columns = [column for column, *_rest in compiler.select[: compiler.col_count]]
        compiler.get_converters = _giving(compiler.get_converters(columns))
        return queryset, compiler, statement

    def _made(self, fetched: list[tuple[Any, ...]]) -> list[R]:
        queryset, kept_compiler, _statement = self._written
        compiler = copy(kept_compiler)  # the kept one is every thread's
        compiler.connection = connection
        compiler.execute_sql = _giving([fetched])
        mine = queryset.all()
        mine.query.get_compiler = _giving(compiler)  # type: ignore[method-assign]
        return list(mine)


class Asked[R]:
    """Rows that are asked for at the first look; by ``together`` with others. ``make``: of what the database said, when
    it said anything."""

    def __init__(
        self, statement: Statement, values: Mapping[str, Any], make: Callable[[list[tuple[Any, ...]]], list[R]]
    ) -> None:
        self.statement = statement
        self.values = values
        self.make = make
        self._rows: list[R] | None = None

    @classmethod
    def nothing(cls) -> "Asked[R]":
        """No rows, and no question."""
        none = cls(_NOTHING, {}, lambda _fetched: [])
        none.read([])
        return none

    @property
    def is_read(self) -> bool:
        """Whether the database said it already."""
        return self._rows is not None

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows())

    def rows(self) -> list[R]:
        """All of them."""
        together(self)
        return self._rows or []

    def first(self) -> R | None:
        """The first; None when there is none."""
        return next(iter(self), None)

    def read(self, fetched: list[tuple[Any, ...]]) -> None:
        """What the database said."""
        self._rows = self.make(fetched) if fetched else []


_NOTHING = Statement("SELECT WHERE false", [])


def _giving(answer: Any) -> Callable[..., Any]:
    return lambda *_args, **_kwargs: answer


def together(*asked: Asked[Any]) -> None:
    """Ask for all of these that were not asked yet in one round trip; for none of them in none."""
    asked = tuple(one for one in asked if not one.is_read)
    if not asked:
        return
    sent = [one.statement.with_values(one.values) for one in asked]
    with connection.cursor() as cursor:
        cursor.execute("; ".join(sql for sql, _values in sent), [value for _sql, values in sent for value in values])
        for one in asked:
            one.read(cursor.fetchall())
            cursor.nextset()
