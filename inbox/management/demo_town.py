"""Gemeente Waterkant inside: departments, colleagues, texts. Its side at the platforms is channels.simulator.town."""

from datetime import time

PASSWORD = "waterkant"  # noqa: S105  (the demo's, for everyone, and printed when it starts)

DEPARTMENTS = {
    "webcare": "Webcare",
    "burgerzaken": "Burgerzaken",
    "stadsbeheer": "Stadsbeheer",
    "stadsboerderij": "Stadsboerderij",
}

# username, first name, last name, role (inbox.models.Role), departments
COLLEAGUES = (
    ("fatima", "Fatima", "Amrani", "agent", ("webcare", "stadsboerderij")),
    ("joris", "Joris", "Smit", "agent", ("webcare", "stadsboerderij")),
    ("bram", "Bram", "Visser", "expert", ("burgerzaken",)),
    ("noor", "Noor", "Hendriks", "expert", ("stadsbeheer",)),
    ("ingrid", "Ingrid", "de Boer", "lead", ("webcare", "burgerzaken", "stadsbeheer", "stadsboerderij")),
    ("beheer", "Bea", "Kok", "admin", ("webcare",)),
    ("meelezer", "Mila", "de Groot", "viewer", ("webcare",)),
)

OFFICE = tuple((day, time(9), time(17)) for day in range(5))
FARM = tuple((day, time(10), time(16)) for day in (2, 5, 6))  # Wednesday, Saturday, Sunday

# external id of the account -> department, periods, targets (first, next) in office minutes, out-of-hours text
AGREEMENTS = {
    "2244994945001": (
        "webcare",
        OFFICE,
        (60, 120),
        "{inwoner} We zijn nu gesloten. U krijgt antwoord vanaf {volgende_opening}.",
    ),
    "104000000000001": (
        "webcare",
        OFFICE,
        (120, 240),
        "Dank voor uw bericht. We zijn nu gesloten en antwoorden vanaf {volgende_opening}.",
    ),
    "104000000000002": (
        "stadsboerderij",
        FARM,
        (240, 240),
        "De Stadsboerderij is nu dicht. Vanaf {volgende_opening} zijn we er weer.",
    ),
    "whatsapp:+31140140": (
        "webcare",
        OFFICE,
        (120, 240),
        "Dank voor uw bericht aan {gemeente}. We zijn nu gesloten. U krijgt antwoord vanaf {volgende_opening}. "
        "Is er direct gevaar? Bel 112.",
    ),
}
