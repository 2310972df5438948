"""The page on which a colleague logs in at a simulated platform and gives an app its rights; or refuses."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

ALLOW, DENY = "allow", "deny"


@dataclass(frozen=True, slots=True)
class Choice:
    """One line with a box or a knob in front."""

    value: str
    label: str
    chosen: bool = True


def page(
    request: Request,
    *,
    title: str,
    asks: str,
    who: Iterable[Choice],
    several: bool,
    permissions: Iterable[Choice] = (),
    fixed_permissions: Iterable[str] = (),
) -> Response:
    """Asked by POST to the same address, query and all: ``answer`` (ALLOW or DENY), ``who`` and ``permission``."""
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(asks)}</p>", '<form method="post">']
    parts += ["<fieldset><legend>Kies</legend>", *_lines("who", "checkbox" if several else "radio", who), "</fieldset>"]
    if boxes := _lines("permission", "checkbox", permissions):
        parts += ["<fieldset><legend>De app mag</legend>", *boxes, "</fieldset>"]
    if fixed := [f"<li><code>{escape(name)}</code></li>" for name in fixed_permissions]:
        parts += ["<p>De app mag:</p><ul>", *fixed, "</ul>"]
    parts.append(
        f'<p class="answers"><button name="answer" value="{ALLOW}" class="primary">Toestaan</button> '
        f'<button name="answer" value="{DENY}">Weigeren</button></p></form>'
        '<p class="hint">Dit is de simulator: hier logt niemand echt in.</p>'
    )
    origin = urlsplit(request.query_params.get("redirect_uri", ""))
    policy = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {origin.scheme}://{origin.netloc}"  # where the answer leads on to
    )
    body = (
        f'<!doctype html><html lang="nl"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/street/consent.css"></head><body><main>{"".join(parts)}</main></body></html>'
    )
    return HTMLResponse(body, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})


def back(request: Request, **said: str) -> Response:
    """To the address the app asked for, with what came of it."""
    return RedirectResponse(f"{request.query_params['redirect_uri']}?{urlencode(said)}", 303)


def broken(why: str) -> Response:
    """As platforms do with a request that is wrong in itself: a page of their own, and no way back."""
    return HTMLResponse(f'<!doctype html><html lang="nl"><title>Fout</title><p>{escape(why)}</p></html>', 400)


def _lines(name: str, sort: str, choices: Iterable[Choice]) -> list[str]:
    return [
        f'<label><input type="{sort}" name="{name}" value="{escape(one.value)}"{" checked" if one.chosen else ""}> '
        f"{escape(one.label)}</label>"
        for one in choices
    ]
