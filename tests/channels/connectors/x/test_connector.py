"""What the connector itself decides: how files are signed for."""

import requests

from channels.connectors.x.connector import XConnector
from tests.channels.connectors.x.conftest import the_account


def test_media_auth_signs_for_photos_in_direct_messages_only(connector: XConnector) -> None:
    request = requests.Request("GET", "https://ton.twitter.com/1.1/ton/data/dm/1/2/3.jpg").prepare()
    signer = connector.media_auth(the_account(), str(request.url))
    assert callable(signer)
    assert "oauth_signature=" in str(signer(request).headers["Authorization"])
    assert connector.media_auth(the_account(), "https://pbs.twimg.com/media/1.jpg") is None
    assert connector.media_auth(the_account(), "https://evil.example/ton.twitter.com/3.jpg") is None
