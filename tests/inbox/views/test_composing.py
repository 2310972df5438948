"""Around the answer: standard replies found and taken over, drafts saved, the preview; and without scripts."""

import re
from uuid import uuid4

import pytest
from django.urls import reverse

from channels.clock import now
from inbox.models import AccountSettings, Draft, StandardReply
from inbox.views.previewing import preview_of

JSON = {"accept": "application/json"}


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def mine(client, agent, make_conversation):
    client.force_login(agent)
    return make_conversation("facebook", assignee=agent)


@pytest.fixture
def hello(db):
    return StandardReply.objects.create(name="Groet", text="Dag {inwoner}.", changed_at=now())


def textarea(page: str) -> str:
    return re.search(r'id="reply-text".*?>(.*?)</textarea>', page, re.DOTALL)[1]


class TestReplies:
    def test_found_filled_in_and_not_counted(self, client, mine, hello):
        found = client.get(reverse("find_replies", args=[mine.pk]), {"q": "dag"}).json()
        name = mine.identity.contact.name
        assert found == {
            "replies": [
                {
                    "id": hello.pk,
                    "name": "Groet",
                    "text": f"Dag {name}.",
                    "use": f"/conversations/{mine.pk}/standard-replies/{hello.pk}/use/",
                }
            ]
        }
        hello.refresh_from_db()
        assert hello.used_count == 0

    def test_taken_over_by_a_script_and_without(self, client, mine, hello):
        url = reverse("use_reply", args=[mine.pk, hello.pk])
        name = mine.identity.contact.name
        assert client.post(url, headers=JSON).json() == {"text": f"Dag {name}.", "unfilled": []}
        page = client.post(url, {"text": "Eerst dit.", "submission": str(uuid4())}).content.decode()
        assert textarea(page) == f"Eerst dit.\n\nDag {name}."

    def test_not_for_a_viewer_nor_an_outsider(self, client, mine, hello, viewer, outsider):
        client.force_login(viewer)
        assert client.get(reverse("find_replies", args=[mine.pk])).status_code == 404
        client.force_login(outsider)
        assert client.post(reverse("use_reply", args=[mine.pk, hello.pk]), headers=JSON).status_code == 404

    def test_kept_by_leads_and_administrators_alone(self, client, agent, lead, admin, hello):
        for user, status in ((agent, 403), (lead, 200), (admin, 200)):
            client.force_login(user)
            assert client.get(reverse("standard_replies")).status_code == status
            assert client.get(reverse("standard_reply", args=[hello.pk])).status_code == status


class TestDrafts:
    def save(self, client, conversation, text, version=0, **more):
        url = reverse("save_draft", args=[conversation.pk])
        return client.post(url, {"mode": "reply", "text": text, "version": version} | more, headers=JSON)

    def test_saved_shown_and_asked_about(self, client, mine):
        assert self.save(client, mine, "Half").json() == {"version": 1}
        page = client.get(reverse("pane", args=[mine.pk]), headers={"HX-Request": "true"}).content.decode()
        assert textarea(page) == "Half"
        answer = self.save(client, mine, "Anders")
        assert (answer.status_code, answer.json()) == (409, {"text": "Half", "version": 1})
        assert self.save(client, mine, "", 1).json() == {"version": 0}

    def test_what_cannot_be_read_is_refused(self, client, mine):
        url = reverse("save_draft", args=[mine.pk])
        for form in ({"mode": "brief", "text": "x", "version": 0}, {"mode": "reply", "text": "x", "version": "-1"}):
            assert client.post(url, form).status_code == 400

    def test_an_answer_that_was_refused_is_a_draft(self, client, mine):
        form = {"text": "Uw nummer: [zaaknummer].", "submission": str(uuid4()), "seen": 10**9}
        client.post(reverse("act_reply", args=[mine.pk]), form)
        assert Draft.objects.get().text == form["text"]

    def test_nobody_elses_row_says_so(self, client, mine, colleague):
        self.save(client, mine, "Half")
        assert b'class="draft"' in client.get("/inbox/todo/").content
        client.force_login(colleague)
        assert b'class="draft"' not in client.get("/inbox/todo/").content


class TestPreview:
    def parts(self, conversation, user, text):
        return [str(part.html) for part in preview_of(conversation, user, text).parts]

    def test_whatsapp_sets_its_own_marks(self, agent, make_conversation):
        chat = make_conversation("whatsapp")
        text = "*vet* en _schuin_, 3*4*5 blijft <b>zo</b>"
        assert self.parts(chat, agent, text) == [
            "<strong>vet</strong> en <em>schuin</em>, 3*4*5 blijft &lt;b&gt;zo&lt;/b&gt;"
        ]

    def test_x_shortens_addresses_numbers_its_posts_and_ends_them(self, agent, make_conversation):
        AccountSettings.objects.update(ending="^{initialen}")
        post = make_conversation("x")
        [part] = preview_of(post, agent, "Kijk op https://www.waterkant.nl/bruggen-en-sluizen/haven.").parts
        assert str(part.html) == 'Kijk op <span class="link">waterkant.nl/bruggen-e…</span>. ^FA'
        assert part.length == "36 / 280"
        parts = self.parts(post, agent, "Dit is een zin over de brug. " * 12)
        assert [part[-5:] for part in parts] == ["(1/2)", "(2/2)"]

    def test_asked_for_by_a_script_and_without(self, client, mine):
        url = reverse("preview_answer", args=[mine.pk])
        fragment = client.post(url, {"text": "Dag."}, headers={"HX-Request": "true"}).content.decode()
        assert fragment.count('data-testid="preview-part"') == 1
        page = client.post(url, {"text": "Dag."}).content.decode()
        assert page.count('data-testid="preview-part"') == 1
        assert textarea(page) == "Dag."


def test_an_answer_of_ones_own_can_be_taken_back_by_a_button(client, mine, colleague):
    form = {"text": "Dag.", "submission": str(uuid4()), "seen": 10**9}
    client.post(reverse("act_reply", args=[mine.pk]), form)
    pane = reverse("pane", args=[mine.pk])
    page = client.get(pane, headers={"HX-Request": "true"}).content.decode()
    undo = re.search(r'action="(/messages/\d+/undo/)"', page)[1]
    assert "Wordt verstuurd om 10:30:05" in page
    client.force_login(colleague)
    assert "/undo/" not in client.get(pane, headers={"HX-Request": "true"}).content.decode()
    client.force_login(mine.assignee)
    client.post(undo)
    page = client.get(pane, headers={"HX-Request": "true"}).content.decode()
    assert (textarea(page), "/undo/" in page) == ("Dag.", False)
