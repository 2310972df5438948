"""Our handles, pages and numbers: whether they work. Never a secret."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework import serializers

from channels.account_state import WEBHOOK_PROBLEMS
from channels.models import Account, AccountState, Kind
from inbox import permissions
from inbox.api.endpoint import Detail, Endpoint, Listing, UtcField, reading
from inbox.api.refs import DepartmentRef
from inbox.models import Conversation


class AccountShown(serializers.Serializer):
    """A handle, page or number."""

    id = serializers.IntegerField()
    platform = serializers.ChoiceField(Kind.choices, source="kind")
    handle = serializers.CharField()
    name = serializers.CharField()
    department = DepartmentRef(
        source="inbox_settings.department", default=None, allow_null=True, help_text="Where its conversations start."
    )
    state = serializers.ChoiceField(AccountState.choices)
    error_code = serializers.CharField(help_text="The platform's own code; empty when it works.")
    error_reason = serializers.CharField()
    error_at = UtcField(allow_null=True)
    checked_at = UtcField(allow_null=True, help_text="When the platform last said whether our access works.")
    token_expires_at = UtcField(allow_null=True, help_text="When our access ends by itself, where the platform tells.")
    webhook_problem = serializers.ChoiceField(
        list(WEBHOOK_PROBLEMS),
        allow_blank=True,
        help_text="Why the platform does not bring us new messages by itself; empty when it does.",
    )
    webhook_checked_at = UtcField(allow_null=True)
    last_received_at = UtcField(allow_null=True)
    last_sent_at = UtcField(allow_null=True)


class VisibleAccounts(Endpoint):
    """Those of the caller's departments, and those whose conversations were routed there; all for administrators."""

    serializer_class: type[serializers.Serializer] = AccountShown

    def get_queryset(self) -> QuerySet[Account]:
        """One query; the secrets stay in the database."""
        rows = Account.objects.select_related("inbox_settings__department").defer("secrets")
        if permissions.can_administer(self.caller):
            return rows
        conversations = Conversation.objects.visible_to(self.caller).filter(account=OuterRef("pk"))
        return rows.filter(
            Q(inbox_settings__department__in=self.caller.departments.values("pk")) | Exists(conversations)
        )


@reading("accounts_list", "Your accounts and whether they work")
class Accounts(VisibleAccounts, Listing):
    """In order of id."""

    def get_queryset(self) -> QuerySet[Account]:
        """No filters here."""
        self.filters()
        return super().get_queryset()


@reading("accounts_retrieve", "One account")
class AccountDetail(VisibleAccounts, Detail):
    """One of them."""
