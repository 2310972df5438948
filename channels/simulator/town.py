"""Gemeente Waterkant as the simulator and the demo know it: accounts, secrets and citizens. Nothing here is real."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account of the municipality at a platform."""

    kind: str
    external_id: str
    handle: str
    name: str
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DemoApp:
    """The municipality's app at a platform; ``key`` is the last part of its webhook address."""

    kind: str
    key: str
    name: str
    secrets: dict[str, str]
    accounts: tuple[DemoAccount, ...]


@dataclass(frozen=True, slots=True)
class Citizen:
    """Someone who lives in Waterkant, with an id on every platform. Phone numbers are from the reserved 06-0000 range."""

    key: str
    name: str
    handle: str
    x_id: str
    facebook_id: str  # app-scoped id under comments
    psid: str  # page-scoped id in Messenger
    phone: str
    bsuid: str


APPS = (
    DemoApp(
        "x",
        "waterkant-x",
        "X-app van Gemeente Waterkant",
        {
            "consumer_key": "waterkant-consumer-key",
            "consumer_secret": "waterkant-consumer-secret",
            "bearer_token": "waterkant-app-bearer",
            "client_id": "waterkant-client-id",
            "client_secret": "waterkant-client-secret",
        },
        (
            DemoAccount(
                "x",
                "2244994945001",
                "gemwaterkant",
                "Gemeente Waterkant",
                {"access_token": "2244994945001-token", "access_token_secret": "waterkant-token-secret"},
            ),
        ),
    ),
    DemoApp(
        "facebook",
        "waterkant-meta",
        "Meta-app van Gemeente Waterkant",
        {"app_id": "205552219930001", "app_secret": "waterkant-app-secret", "verify_token": "waterkant-verify"},
        (
            DemoAccount(
                "facebook",
                "104000000000001",
                "gemeentewaterkant",
                "Gemeente Waterkant",
                {"page_token": "waterkant-page-token"},
            ),
            DemoAccount(
                "facebook",
                "104000000000002",
                "stadsboerderijwaterkant",
                "Stadsboerderij Waterkant",
                {"page_token": "boerderij-page-token"},
            ),
        ),
    ),
    DemoApp(
        "whatsapp",
        "waterkant-twilio",
        "Twilio-account van Gemeente Waterkant",
        {"account_sid": "AC00000000000000000000000000000001", "auth_token": "waterkant-auth-token"},
        (DemoAccount("whatsapp", "whatsapp:+31140140", "14 0140", "Gemeente Waterkant", {}),),
    ),
)


# The swimming pool's: at the platforms, not in Webcare, until somebody connects them.
SPARE = (
    DemoAccount("x", "2244994945002", "zwembadwaterkant", "Zwembad Waterkant"),
    DemoAccount(
        "facebook", "104000000000003", "zwembadwaterkant", "Zwembad Waterkant", {"page_token": "zwembad-page-token"}
    ),
)
TWILIO_KEY = ("SK00000000000000000000000000000001", "waterkant-api-secret")  # beside the auth token


def more_citizens(number: int) -> tuple[Citizen, ...]:
    """A larger town, for the fault run: as many more, each the same at every call."""
    return tuple(
        Citizen(
            f"inwoner{n:04}",
            f"Inwoner {n:04}",
            f"inwoner{n:04}",
            str(9007199254750000 + n),
            str(10220000000010000 + n),
            str(7300000000010000 + n),
            f"+316000{10000 + n}",
            f"NL.{1000000000010000 + n}",
        )
        for n in range(1, number + 1)
    )


CITIZENS = (
    Citizen("aisha", "Aïsha Benali", "aisha_b", "9007199254741001", "10220000000000001", "7300000000000001", "+31600000001", "NL.1000000000000001"),
    Citizen("henk", "Henk de Wit", "henkdewit", "9007199254741002", "10220000000000002", "7300000000000002", "+31600000002", "NL.1000000000000002"),
    Citizen("sofie", "Sofie van Dam", "sofievandam", "9007199254741003", "10220000000000003", "7300000000000003", "+31600000003", "NL.1000000000000003"),
    Citizen("mehmet", "Mehmet Yıldız", "mehmetyildiz", "9007199254741004", "10220000000000004", "7300000000000004", "+31600000004", "NL.1000000000000004"),
    Citizen("lot", "Lot Jansen", "lotjansen", "9007199254741005", "10220000000000005", "7300000000000005", "", "NL.1000000000000005"),
    *more_citizens(int(os.environ.get("SIMULATOR_CITIZENS") or 0)),
)  # fmt: skip


def app(kind: str) -> DemoApp:
    """The demo's app of a kind. Raises StopIteration for an unknown kind."""
    return next(item for item in APPS if item.kind == kind)


def accounts(kind: str) -> tuple[DemoAccount, ...]:
    """All of the municipality's accounts at a platform, also those that are not in Webcare."""
    return (*app(kind).accounts, *(spare for spare in SPARE if spare.kind == kind))


def citizen(key: str) -> Citizen:
    """A citizen by key. Raises KeyError when nobody is called that."""
    for person in CITIZENS:
        if person.key == key:
            return person
    raise KeyError(key)
