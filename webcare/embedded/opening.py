"""The first morning in Waterkant: what citizens have asked before you look, so that a new demo is not an empty room."""

import json
import urllib.error
import urllib.request
from typing import Any

# kind, action, data: as anyone could play them in "de straat" (channels/simulator/README.md)
SCENES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "x",
        "mention",
        {
            "citizen": "henk",
            "text": "@gemwaterkant De lantaarn op de hoek van de Molenstraat is al een week stuk. Wie komt kijken?",
        },
    ),
    (
        "facebook",
        "message",
        {
            "citizen": "sofie",
            "page": "104000000000001",
            "text": "Goedemorgen, ik ga trouwen in mei. Hoe lang van tevoren moet ik dat melden?",
        },
    ),
    (
        "facebook",
        "visitor_post",
        {
            "citizen": "mehmet",
            "page": "104000000000001",
            "text": "Complimenten voor de mannen van het groen: het plantsoen bij de haven ligt er prachtig bij!",
        },
    ),
    (
        "whatsapp",
        "message",
        {"citizen": "aisha", "text": "Hallo, kan ik mijn paspoort ook zonder afspraak ophalen?"},
    ),
    (
        "facebook",
        "message",
        {
            "citizen": "henk",
            "page": "104000000000002",
            "text": "Is de Stadsboerderij zondag open? De kleinkinderen willen de lammetjes zien.",
        },
    ),
    ("whatsapp", "message", {"citizen": "lot", "text": "Ons afval is vandaag niet opgehaald, Dijkweg 12 t/m 30."}),
)


def play(simulator: str) -> None:
    """Play all scenes at the simulator's address. Raises OSError when it does not take one."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for kind, action, data in SCENES:
        request = urllib.request.Request(  # noqa: S310  (the simulator's own address)
            f"{simulator}/street/{kind}/{action}",
            data=json.dumps(data).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            opener.open(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(300).decode(errors="replace")
            raise OSError(f"{kind}/{action}: {said}") from None
