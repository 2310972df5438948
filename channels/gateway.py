"""From a database row to a connector that is ready to work."""

import time

from django.conf import settings

from channels.connector import Connector
from channels.http import PlatformSession
from channels.messages import Capabilities
from channels.models import Account, PlatformApp
from channels.registry import connector_class


def connector_for(app: PlatformApp, within: float = float("inf")) -> Connector:
    """The connector of an app, talking to the platform, or to the simulator when SIMULATOR_URL is set. ``within``:
    seconds in which all its calls end, for whoever has a browser waiting."""
    session = PlatformSession(settings.SIMULATOR_URL)
    session.deadline = time.monotonic() + within
    return connector_class(app.kind)(app.credentials(), session)


def connector_of(account: Account) -> Connector:
    """The connector of an account's app (one query when ``account.app`` is not loaded)."""
    return connector_for(account.app)


def capabilities_of(account: Account) -> Capabilities:
    """The limits of an account's platform; without a connector, which costs its secrets and a session."""
    return connector_class(account.kind).capabilities()


def asks_profiles(kind: str) -> bool:
    """Whether a platform of this kind is to be asked who a bare id is. Raises KeyError for a kind we do not know."""
    return connector_class(kind).asks_profiles


def deletes_media(kind: str) -> bool:
    """Whether a file on a platform of this kind is to be deleted there once it is here. Raises KeyError as above."""
    return connector_class(kind).deletes_media


def thread_root(kind: str, account_id: str, thread_id: str, under: str) -> str:
    """The id of the post a public thread stands under, as ``Connector.thread_root``. Raises KeyError as above."""
    return connector_class(kind).thread_root(account_id, thread_id, under)


def fetches_threads(kind: str) -> bool:
    """Whether a platform of this kind shows what others said in a thread. Raises KeyError as above."""
    return connector_class(kind).fetches_threads


def signs_in(kind: str) -> bool:
    """Whether accounts on a platform of this kind come by a log-in there. Raises KeyError as above."""
    return connector_class(kind).signs_in


def proves_address(kind: str) -> bool:
    """Whether a platform of this kind asks our address for a proof. Raises KeyError as above."""
    return connector_class(kind).proves_address
