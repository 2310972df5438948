"""The Dutch of the screens: extract, merge, check and compile locale/; by Babel, so without GNU gettext.

python -m webcare.translations update     bring django.po up to date with the source
python -m webcare.translations check      list what is missing, empty, fuzzy, obsolete or mismatched; exit 1
python -m webcare.translations compile    write the .mo that Django reads
"""

import argparse
import os
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("channels", "inbox", "webcare", "templates")
SKIPPED = {"migrations", "__pycache__"}
DOMAIN_FILE = Path("nl", "LC_MESSAGES", "django.po")
COMMENT_TAGS = ["Translators:"]
LAZY = {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
KEYWORDS = {**DEFAULT_KEYWORDS, **LAZY}
PLACEHOLDER = re.compile(r"%\((\w+)\)[#0 +-]*\d*(?:\.\d+)?[a-zA-Z]|%[sdif]|\{(\w*)\}")
WIDTH = 110

type Identity = tuple[str | None, str]


def sources(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file that may hold text for the screen, in a fixed order, with its kind."""
    for top in SOURCES:
        for path in sorted((root / top).rglob("*")):
            if not path.is_file() or SKIPPED.intersection(path.parts):
                continue
            if path.suffix == ".py":
                yield path, "python"
            elif path.suffix == ".jinja" or (path.suffix in {".html", ".txt"} and "jinja" in path.parts):
                yield path, "jinja"
            elif path.suffix in {".html", ".txt"} and "templates" in path.relative_to(root).parts:
                yield path, "django"


def from_template(source: str, name: str) -> bytes:
    """A Django template as lines of Python with the same calls of gettext on the same lines.

    templatize replaces all other text by X; what is left of the indentation would mean something to Python.
    """
    lines = templatize(source, origin=name).split("\n")
    return "\n".join(line.lstrip() for line in lines).encode()


def extracted(root: Path = ROOT) -> Catalog:
    """The messages of the source as it is now."""
    catalog = Catalog(charset="utf-8")
    for path, kind in sources(root):
        raw = path.read_bytes()
        name = str(path.relative_to(root))
        method = "jinja2.ext:babel_extract" if kind == "jinja" else "python"
        options = {"newstyle_gettext": "true", "silent": "false"} if kind == "jinja" else {"encoding": "utf-8"}
        if kind == "django":
            raw = from_template(raw.decode(), name)
        for line, ids, comments, context in extract(method, BytesIO(raw), KEYWORDS, COMMENT_TAGS, options):
            if ids:
                catalog.add(ids, None, [(name, line)], auto_comments=comments, context=context)
    return catalog


def read(path: Path) -> Catalog:
    """The catalogue as it is on disk; an empty Dutch one when there is none yet."""
    if not path.exists():
        return Catalog(
            locale="nl",
            charset="utf-8",
            fuzzy=False,
            project="Webcare",
            header_comment="# The Dutch of Webcare.",
        )
    with path.open("rb") as stream:
        return read_po(stream, locale="nl", charset="utf-8")


def first_id(message: Message) -> str:
    """The msgid, the singular one of a plural."""
    return message.id if isinstance(message.id, str) else message.id[0]


def strings(message: Message) -> list[str]:
    """The translation, or one for each plural form; an empty text where there is none."""
    if isinstance(message.string, str) or not message.string:
        return [str(message.string or "")]
    return list(message.string)


def identity(message: Message) -> Identity:
    """What makes a message itself: its context and its msgid."""
    return message.context, first_id(message)


def messages(catalog: Catalog) -> dict[Identity, Message]:
    """All but the header."""
    return {identity(message): message for message in catalog if message.id}


def placeholders(text: str) -> set[str]:
    """The parts of a text that the program fills in."""
    return {found.group(0) for found in PLACEHOLDER.finditer(text.replace("%%", ""))}


def mismatched(message: Message) -> bool:
    """Whether a translation lost or invented a placeholder; a singular may omit its number."""
    if isinstance(message.id, str):
        return placeholders(message.id) != placeholders(str(message.string))
    singular, plural = (placeholders(text) for text in message.id)
    one, *others = (placeholders(text) for text in strings(message))
    return not one <= (singular | plural) or any(other != plural for other in others)


def problems(source: Catalog, translated: Catalog) -> list[str]:
    """What is wrong with the translation, one line each; empty when it is complete."""
    wanted, present = messages(source), messages(translated)
    found = []
    for key, message in wanted.items():
        place = ":".join(str(part) for part in message.locations[0])
        there = present.get(key)
        if there is None or isinstance(there.id, str) != isinstance(message.id, str):
            found.append(f"missing     {key[1]!r} ({place})")
        elif not all(strings(there)):
            found.append(f"empty       {key[1]!r} ({place})")
        elif there.fuzzy:
            found.append(f"fuzzy       {key[1]!r} ({place})")
        elif mismatched(there):
            found.append(f"placeholder {key[1]!r} ({place})")
    found += [f"obsolete    {key[1]!r}" for key in present if key not in wanted]
    found += [f"obsolete    {first_id(message)!r}" for message in translated.obsolete.values()]
    return sorted(found)


def update(path: Path, root: Path = ROOT) -> Catalog:
    """Merge the source's messages into the file: new ones empty, old ones out, translations kept.

    Without places, dates or guesses, so that the file changes only where the text does.
    """
    catalog = read(path)
    created, revised = catalog.creation_date, catalog.revision_date
    catalog.update(extracted(root), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.creation_date, catalog.revision_date = created, revised
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        write_po(stream, catalog, width=WIDTH, no_location=True, sort_output=True, ignore_obsolete=True)
    return catalog


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m webcare.translations", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["update", "check", "compile"])
    command = parser.parse_args(arguments).command
    path = ROOT / "locale" / DOMAIN_FILE
    if command == "update":
        catalog = update(path)
        empty = sum(not all(strings(message)) for message in messages(catalog).values())
        print(f"{os.path.relpath(path)}: {len(catalog)} messages, {empty} to translate")
    elif command == "check":
        found = problems(extracted(), read(path))
        print("\n".join(found) or f"{len(read(path))} messages, all translated")
        return 1 if found else 0
    else:
        with path.with_suffix(".mo").open("wb") as stream:
            write_mo(stream, read(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
