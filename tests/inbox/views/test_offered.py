"""What a log-in gave comes back as it was, to its own app, for a quarter of an hour; and lies encrypted meanwhile."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.messages import OfferedAccount
from inbox.views import offered

moments = st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
accounts = st.builds(
    OfferedAccount,
    external_id=st.text(min_size=1, max_size=20),
    handle=st.text(max_size=20),
    name=st.text(max_size=20),
    secrets=st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=3),
    missing=st.none() | st.lists(st.text(max_size=10), max_size=3).map(tuple),
    expires_at=moments,
    renew_at=moments,
)


@given(st.lists(accounts, max_size=4))
def test_what_was_kept_comes_back_as_it_was(found: list[OfferedAccount]) -> None:
    session: Any = {}
    offered.keep(session, 7, found)
    assert (offered.kept(session, 7), offered.kept(session, 8)) == (found, None)


def one(secret: str = "een-heel-geheim-token") -> OfferedAccount:
    return OfferedAccount(external_id="1", handle="", name="Pagina", secrets={"page_token": secret})


def test_nothing_of_it_can_be_read_in_the_session() -> None:
    session: Any = {}
    offered.keep(session, 7, [one()])
    assert ("geheim" in str(session), "Pagina" in str(session), "geheim" in repr(one())) == (False, False, False)


@pytest.mark.parametrize(("later", "there"), [(offered.LASTS - 2, True), (offered.LASTS + 2, False)])
def test_it_is_forgotten_after_a_quarter_of_an_hour(later: int, there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    session: Any = {}
    offered.keep(session, 7, [one()])
    ended = time.time() + later
    monkeypatch.setattr(offered.time, "time", lambda: ended)
    assert (offered.kept(session, 7) is not None) == there


def test_it_is_used_once_and_unreadable_is_nothing() -> None:
    session: Any = {}
    offered.keep(session, 7, [one()])
    offered.forget(session)
    gone = offered.kept(session, 7)
    session[offered.KEY] = "met een sleutel die er niet meer is"
    assert (gone, offered.kept(session, 7)) == (None, None)
