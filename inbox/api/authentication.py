"""Who calls: `Authorization: Token …`, against the stored digest."""

from datetime import timedelta

from django.utils.translation import gettext as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from channels.clock import now
from inbox.models import User
from inbox.models.tokens import ApiToken

SEEN_EVERY = timedelta(hours=1)  # a write for each call would cost more than the call


class ApiTokenAuthentication(TokenAuthentication):
    """The header is read by rest_framework, the token is ours."""

    keyword = "Token"

    def authenticate_credentials(self, key: str) -> tuple[User, ApiToken]:
        """Raises AuthenticationFailed (401) for an unknown token and for a colleague who left."""
        token = ApiToken.find(key)
        if token is None or not token.user.is_active:
            raise AuthenticationFailed(_("This token is not valid. Ask your administrator for a new one."))
        moment = now()
        if token.last_used_at is None or moment - token.last_used_at >= SEEN_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=moment)
        return token.user, token
