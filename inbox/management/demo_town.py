"""Gemeente Waterkant inside: departments, colleagues, texts. Its side at the platforms is channels.simulator.town."""

from datetime import time

PASSWORD = "waterkant"  # noqa: S105  (the demo's, for everyone, and printed when it starts)

DEPARTMENTS = {
    "webcare": "Webcare",
    "burgerzaken": "Burgerzaken",
    "stadsbeheer": "Stadsbeheer",
    "stadsboerderij": "Stadsboerderij",
}

# department -> what a citizen hears when their question goes there; the answer still comes in the same conversation
ROUTED_TEXTS = {
    "burgerzaken": "Uw vraag ligt nu bij onze collega's van {afdeling}. U krijgt het antwoord gewoon hier.",
    "stadsbeheer": "Een collega van {afdeling} kijkt naar uw melding. U krijgt het antwoord gewoon hier.",
    "stadsboerderij": "Wij vragen het aan de {afdeling}. Het antwoord komt gewoon hier.",
}

# name, department that knows about it ("": all of them), keywords, an example, how long it is kept (Retention)
TOPICS: tuple[tuple[str, str, tuple[str, ...], str, str], ...] = (
    (
        "Afval",
        "stadsbeheer",
        ("grofvuil", "restafval", "gft", "kliko", "container", "oud papier"),
        "Wanneer wordt het restafval opgehaald?\nMijn container is niet geleegd.",
        "year",
    ),
    (
        "Openbare ruimte",
        "stadsbeheer",
        ("losse tegel", "stoeptegel", "lantaarnpaal", "zwerfvuil", "ongedierte", "ratten"),
        "Er ligt een losse tegel op de stoep.\nDe lantaarnpaal voor mijn deur is kapot.",
        "3_years",
    ),
    ("Parkeren", "stadsbeheer", ("parkeervergunning", "bezoekerskaart"), "Hoe vraag ik een vergunning aan?", "year"),
    ("Wegwerkzaamheden", "stadsbeheer", ("omleiding", "wegafsluiting"), "Hoe lang is de brug nog dicht?", "year"),
    (
        "Paspoort en rijbewijs",
        "burgerzaken",
        ("identiteitskaart", "reisdocument"),
        "Wat heb ik nodig voor een nieuw paspoort?",
        "year",
    ),
    ("Verhuizen", "burgerzaken", ("adreswijziging", "verhuisd"), "Hoe geef ik mijn nieuwe adres door?", "year"),
    ("Stadsboerderij", "stadsboerderij", ("kinderboerderij", "lammetje", "geit"), "Zijn er al lammetjes?", "year"),
    ("Compliment", "", (), "", "year"),
    ("Klacht", "", (), "Als een inwoner ontevreden is over hoe wij iets deden.", "5_years"),
)

# name of the reply -> topic in whose conversations it comes first
REPLY_TOPICS = {
    "Losse stoeptegel": "Openbare ruimte",
    "Restafval ophalen": "Afval",
    "Paspoort aanvragen": "Paspoort en rijbewijs",
    "Spoedpaspoort": "Paspoort en rijbewijs",
    "Lammetjes kijken": "Stadsboerderij",
}

# In order: name, words of which one must be said, slug of the department, topic, kind of contact, priority, and
# whether the team leads are told.
RULES = (
    (
        "Gevaar op straat",
        ["gevaar", "gevaarlijk", "gaslek", "instorten"],
        "",
        "",
        "report",
        2,
        True,
    ),
    (
        "Ongedierte",
        ["ongedierte", "ratten", "muizen", "wespennest", "processierups"],
        "stadsbeheer",
        "Openbare ruimte",
        "report",
        None,
        False,
    ),
)

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

# What "Volgende" may hand out, and how many one may hold.
LANGUAGES = {"bram": ["nl", "en"]}
MOST_OPEN = {"bram": 15, "noor": 20}

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

OWN = """14 0140
info@waterkant.nl
@waterkant.nl
Stationsplein 1, 1234 AB 1
Kinderboerderij: Parkweg 12"""

TONE = """Wij zijn vriendelijk, kort en eerlijk. Eerst het antwoord, dan de uitleg.
Zinnen van hoogstens 15 woorden. Geen afkortingen en geen wetsartikelen.
Weten wij iets niet? Dan zeggen wij wanneer het antwoord wel komt.
Wij beloven niets namens een andere afdeling.
Gaat het over iemand persoonlijk? Vraag om een privébericht.
"""

# external id of the account -> how citizens are addressed, tone and agreements
HOUSE_STYLE = {
    "2244994945001": ("u", TONE + "Op X ondertekenen wij met ^ en onze initialen, zoals ^FM."),
    "104000000000001": ("u", TONE + "Op Facebook ondertekenen wij met onze voornaam. Geen emoji bij klachten."),
    "104000000000002": (
        "je",
        "De boerderij zegt je en jij, en mag grappig zijn.\n"
        "Noem de dieren bij hun naam. Ziek dier? Eerst bellen met de beheerder.\nGeen foto's van kinderen.",
    ),
    "whatsapp:+31140140": ("u", TONE + "Op WhatsApp groeten wij één keer, aan het begin van het gesprek."),
}

# external id of the account -> what comes under every answer
ENDINGS = {"2244994945001": "^{initialen}", "104000000000001": "Groet, {voornaam}"}

# name, text, slug of the department, platform, external id of the account, for answers that are
STANDARD_REPLIES = (
    (
        "Wij kijken ernaar",
        "Dank u voor uw bericht, {inwoner}. Wij kijken ernaar en laten u vandaag nog iets weten.",
        "",
        "",
        "",
        "",
    ),
    (
        "Stuur een privébericht",
        "Wij willen u graag helpen. Stuurt u ons een privébericht met uw straat en huisnummer? "
        "Dan leest niet iedereen mee.",
        "",
        "",
        "",
        "public",
    ),
    (
        "Melding gemaakt",
        "Wij hebben een melding voor u gemaakt. Het nummer is {zaaknummer}. "
        "Binnen drie werkdagen hoort u wat wij gaan doen.",
        "stadsbeheer",
        "",
        "",
        "",
    ),
    (
        "Losse stoeptegel",
        "Dank u voor de melding, {inwoner}. Een collega van {afdeling} maakt de stoep veilig. Meestal lukt dat binnen "
        "twee werkdagen.",
        "stadsbeheer",
        "",
        "",
        "",
    ),
    (
        "Restafval ophalen",
        "Wij halen restafval één keer in de twee weken op. Op waterkant.nl/afval ziet u de dag voor uw straat.",
        "webcare",
        "",
        "",
        "",
    ),
    (
        "Paspoort aanvragen",
        "U vraagt een paspoort aan bij de balie. Maak eerst een afspraak op waterkant.nl/afspraak. "
        "Neem uw oude paspoort en één pasfoto mee.",
        "burgerzaken",
        "",
        "",
        "",
    ),
    (
        "Spoedpaspoort",
        "Hebt u binnen een week een paspoort nodig? Kom dan vandaag langs met uw aangifte of uw reisbewijs. "
        "Een spoedpaspoort kost meer.",
        "burgerzaken",
        "",
        "",
        "private",
    ),
    (
        "Openingstijden",
        "Wij zijn open op {openingstijden}. De eerste keer dat wij weer opengaan is {volgende_opening}.",
        "",
        "",
        "",
        "",
    ),
    (
        "Doorgegeven aan een collega",
        "Ik heb uw vraag doorgegeven aan een collega van {afdeling}. U krijgt hier antwoord. Groet, {voornaam}",
        "",
        "whatsapp",
        "",
        "private",
    ),
    (
        "Lammetjes kijken",
        "Wat leuk dat je komt. De lammetjes zie je op {openingstijden}. Het is gratis en je hoeft niet te reserveren.",
        "stadsboerderij",
        "facebook",
        "104000000000002",
        "",
    ),
)
