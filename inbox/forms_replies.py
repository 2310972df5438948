"""Texts that go by themselves, and the question what a citizen would get at some moment."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox import auto_reply
from inbox.models import AccountSettings

KINDS = {"out_of_hours_text": auto_reply.OUT_OF_HOURS, "acknowledgement_text": auto_reply.ACKNOWLEDGEMENT}


def _names(kind: str) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(auto_reply.OF_KIND[kind]))


class RepliesForm(forms.ModelForm):
    """Both texts of an account."""

    class Meta:
        model = AccountSettings
        fields = tuple(KINDS)
        labels: ClassVar = {
            "out_of_hours_text": gettext_lazy("Outside opening hours"),
            "acknowledgement_text": gettext_lazy("First acknowledgement, during opening hours"),
        }
        widgets: ClassVar = {name: forms.Textarea(attrs={"rows": 5}) for name in KINDS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["out_of_hours_text"].help_text = _(
            "Once in each closed period. Empty: no reply. Filled in by itself: %(names)s."
        ) % {"names": _names(auto_reply.OUT_OF_HOURS)}
        self.fields["acknowledgement_text"].help_text = _(
            "Once in a conversation, not after a colleague answered. Empty: no reply. Filled in by itself: %(names)s."
        ) % {"names": _names(auto_reply.ACKNOWLEDGEMENT)}

    def clean(self) -> dict[str, Any]:
        """Refuses braces that a reply would leave standing."""
        given = super().clean() or self.cleaned_data
        for name, kind in KINDS.items():
            unknown = auto_reply.unknown_variables(given.get(name, ""), kind)
            if unknown:
                words = {"unknown": ", ".join(f"{{{each}}}" for each in unknown), "names": _names(kind)}
                self.add_error(name, ValidationError(_("Not known here: %(unknown)s. Use %(names)s.") % words))
        return given


class _Channel(forms.ModelChoiceField):
    """By name and platform."""

    def label_from_instance(self, settings: AccountSettings) -> str:
        """Several may have one name."""
        return f"{settings.account.name} ({settings.account.get_kind_display()})"


class MomentForm(forms.Form):
    """Which account, how public, and when (on the clock in Amsterdam)."""

    account = _Channel(
        AccountSettings.objects.select_related("account").defer("account__secrets").order_by("account__kind", "pk"),
        to_field_name="account_id",
        label=gettext_lazy("Channel"),
        empty_label=None,
    )
    public = forms.TypedChoiceField(
        label=gettext_lazy("Message"),
        choices=(("0", gettext_lazy("private")), ("1", gettext_lazy("public"))),
        coerce=lambda value: value == "1",
    )
    at = forms.DateTimeField(
        label=gettext_lazy("Moment"),
        input_formats=["%Y-%m-%dT%H:%M"],
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )
