"""A citizen's file at Twilio: deleted there once it is here, for Twilio keeps it until somebody does."""

import re
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException

from channels.connectors.whatsapp.read import media_auth
from channels.connectors.whatsapp.send import failure, status_and_code, twilio_client
from channels.errors import TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession, from_network_error
from channels.messages import AppCredentials

NOT_FOUND = 404
ADDRESS = re.compile(r"/2010-04-01/Accounts/[^/]+/Messages/(?P<message>[A-Za-z0-9]+)/Media/(?P<media>[A-Za-z0-9]+)\Z")


def delete(app: AppCredentials, session: PlatformSession, url: str) -> bool:
    """Delete the file at ``url``; False when that is no file of this account at Twilio. Gone already is success.

    Deleting twice does no harm, so an outcome that is not known is one to try again: raises TemporaryFailure and
    PermanentFailure. DELETE /2010-04-01/Accounts/{sid}/Messages/{sid}/Media/{sid}.json, twilio.com/docs/messaging/api.
    """
    found = ADDRESS.fullmatch(urlsplit(url).path) if media_auth(app, session, url) else None
    if found is None:
        return False
    client, http = twilio_client(app, session)
    try:
        client.messages(found["message"]).media(found["media"]).delete()
    except requests.RequestException as error:
        trouble = from_network_error(error)
    except TwilioException as error:
        if status_and_code(error)[0] == NOT_FOUND:
            return True
        trouble = failure(error, writing=True, retry_after=http.retry_after)
    else:
        return True
    if isinstance(trouble, UnknownOutcome):
        raise TemporaryFailure(trouble.code, "busy", trouble.detail) from None
    raise trouble from None
