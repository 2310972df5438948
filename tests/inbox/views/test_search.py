"""Search: by stem, by citizen, newest first, by POST only, and only of what one may see."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from inbox.models import Contact, Conversation, Department, Identity, Message, User
from inbox.views import finding, search
from tests.conftest import MONDAY_10
from tests.inbox.views.test_lists import browser, shown

type Make = Callable[..., Conversation]
URL = "/search/"


def find(client: Client, text: str, **more: str) -> list[int]:
    response = client.post(URL, {"q": text, **more})
    assert response.status_code == 200
    return shown(response)


def test_stem_finds_other_forms_of_the_word(make_conversation: Make, agent: User) -> None:
    wanted = make_conversation(text="De containers worden niet geleegd")
    make_conversation(text="Iets anders")
    assert find(browser(agent), "container", what="messages") == [wanted.pk]


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("In onze straat is het licht uit", "straa"),  # its stem is "strat"
        ("Twee katten op het dak", "katt"),  # "kat"
        ("Het brood van de markt", "broo"),  # "brod"
        ("Wanneer wordt er gestrooid", "gestr"),
        ("Twee katten op het dak", "dak van katte"),
        ("Mijn paspoort is kwijt", "PASPO"),
    ],
)
def test_beginning_of_a_word_finds_it(make_conversation: Make, agent: User, said: str, typed: str) -> None:
    wanted = make_conversation(text=said, subject="")
    make_conversation(text="Iets anders", subject="")
    assert find(browser(agent), typed, what="messages") == [wanted.pk]
    assert any(found for _text, found in search.snippets(typed, [wanted.pk])[wanted.pk])


@pytest.mark.parametrize("typed", ["-paspo", '"mijn paspo', "brug or paspo", "ka"])
def test_only_a_word_that_stands_alone_is_a_beginning(make_conversation: Make, agent: User, typed: str) -> None:
    make_conversation(text="Mijn paspoort is kwijt, katten op het dak", subject="")
    assert finding.Words.of(typed).beginning == ""
    assert find(browser(agent), typed, what="citizens") == []


@pytest.mark.parametrize("bound", [(1, 1), (1, 25), (200, 1_000)], ids=["asked", "walked_twice", "walked"])
@pytest.mark.parametrize("text", ["brug", "Brugman", "rugm"])
def test_walking_and_asking_the_index_find_the_same(
    make_conversation: Make,
    lead: User,
    outsider: User,
    burgerzaken: Department,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    bound: tuple[int, int],
) -> None:
    monkeypatch.setattr(finding, "NEAR", bound[0])
    monkeypatch.setattr(finding, "FAR", bound[1])
    contact = Contact.objects.create(name="Brugman")
    identity = Identity.objects.create(contact=contact, kind="x", external_id="b", name="Brugman")
    wanted = []
    for number in range(12):
        fields = {"department": burgerzaken} if number % 3 == 0 else {}
        fields |= {"status": "closed", "result": "spam", "closed_at": MONDAY_10} if number % 4 == 1 else {}
        at = MONDAY_10 + timedelta(minutes=number // 2)  # two at every moment
        wanted.append(
            make_conversation("x", "Brugman bij de brug", identity=identity, at=at, thread_id=f"{number}", **fields).pk
        )
        make_conversation(text="Iets anders", at=at)
    found: list[int] = []
    after = None
    for _page in range(3):
        page = search.found(search.by_message(lead, text, after, size=4))
        found += page.pks
        after = page.after
    assert found == wanted[::-1]
    assert after is None
    if text != "brug":
        assert search.found(search.by_citizen(lead, text, None, 50)).pks == wanted[::-1]
    assert search.found(search.by_message(outsider, text, None)).pks == []


def test_newest_message_comes_first(make_conversation: Make, agent: User) -> None:
    old = make_conversation(text="brug dicht", at=MONDAY_10)
    new = make_conversation(text="brug open", at=MONDAY_10 + timedelta(hours=1))
    assert find(browser(agent), "brug", what="messages") == [new.pk, old.pk]


@pytest.mark.parametrize("text", ["benal", "BENALI", "@aisha1", "isha B", "@ai"])
def test_part_of_a_name_or_handle_finds_the_citizen(make_conversation: Make, agent: User, text: str) -> None:
    contact = Contact.objects.create(name="Aïsha Benali")
    identity = Identity.objects.create(contact=contact, kind="x", external_id="a", name="Aisha B", handle="aisha1")
    wanted = make_conversation("x", identity=identity)
    other = Contact.objects.create(name="Henk")
    make_conversation(
        "x", identity=Identity.objects.create(contact=other, kind="x", external_id="h", name="Henk", handle="henk")
    )
    assert find(browser(agent), text, what="citizens") == [wanted.pk]


@pytest.mark.parametrize("text", ["06 20000001", "+31620000001", "0031 6 2000 0001"])
def test_phone_number_finds_the_citizen(make_conversation: Make, agent: User, text: str) -> None:
    contact = Contact.objects.create(name="Henk")
    identity = Identity.objects.create(
        contact=contact, kind="whatsapp", external_id="NL.1", phone="+31620000001", aliases=["whatsapp:+31620000001"]
    )
    wanted = make_conversation(identity=identity)
    make_conversation()
    assert find(browser(agent), text, what="citizens") == [wanted.pk]


def test_part_of_a_word_finds_how_a_conversation_began(make_conversation: Make, agent: User) -> None:
    wanted = make_conversation(text="Wanneer wordt het restafval opgehaald?")
    make_conversation(text="Iets anders")
    assert find(browser(agent), "stafva") == [wanted.pk]
    assert search.snippets("stafva", [wanted.pk])[wanted.pk] == (
        ("Wanneer wordt het re", False),
        ("stafva", True),
        ("l opgehaald?", False),
    )


def test_outsider_finds_nothing(make_conversation: Make, outsider: User) -> None:
    make_conversation(text="brug dicht")
    client = browser(outsider)
    assert find(client, "brug") == []
    assert find(client, "Benali") == []
    assert find(client, "brug", what="citizens") == []
    assert find(client, "brug", what="subject") == []


def test_row_stands_once_where_name_and_text_are_found(make_conversation: Make, agent: User) -> None:
    contact = Contact.objects.create(name="Brugman")
    identity = Identity.objects.create(contact=contact, kind="x", external_id="b", name="Brugman")
    both = make_conversation("x", "Brugman vraagt naar de brug", identity=identity)
    text = make_conversation(text="Een brugman op de brug")
    assert find(browser(agent), "brugman") == [both.pk, text.pk]


def test_nothing_of_a_search_stands_in_a_url(make_conversation: Make, agent: User) -> None:
    make_conversation(text="brug dicht")
    client = browser(agent)
    assert shown(client.get(URL, {"q": "brug"})) == []
    page = client.post(URL, {"q": "brug"}).content.decode()
    assert page.count("q=brug") == 0


def test_found_words_are_marked_and_the_rest_escaped(make_conversation: Make, agent: User) -> None:
    make_conversation(text="Een <b>brug</b> is dicht \ue000x")
    page = browser(agent).post(URL, {"q": "brug", "what": "messages"}).content.decode()
    assert page.count("<mark>brug</mark>") == 1
    assert page.count("<b>") == 0


def test_headline_in_pieces() -> None:
    assert search.pieces("a \ue000b\ue001 c") == (("a ", False), ("b", True), (" c", False))
    assert search.pieces("\ue001a\ue000") == (("a", False),)


def test_stretch_around_what_was_found() -> None:
    text = "Al weken ligt er afval naast de container bij het plein."
    assert search.around(text, "CONTAINER") == (
        ("Al weken ligt er afval naast de ", False),
        ("container", True),
        (" bij het plein.", False),
    )
    assert search.around(f"{'x' * 60} brug", "brug") == ((f"…{'x' * 39} ", False), ("brug", True))
    assert search.around(text, "brug") == ((text, False),)
    assert search.around("", "brug") == ()


def test_pages_hold_each_message_once(make_conversation: Make, agent: User) -> None:
    made = [make_conversation(text="brug") for _number in range(5)]
    first = search.found(search.by_message(agent, "brug", None, size=3))
    assert first.after is not None
    second = search.found(search.by_message(agent, "brug", first.after, size=3))
    assert [*first.pks, *second.pks] == [conversation.pk for conversation in reversed(made)]
    assert second.after is None


def test_conversation_shows_once_with_its_newest_message(make_conversation: Make, agent: User) -> None:
    conversation = make_conversation(text="brug een")
    Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        external_id="second",
        direction="in",
        public=False,
        text="brug twee",
        sent_at=MONDAY_10 + timedelta(minutes=1),
        state="received",
    )
    assert search.found(search.by_message(agent, "brug", None)).pks == [conversation.pk]
    assert search.snippets("brug", [conversation.pk]) == {conversation.pk: (("brug", True), (" twee", False))}


@pytest.mark.parametrize("text", ['"', "a & | !", "':*", "()", "\\", "%", "_", "x" * 5000, "\0"])
def test_any_text_can_be_searched(make_conversation: Make, agent: User, text: str) -> None:
    make_conversation()
    assert browser(agent).post(URL, {"q": text}).status_code == 200


def test_search_needs_no_script(make_conversation: Make, agent: User) -> None:
    page = browser(agent).get(URL).content.decode()
    assert page.count('<form method="post" action="/search/" class="seeker"') == 1
