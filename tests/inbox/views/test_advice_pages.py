"""Advice on the pages: the panel of who asks, the item between the messages, and the pages of who is asked."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox import advice_mail
from inbox.actions import advice
from inbox.models import AdviceRequest, Attachment, Conversation, Note, User
from tests.inbox.conftest import StandingClock
from tests.inbox.views.test_acts import act, box, notice

QUESTION = "Mag dit met spoed? Het paspoort van deze inwoner is zoek."
HTMX = {"HX-Request": "true", "HX-Target": "conversation"}


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


@pytest.fixture
def mine(agent: User, make_conversation) -> Conversation:
    return make_conversation(assignee=agent)


@pytest.fixture
def asked(agent: User, expert: User, mine: Conversation) -> AdviceRequest:
    return advice.ask(mine.pk, by=agent, question=QUESTION, minutes=120, of=expert)


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def pane(user: User, conversation: Conversation) -> str:
    return as_(user).get(f"/conversations/{conversation.pk}/pane/", headers=HTMX).content.decode()


class TestAsking:
    def test_the_panel(self, agent, expert, burgerzaken, mine):
        html = as_(agent).get(f"/conversations/{mine.pk}/advice/", headers=HTMX).content.decode()
        assert f'<option value="u{expert.pk}">Bram Visser (Burgerzaken)</option>' in html
        assert f'<option value="d{burgerzaken.pk}">de vakspecialisten van Burgerzaken</option>' in html
        assert "binnen 2 uur (vandaag 12:30)" in html
        page = as_(agent).get(f"/conversations/{mine.pk}/advice/").content.decode()
        assert page.lstrip().startswith("<!doctype html>")
        assert 'data-testid="advice-question"' in page

    def test_asked_and_shown(self, agent, expert, mine):
        response = act(as_(agent), mine, "advice/ask", of=f"u{expert.pk}", question=QUESTION, minutes=60)
        html = response.content.decode()
        assert "Advies gevraagd aan Bram Visser" in html
        assert "nog 1 u" in html
        assert AdviceRequest.objects.get().question == QUESTION

    @pytest.mark.parametrize("of", ["", "u0", "x", "d", "u99999999999999999999"])
    def test_refused_it_is_kept(self, agent, mine, of):
        response = act(as_(agent), mine, "advice/ask", of=of, question=QUESTION, minutes=60)
        assert notice(response)[0] == "no_choice"
        assert box(response, "advice-question") == QUESTION
        assert 'id="deed-advice" open' in response.content.decode()

    def test_not_for_who_does_not_work_here(self, viewer, outsider, mine):
        for user in (viewer, outsider):
            assert as_(user).get(f"/conversations/{mine.pk}/advice/").status_code == 404

    def test_withdrawn(self, agent, asked, mine):
        response = as_(agent).post(f"/advice/{asked.pk}/withdraw/", headers=HTMX)
        assert "ingetrokken" in response.content.decode()
        assert as_(agent).post(f"/advice/{asked.pk + 1}/withdraw/", headers=HTMX).status_code == 404


class TestTakingOver:
    def test_offered_to_who_answers(self, agent, colleague, expert, asked, mine):
        advice.answer(asked.pk, by=expert, text="Ja, <b>met</b> spoed")
        html = pane(agent, mine)
        assert "Ja, &lt;b&gt;met&lt;/b&gt; spoed" in html
        assert f'data-testid="use-advice-{asked.pk}"' in html
        assert f'data-testid="use-advice-{asked.pk}"' not in pane(colleague, mine)

    def test_with_scripts(self, agent, expert, asked):
        advice.answer(asked.pk, by=expert, text="Ja")
        taken = as_(agent).post(f"/advice/{asked.pk}/use/", headers={"Accept": "application/json"})
        assert taken.json() == {"text": "Ja"}

    def test_without_scripts_below_what_was_typed(self, agent, expert, asked):
        advice.answer(asked.pk, by=expert, text="Ja")
        response = as_(agent).post(f"/advice/{asked.pk}/use/", {"text": "Dag", "submission": uuid4()})
        assert box(response) == "Dag\n\nJa"


class TestTheExpert:
    def test_reads_along_and_answers(self, expert, agent, asked, mine):
        Note.objects.create(conversation=mine, author=agent, text="Let op", created_at=asked.asked_at)
        client = as_(expert)
        html = client.get(f"/advice/{asked.pk}/").content.decode()
        assert "Wanneer wordt het restafval opgehaald?" in html
        assert 'data-testid="composer"' not in html
        assert "act_" not in html
        assert client.get(f"/conversations/{mine.pk}/").status_code == 404
        assert client.get(f"/advice/{asked.pk}/along/", headers=HTMX).status_code == 200
        assert client.post(f"/advice/{asked.pk}/", {"text": "Ja, dat mag"}).status_code == 302
        after = client.get(f"/advice/{asked.pk}/").content.decode()
        assert "Ja, dat mag" in after
        assert "restafval" not in after
        assert client.get(f"/advice/{asked.pk}/along/", headers=HTMX).status_code == 404

    def test_the_link_of_a_mail_asks_to_log_in_and_comes_back(self, client, expert, asked):
        response = client.get(f"/advice/{asked.pk}/")
        assert response["Location"] == f"/login/?next=/advice/{asked.pk}/"
        form = {"username": "bram", "password": "waterkant"}
        assert client.post(response["Location"], form)["Location"] == f"/advice/{asked.pk}/"

    def test_nobody_else(self, agent, colleague, outsider, lead, asked, mine):
        assert as_(outsider).get(f"/advice/{asked.pk}/").status_code == 404
        assert as_(outsider).post(f"/advice/{asked.pk}/", {"text": "Ja"}).status_code == 404
        for member in (agent, colleague, lead):
            assert as_(member).get(f"/advice/{asked.pk}/")["Location"] == f"/conversations/{mine.pk}/"

    def test_withdrawn_while_writing_the_text_is_kept(self, agent, expert, asked):
        advice.withdraw(asked.pk, by=agent)
        response = as_(expert).post(f"/advice/{asked.pk}/", {"text": "Mijn lange antwoord"})
        html = response.content.decode()
        assert 'data-code="withdrawn"' in html
        assert "Mijn lange antwoord" in html
        assert "restafval" not in html

    def test_files_of_this_conversation_while_it_is_open(self, agent, expert, asked, mine, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path
        message = mine.messages.get()
        file = Attachment.objects.create(message=message, kind="file", state="ready", content_type="text/plain")
        file.file.save("x", ContentFile(b"hallo"))
        assert b"".join(as_(expert).get(f"/attachments/{file.pk}/")) == b"hallo"
        advice.withdraw(asked.pk, by=agent)
        assert as_(expert).get(f"/attachments/{file.pk}/").status_code == 404

    def test_queries_do_not_grow(self, expert, agent, make_conversation, asked):
        client = as_(expert)

        def cost() -> tuple[int, int]:
            with CaptureQueriesContext(connection) as queries:
                html = client.get("/advice/").content.decode()
            return html.count('data-testid="advice-link-'), len(queries)

        cost()  # warm
        one = cost()
        for _number in range(11):
            conversation = make_conversation(assignee=agent)
            advice.ask(conversation.pk, by=agent, question=QUESTION, minutes=60, of=expert)
        assert (one[0], cost()) == (1, (12, one[1]))


class TestReminding:
    def test_the_asker_hears_when_it_is_nearly_late(self, agent, expert, asked, standing_clock):
        status = as_(agent).get("/status/").content.decode()
        assert 'data-testid="advice-late"' not in status
        standing_clock.forward(minutes=100)
        assert 'data-testid="advice-late"' in as_(agent).get("/status/").content.decode()
        assert 'data-testid="advice-late"' not in as_(expert).get("/status/").content.decode()
        assert ">1</span>" in as_(expert).get("/status/").content.decode()

    def test_one_mail_with_a_link_and_nothing_of_the_citizen(self, agent, expert, asked, settings, mine):
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
        User.objects.filter(pk=expert.pk).update(email="bram@waterkant.example")
        assert [advice_mail.send_due(), advice_mail.send_due()] == [1, 0]
        (sent,) = mail.outbox
        assert (sent.to, sent.subject) == (["bram@waterkant.example"], "Webcare: Fatima Amrani vraagt je advies")
        assert f"/advice/{asked.pk}/" in sent.body
        assert "vandaag 12:30" in sent.body
        for secret in (QUESTION, "restafval", str(mine.identity), mine.identity.handle):
            assert secret not in sent.body + sent.subject

    def test_no_mail_about_what_is_over(self, agent, expert, asked, settings, standing_clock):
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
        advice.withdraw(asked.pk, by=agent)
        assert advice_mail.send_due() == 0
        standing_clock.moment += timedelta(days=2)
        assert mail.outbox == []
