"""The town on disk: it survives a restart, a broken file is set aside, books and ids go on where they were."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from channels.simulator.state import Books, Media, StateFile
from channels.simulator.world import Town

from .servers import Server, Street, until
from .village import Village

Open = Callable[[str], Server]
NOWHERE = "http://127.0.0.1:9"


def test_town_survives_a_restart(open_street: Open, webcare_server: Server) -> None:
    street = Street(open_street(webcare_server.url).url)
    street.play("x", "mention", text="Hallo Waterkant")
    phones, books = street.state()["phones"], street.books()
    street = Street(open_street(webcare_server.url).url)
    assert street.state()["phones"] == phones
    assert street.books() == books


def test_town_is_written_while_it_is_open(open_street: Open, webcare_server: Server, tmp_path: Path) -> None:
    street = Street(open_street(webcare_server.url).url)
    street.play("x", "mention", text="Hallo")
    until((tmp_path / "town.json").exists)
    kept = json.loads((tmp_path / "town.json").read_text())
    assert [post["text"] for post in kept["platforms"]["x"]["posts"]] == ["Hallo"]


def test_unreadable_state_is_set_aside_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "town.json"
    path.write_text('{"platforms": {"x"')
    town = Town("http://sim", NOWHERE, path, {"x": Village})
    [aside] = tmp_path.glob("town.json.onleesbaar-*")
    assert town.platforms["x"].state == {"posts": [], "chats": []}
    assert aside.read_text() == '{"platforms": {"x"'
    assert capsys.readouterr().err == (
        f"Simulator: town.json is niet te lezen (JSONDecodeError) en is opzijgezet als {aside.name}. "
        "De straat begint opnieuw.\n"
    )


def test_key_that_a_newer_version_added_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "town.json"
    path.write_text('{"platforms": {"x": {"posts": [{"id": "1"}]}}}')
    town = Town("http://sim", NOWHERE, path, {"x": Village})
    assert town.platforms["x"].state == {"posts": [{"id": "1"}], "chats": []}


def test_new_ids_grow_are_long_and_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "town.json"
    town = Town("http://sim", NOWHERE, path, {})
    ids = [town.new_id() for _ in range(5000)]
    assert ids == sorted(set(ids))
    assert ids[0] > 2**53
    path.write_text(json.dumps({"last_id": ids[-1] + 10**15}))  # as if the machine's clock was ahead then
    assert Town("http://sim", NOWHERE, path, {}).new_id() == ids[-1] + 10**15 + 1


def test_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "town.json"
    file = StateFile(path)
    file.write("{}")
    with pytest.raises(UnicodeEncodeError):
        file.write("\ud800")  # half a character cannot be written
    assert path.read_text() == "{}"
    assert list(tmp_path.iterdir()) == [path]


def test_books_skip_a_half_last_line_and_go_on(tmp_path: Path) -> None:
    path = tmp_path / "books"
    path.write_text('{"n": 1, "what": "posted"}\n{"n": 2, "wh')
    books = Books(path)
    town = Town("http://sim", NOWHERE, tmp_path / "t.json", {})
    books.add("x", "edited", "9", town.now(), {"citizen": "henk"})
    assert [line["what"] for line in Books(path).lines] == ["posted", "edited"]
    assert books.lines[-1]["n"] == 2


def test_media_gets_a_fitting_name_and_stays_in_its_folder(tmp_path: Path) -> None:
    media = Media(tmp_path / "media")
    assert media.keep(7, b"jpeg", "image/jpeg", "../../etc/Mijn foto.png") == "7/Mijn-foto.jpg"
    assert media.keep(8, b"card", "text/vcard", "") == "8/bestand.vcf"
    found = media.find("7", "Mijn-foto.jpg")
    assert found is not None
    assert found.read_bytes() == b"jpeg"
    assert media.find("7", "../8/bestand.vcf") is None
    assert media.find("..", "town.json") is None
