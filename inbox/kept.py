"""Statements that Django wrote once, and several of them in one round trip.

To have Django write a statement takes three times as long as to run it by a key: that was half of a page. ``kept``
holds on to what it wrote, ``together`` asks several at once. Only statements are kept, never a row.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet, Value


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


def any_of(name: str, of: str = "bigint") -> Any:
    """One of a list: ``filter(message=any_of("messages"))``. ``of``: what PostgreSQL calls them."""
    return Slot(name, f"ANY(%s::{of}[])")


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
        queryset, compiler, sql, parameters = self._written
        return Asked(queryset, compiler, sql, filled(parameters, values))

    @cached_property
    def _written(self) -> tuple[QuerySet[T, R], Any, str, tuple[Any, ...]]:
        queryset = self.build()
        compiler = queryset.query.get_compiler(connection=connection)
        return queryset, compiler, *compiler.as_sql()


class Asked[R]:
    """Rows that are asked for at the first look; by ``together`` with others."""

    def __init__(self, queryset: QuerySet[Any, R], compiler: Any, sql: str, parameters: list[Any]) -> None:
        self.queryset = queryset
        self.compiler = compiler
        self.sql = sql
        self.parameters = parameters
        self._rows: list[R] | None = None

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows())

    def rows(self) -> list[R]:
        """All of them."""
        if self._rows is None:
            together(self)
        return self._rows or []

    def first(self) -> R | None:
        """The first; None when there is none."""
        return next(iter(self), None)

    def read(self, fetched: list[tuple[Any, ...]]) -> None:
        """What the database said, made into what the queryset makes of it."""
        if not fetched:  # most often: nothing is worth making then
            self._rows = []
            return
        compiler = copy(self.compiler)  # the kept one is every thread's
        compiler.connection = connection
        compiler.execute_sql = _giving([fetched])
        queryset = self.queryset.all()
        queryset.query.get_compiler = _giving(compiler)  # type: ignore[method-assign]
        self._rows = list(queryset)


def _giving(answer: Any) -> Callable[..., Any]:
    return lambda *_args, **_kwargs: answer


def together(*asked: Asked[Any]) -> None:
    """Ask for all of these in one round trip."""
    with connection.cursor() as cursor:
        cursor.execute("; ".join(one.sql for one in asked), [value for one in asked for value in one.parameters])
        for one in asked:
            one.read(cursor.fetchall())
            cursor.nextset()
