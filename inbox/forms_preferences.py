"""The form of a colleague's own settings."""

from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from inbox.models import User


class PreferencesForm(forms.ModelForm):
    """Two switches."""

    class Meta:
        model = User
        fields: ClassVar = ["shortcuts", "stay_after_sending"]
        labels: ClassVar = {
            "shortcuts": _("Single-key shortcuts"),
            "stay_after_sending": _("Stay in the conversation after sending"),
        }
        help_texts: ClassVar = {
            "shortcuts": _("j and k to walk, c to claim, r to answer. Ctrl K always works."),
            "stay_after_sending": _("Off: the next conversation of the list opens."),
        }
