"""De straat in a real browser: play, look on in a second tab, answer, read, and keep what is being typed."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .servers import Inbox, Server, Street

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, street: Street) -> Iterator[Callable[..., Page]]:
    pages: list[Page] = []

    def opened(width: int = 1440, height: int = 900) -> Page:
        pages.append(_open(browser, street, width, height))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


def _open(browser: Browser, street: Street, width: int, height: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height}, locale="nl-NL")
    page.complaints = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
    page.on(
        "console",
        lambda line: page.complaints.append(line.text) if line.type == "error" else None,  # type: ignore[attr-defined]
    )
    page.goto(street.url)
    return page


def test_citizen_posts_another_tab_sees_it_and_typed_text_stays(open_page: Open, street: Street, inbox: Inbox) -> None:
    first, second = open_page(), open_page()
    first.get_by_test_id("citizen-select").select_option("henk")
    looker = second.get_by_test_id("phone-x").get_by_test_id("composer-x-square")
    looker.fill("Ik typ nog")
    writer = first.get_by_test_id("phone-x").get_by_test_id("composer-x-square")
    writer.fill("Wanneer komt de veegwagen?")
    first.get_by_test_id("send-x-square").click()
    expect(first.get_by_test_id("panel-square").first).to_contain_text("Wanneer komt de veegwagen?")
    expect(writer).to_have_value("")
    number = street.state()["phones"][0]["rooms"][0]["items"][0]["id"]
    expect(second.get_by_test_id(f"item-{number}")).to_contain_text("Wanneer komt de veegwagen?")
    expect(looker).to_have_value("Ik typ nog")
    expect(looker).to_be_focused()
    inbox.expect(["Wanneer komt de veegwagen?"])

    # The town hall answers while the citizen is writing under the same post.
    first.get_by_test_id(f"action-reply-{number}").click()
    box = first.get_by_test_id(f"composer-reply-{number}")
    box.fill("En wat kost dat")
    street.call("POST", "/x/answers", json={"text": "Morgen om negen uur.", "to": number})
    expect(first.get_by_test_id("phone-x")).to_contain_text("Morgen om negen uur.")
    expect(box).to_have_value("En wat kost dat")
    expect(box).to_be_focused()
    box.press("Control+Enter")
    expect(box).to_have_count(0)
    expect(second.get_by_test_id("phone-x")).to_contain_text("En wat kost dat")
    assert first.complaints == second.complaints == []  # type: ignore[attr-defined]


def test_private_answer_is_read_when_it_is_on_screen(open_page: Open, street: Street) -> None:
    page = open_page()
    phone = page.get_by_test_id("phone-whatsapp")
    phone.get_by_test_id("room-line").click()
    composer = phone.get_by_test_id("composer-whatsapp-line")
    phone.get_by_test_id("photo-whatsapp-line").click()
    phone.get_by_test_id("sample-volle-container.jpg-whatsapp-line").click()
    expect(phone.locator(".chip")).to_contain_text("volle-container.jpg")
    composer.fill("De container is vol")
    composer.press("Enter")
    expect(phone.locator(".bubble img")).to_be_visible()
    said = street.call("POST", "/whatsapp/answers", json={"text": "We legen hem morgen.", "citizen": "aisha"})
    expect(phone.get_by_test_id(f"item-{said['id']}")).to_contain_text("We legen hem morgen.")
    expect(phone.get_by_test_id(f"state-{said['id']}")).to_have_text("gelezen")

    # With "leest meteen" off it waits for the citizen.
    page.get_by_test_id("autoread").uncheck()
    said = street.call("POST", "/whatsapp/answers", json={"text": "Het is gedaan.", "citizen": "aisha"})
    expect(phone.get_by_test_id(f"state-{said['id']}")).to_have_text("afgeleverd")
    phone.get_by_test_id("read-whatsapp-line").click()
    expect(phone.get_by_test_id(f"state-{said['id']}")).to_have_text("gelezen")
    assert page.complaints == []  # type: ignore[attr-defined]


def test_edit_and_delete_are_for_who_wrote_it(open_page: Open, street: Street) -> None:
    made = street.play("x", "mention", text="Wat een tgel", citizen="aisha")["id"]
    page = open_page()
    page.get_by_test_id("citizen-select-x").select_option("henk")
    expect(page.get_by_test_id(f"action-reply-{made}")).to_be_visible()
    expect(page.get_by_test_id(f"action-edit-{made}")).to_have_count(0)
    page.get_by_test_id("citizen-select-x").select_option("aisha")
    page.get_by_test_id(f"action-edit-{made}").click()
    box = page.get_by_test_id(f"composer-edit-{made}")
    expect(box).to_have_value("Wat een tgel")
    box.fill("Wat een tegel")
    page.get_by_test_id(f"send-edit-{made}").click()
    expect(page.get_by_test_id(f"item-{made}")).to_contain_text("bewerkt")
    page.get_by_test_id(f"action-delete-{made}").click()
    expect(page.get_by_test_id(f"item-{made}")).to_contain_text("Dit bericht is verwijderd.")


def test_clock_and_faults_from_the_page(open_page: Open, street: Street) -> None:
    page = open_page()
    page.get_by_test_id("clock").click()
    page.get_by_test_id("clock-friday_1705").click()
    expect(page.get_by_test_id("clock")).to_contain_text("17:05")
    page.get_by_test_id("fault-open").click()
    page.get_by_test_id("fault-kind").select_option("x")
    page.get_by_test_id("fault-name").select_option("duplicate")
    page.get_by_test_id("fault-add").click()
    expect(page.get_by_test_id("fault-duplicate")).to_contain_text("nog 1×")
    page.get_by_test_id("fault-clear").click()
    expect(page.get_by_test_id("fault-list")).to_have_text("Alles werkt.")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("fault-open")).to_be_focused()


def test_refusal_is_said_under_the_box_and_the_text_stays(open_page: Open, street: Street) -> None:
    page = open_page()
    composer = page.get_by_test_id("composer-x-square")
    composer.fill("a" * 25_001)
    page.get_by_test_id("send-x-square").click()
    expect(page.get_by_test_id("phone-x").get_by_role("alert")).to_have_text(
        "Dit bericht is te lang: 25000 tekens is het meeste dat past."
    )
    assert len(composer.input_value()) == 25_001


def test_narrow_screen_shows_one_phone_at_a_time(open_page: Open, street: Street) -> None:
    page = open_page(390, 844)
    expect(page.get_by_test_id("phone-x")).to_be_visible()
    expect(page.get_by_test_id("phone-whatsapp")).to_be_hidden()
    page.get_by_test_id("switch-x").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("phone-whatsapp")).to_be_visible()
    expect(page.get_by_test_id("switch-whatsapp")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_page_finds_the_street_again_after_a_restart_and_keeps_typed_text(
    browser: Browser, open_street: Callable[..., Server]
) -> None:
    server = open_street("http://127.0.0.1:9")
    page = _open(browser, Street(server.url), 1440, 900)
    composer = page.get_by_test_id("composer-x-square")
    composer.fill("Half af")
    server.stop()
    expect(page.get_by_test_id("offline")).to_be_visible()
    street = Street(open_street("http://127.0.0.1:9", server.port).url)
    street.play("x", "mention", text="Weer open", citizen="henk")
    expect(page.get_by_test_id("phone-x")).to_contain_text("Weer open")
    expect(page.get_by_test_id("offline")).to_be_hidden()
    expect(composer).to_have_value("Half af")
    page.close()
