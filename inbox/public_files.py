"""Where a platform may fetch a file that we send along (Twilio does): an address that cannot be guessed and ends."""

from datetime import timedelta
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.urls import reverse

from inbox.models import Attachment

SALT = "inbox.public_file"
# As long as an answer may wait for its platform.
OPEN_FOR = timedelta(hours=24)


def address(attachment: Attachment) -> str:
    """The whole address, with a plain name at its end: platforms look at how it ends."""
    token = signing.dumps(attachment.pk, salt=SALT)
    ending = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "application/pdf": "pdf"}
    name = f"bestand.{ending.get(attachment.content_type, 'bin')}"
    return f"{settings.PUBLIC_URL}{reverse('public_file', args=[quote(token, safe=':'), name])}"


def attachment_id(token: str) -> int | None:
    """The attachment of an address we gave out; None when we did not, or too long ago."""
    try:
        found: int = signing.loads(token, salt=SALT, max_age=OPEN_FOR)
    except signing.BadSignature:
        return None
    return found
