"""Which connector serves which kind of platform: a readable dict, imported on first use."""

from functools import cache
from importlib import import_module

from channels.connector import Connector

CONNECTORS = {
    "x": "channels.connectors.x.connector.XConnector",
    "facebook": "channels.connectors.facebook.connector.FacebookConnector",
    "whatsapp": "channels.connectors.whatsapp.connector.WhatsAppConnector",
}


@cache
def connector_class(kind: str) -> type[Connector]:
    """The class for a kind. Raises KeyError for a kind we do not know."""
    module, _, name = CONNECTORS[kind].rpartition(".")
    loaded: type[Connector] = getattr(import_module(module), name)
    return loaded
