"""Beside the answer: hints while one writes, the question before personal data goes public, house style, and the mark
on what citizens post."""

import html
import re
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from channels.clock import now
from inbox.models import AccountSettings, AuditEntry, Conversation, Message, User

TEXT = "Bel Jan op 06-12345678. Derhalve wachten wij."


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def mine(client: Client, agent: User, make_conversation) -> Conversation:
    client.force_login(agent)
    return make_conversation("facebook", assignee=agent)


def words(markup: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", markup))).strip()


def parts(response, testid: str) -> list[str]:
    """The words of the elements with this test id."""
    found = re.findall(rf'<(\w+)([^>]*data-testid="{testid}"[^>]*)>(.*?)</\1>', response.content.decode(), re.DOTALL)
    return [words(inner) for _tag, _attributes, inner in found]


def check(client: Client, conversation: Conversation, text: str, **headers: str):
    return client.post(reverse("check_text", args=[conversation.pk]), {"text": text}, headers=headers)


def send(client: Client, conversation: Conversation, text: str, **data: object):
    seen = conversation.messages.order_by("pk").last()
    form = {"text": text, "submission": str(uuid4()), "seen": seen.pk if seen else 0} | data
    return client.post(reverse("act_reply", args=[conversation.pk]), form, headers={"HX-Request": "true"})


class TestHints:
    def test_fragment_has_privacy_first_then_style(self, client, mine):
        response = check(client, mine, TEXT, **{"HX-Request": "true"})
        assert response.status_code == 200
        page = response.content.decode()
        assert re.findall(r'<li( class="warns")? data-testid="hint">', page) == [' class="warns"', ""]
        assert re.findall(r"<q>(.*?)</q>.*?<b>(.*?)</b>", page, re.DOTALL) == [("Derhalve", "daarom")]

    def test_without_scripts_the_page_with_the_text(self, client, mine):
        response = check(client, mine, "Derhalve wachten wij.\n")
        page = response.content.decode()
        assert re.search(r'id="reply-text".*?>(.*?)</textarea>', page, re.DOTALL)[1] == "Derhalve wachten wij.\n"
        assert len(parts(response, "hint")) == 1

    def test_bsn_in_private_is_a_hint_and_other_data_none(self, client, agent, make_conversation):
        client.force_login(agent)
        private = make_conversation("whatsapp", assignee=agent)
        response = check(client, private, "Wij kennen 123456782 en 06-12345678.", **{"HX-Request": "true"})
        assert len(parts(response, "hint")) == 1

    def test_how_the_account_speaks_is_followed(self, client, mine):
        AccountSettings.objects.update(addressing="je")
        assert len(parts(check(client, mine, "Kunt u komen?", **{"HX-Request": "true"}), "hint")) == 1
        assert parts(check(client, mine, "Kun je komen?", **{"HX-Request": "true"}), "hint") == []

    def test_at_most_four_and_how_many_more(self, client, mine):
        text = "Derhalve, heden, conform, inzake, reeds, tevens, thans."
        response = check(client, mine, text, **{"HX-Request": "true"})
        assert len(parts(response, "hint")) == 4
        assert re.search(r"<li>[^<]*3[^<]*</li>", response.content.decode())

    def test_nothing_is_changed_or_kept(self, client, mine):
        before = Conversation.objects.values().get(pk=mine.pk)
        check(client, mine, TEXT)
        assert (Conversation.objects.values().get(pk=mine.pk), AuditEntry.objects.count()) == (before, 0)

    @pytest.mark.parametrize("person", ["outsider", "viewer"])
    def test_who_does_not_answer_here_gets_404(self, client, mine, person, request):
        client.force_login(request.getfixturevalue(person))
        assert check(client, mine, TEXT, **{"HX-Request": "true"}).status_code == 404

    def test_by_get_there_is_nothing(self, client, mine):
        assert client.get(reverse("check_text", args=[mine.pk])).status_code == 405


class TestPersonalData:
    def test_asked_with_what_was_found_then_posted(self, client, mine):
        asked = send(client, mine, TEXT)
        page = asked.content.decode()
        assert 'data-code="personal_data"' in page
        assert re.findall(r"<mark>(.*?)</mark>", page) == ["06-12345678"]
        assert Message.objects.filter(direction="out").count() == 0
        confirm = re.search(r'name="confirm_personal_data" value="(\w+)"', page)[1]
        done = send(client, mine, TEXT, confirm_personal_data=confirm)
        assert 'data-code="' not in done.content.decode()
        assert Message.objects.get(direction="out").text == TEXT

    def test_text_is_kept_and_found_words_are_escaped(self, client, mine):
        page = send(client, mine, "<b>x</b> a@b.nl <i>y</i>").content.decode()
        assert "&lt;b&gt;x&lt;/b&gt; <mark>a@b.nl</mark> &lt;i&gt;y&lt;/i&gt;" in page

    def test_words_before_it_are_whole(self, client, mine):
        page = send(client, mine, "Wij hebben alles voor u nagekeken: bel Jan op 06-12345678.").content.decode()
        assert "… nagekeken: bel Jan op <mark>" in page

    def test_a_thread_stays_a_thread_after_the_question(self, client, agent, make_conversation):
        client.force_login(agent)
        conversation = make_conversation("x", assignee=agent)
        long = TEXT + " Een zin van enige lengte over het restafval." * 12
        page = send(client, conversation, long, as_thread="1").content.decode()
        assert '<input type="hidden" name="as_thread" value="1">' in page

    def test_confirmed_stays_confirmed_when_something_else_stops_it(self, client, mine):
        page = send(client, mine, TEXT).content.decode()
        confirm = re.search(r'name="confirm_personal_data" value="(\w+)"', page)[1]
        first = mine.messages.order_by("pk").first()
        values = {"external_id": "later", "direction": "in", "public": True, "text": "Nog iets", "state": "received"}
        mine.messages.create(account=mine.account, sent_at=now(), **values)
        page = send(client, mine, TEXT, confirm_personal_data=confirm, seen=first.pk).content.decode()
        assert 'data-code="newer_message"' in page
        assert f'<input type="hidden" name="confirm_personal_data" value="{confirm}">' in page

    def test_way_to_the_private_conversation_when_there_is_one(self, client, mine, make_conversation):
        assert 'data-testid="private-way"' not in send(client, mine, TEXT).content.decode()
        private = make_conversation("whatsapp", contact=mine.identity.contact)
        assert f'href="{reverse("conversation", args=[private.pk])}"' in send(client, mine, TEXT).content.decode()
        Conversation.objects.filter(pk=private.pk).update(status="closed", result="answered", closed_at=now())
        assert 'data-testid="private-way"' not in send(client, mine, TEXT).content.decode()


class TestHouseStyle:
    def test_stands_beside_the_answer_with_its_lines_and_nothing_else(self, client, mine):
        AccountSettings.objects.update(house_style="Wij zeggen u.\n<script>alert(1)</script>")
        page = client.get(reverse("pane", args=[mine.pk]), headers={"HX-Request": "true"}).content.decode()
        assert "Wij zeggen u.<br>&lt;script&gt;alert(1)&lt;/script&gt;" in page

    def test_is_not_there_without_text_or_without_a_place_to_write(self, client, mine):
        pane = reverse("pane", args=[mine.pk])
        assert "house-style" not in client.get(pane, headers={"HX-Request": "true"}).content.decode()
        AccountSettings.objects.update(house_style="Wij zeggen u.")
        Conversation.objects.update(assignee=None)
        assert "house-style" not in client.get(pane, headers={"HX-Request": "true"}).content.decode()


class TestMark:
    def pane(self, client, conversation) -> str:
        return client.get(reverse("pane", args=[conversation.pk]), headers={"HX-Request": "true"}).content.decode()

    def marks(self, client, conversation) -> int:
        return self.pane(client, conversation).count('data-testid="personal-mark-')

    def test_on_a_public_post_that_holds_personal_data(self, client, agent, make_conversation):
        client.force_login(agent)
        assert self.marks(client, make_conversation("x", text="Bel mij: 06-12345678")) == 1
        assert self.marks(client, make_conversation("x", text="Wanneer komt de vuilniswagen?")) == 0
        assert self.marks(client, make_conversation("whatsapp", text="Bel mij: 06-12345678")) == 0

    def test_not_on_our_own_details_nor_on_what_is_gone(self, client, agent, make_conversation):
        client.force_login(agent)
        AccountSettings.objects.update(own_details="info@waterkant.nl")
        assert self.marks(client, make_conversation("x", text="Ik mailde info@waterkant.nl")) == 0
        gone = make_conversation("x", text="Bel mij: 06-12345678")
        gone.messages.update(deleted_at=now())
        assert self.marks(client, gone) == 0

    def test_timeline_says_that_it_was_confirmed(self, client, mine):
        page = send(client, mine, TEXT).content.decode()
        confirm = re.search(r'name="confirm_personal_data" value="(\w+)"', page)[1]
        send(client, mine, TEXT, confirm_personal_data=confirm)
        entry = AuditEntry.objects.get(verb="replied")
        assert entry.data["personal_data"] == ["phone"]
        shown = client.get(reverse("timeline", args=[mine.pk])).content.decode()
        assert "06-12345678" not in shown
