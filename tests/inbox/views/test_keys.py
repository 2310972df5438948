"""The list of keys behind "?" against what the pages and scripts really listen to."""

import re
from collections import Counter

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from inbox.models import User
from inbox.views.listing import VIEWS

TEMPLATES, SCRIPTS = settings.BASE_DIR / "templates", settings.BASE_DIR / "static" / "js"
# Of the frame and the list: read off the scripts, for there is no element to press.
FRAME = {"j", "k", "s", "?", "Enter", "Esc", "Ctrl K", "Ctrl Enter", "/", "@", "x", "f", "g 1 9"}


def on_elements() -> set[str]:
    """Every letter that presses something in a conversation."""
    pages = [path.read_text() for path in TEMPLATES.rglob("*.html")]
    return {key for page in pages for key in re.findall(r'data-key="([^"{]+)"', page)}


@pytest.fixture
def shown(client: Client, agent: User) -> list[str]:
    """The keys as the dialog lists them, a combination as one."""
    client.force_login(agent)
    page = client.get(reverse("list", args=["todo"])).content.decode()
    dialog = page[page.index('<dialog id="keys"') :].partition("</dialog>")[0]
    found = []
    for term in re.findall(r"<dt>(.*?)</dt>", dialog):
        keys = re.findall(r"<kbd>(.*?)</kbd>", term)
        found += [" ".join(keys)] if keys[0] in ("Ctrl", "g") else keys
    return found


@pytest.mark.django_db
def test_list_of_keys_is_complete_and_true(shown: list[str]) -> None:
    views = {f"g {view.key}" for view in VIEWS.values()}
    assert set(shown) == on_elements() | views | FRAME
    assert [key for key, times in Counter(shown).items() if times > 1] == []


def test_letters_of_views_are_all_different() -> None:
    letters = Counter(view.key for view in VIEWS.values())
    assert [letter for letter, times in letters.items() if times > 1] == []


def test_no_letter_does_one_thing_in_the_frame_and_another_in_a_conversation() -> None:
    assert on_elements() & (FRAME | {"g"}) == set()


@pytest.mark.parametrize(("script", "key"), [("keys", "j"), ("keys", "s"), ("keys", "?"), ("bulk", "x"), ("bulk", "f")])
def test_script_listens_to_the_keys_of_the_frame(script: str, key: str) -> None:
    text = (SCRIPTS / f"{script}.js").read_text()
    assert f'case "{key}":' in text or f' === "{key}"' in text
