"""Forms for connecting a channel: the app, its keys (never shown again), which accounts, and for whom they are."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.messages import OfferedAccount
from channels.models import Account
from inbox import channel_words
from inbox.models import AccountSettings, Department


class AppForm(forms.Form):
    """An app under a name of our own."""

    name = forms.CharField(max_length=120, label=gettext_lazy("Name in Webcare"))


class KeysForm(forms.Form):
    """The keys of an app of this kind: empty when shown; what is typed replaces, what is empty stays. ``known``: the
    names of those that are there."""

    def __init__(self, kind: str, known: set[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        for key in channel_words.keys(kind):
            there = key.name in known
            state = _("Filled in. Leave empty to keep it.") if there else _("Not filled in yet.")
            if key.optional and not there:
                state = _("May stay empty.")
            self.fields[key.name] = forms.CharField(
                label=key.label,
                required=not (there or key.optional),
                max_length=2000,
                help_text=f"{_('Where')}: {key.where}. {state}",
                widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            )

    def clean(self) -> dict[str, Any]:
        """Without a space inside: that is a paste gone wrong. An API key of Twilio goes with its secret."""
        given = super().clean() or self.cleaned_data
        for name in [name for name, value in given.items() if value and re.search(r"\s", value)]:
            self.add_error(name, _("There is a space or line end in it. Copy it again."))
        if bool(given.get("api_key")) != bool(given.get("api_secret")):
            self.add_error("api_key", _("Fill in both the API key and its secret, or neither."))
        return given

    def typed(self) -> dict[str, str]:
        """What was filled in, by name."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class _HoursOf(forms.ModelChoiceField):
    def label_from_instance(self, settings: AccountSettings) -> str:
        return settings.account.name


class OfferedForm(forms.Form):
    """One account that a log-in offered: whether to connect it, under which name, for which department, open as which
    other account. Not chosen: nothing is wrong with it."""

    take = forms.BooleanField(required=False, label=gettext_lazy("Connect"))
    name = forms.CharField(required=False, max_length=120, label=gettext_lazy("Name in Webcare"))
    department = forms.ModelChoiceField(Department.objects.all(), required=False, label=gettext_lazy("Home department"))
    hours_of = _HoursOf(
        AccountSettings.objects.select_related("account").defer("account__secrets").order_by("account__name"),
        required=False,
        label=gettext_lazy("Opening hours"),
        empty_label=gettext_lazy("Mon to Fri 9:00-17:00"),
    )

    def __init__(self, offered: OfferedAccount, *args: Any, **kwargs: Any) -> None:
        self.offered = offered
        kwargs["prefix"] = "a" + re.sub(r"\W", "", offered.external_id)
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = offered.name
        self.fields["department"].empty_label = _("Choose a department")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A chosen one needs a name and a department."""
        given = super().clean() or self.cleaned_data
        if given.get("take"):
            for name in ("name", "department"):
                if not given.get(name):
                    self.add_error(name, _("Fill this in."))
        return given


class ChannelForm(forms.ModelForm):
    """The name of a channel, and where its new conversations begin."""

    department = forms.ModelChoiceField(
        Department.objects.all(),
        label=gettext_lazy("Home department"),
        help_text=gettext_lazy("New conversations begin here. What is there already stays where it is."),
    )

    class Meta:
        model = Account
        fields = ("name",)
        labels = {"name": gettext_lazy("Name in Webcare")}
