"""Forms of the conversation pane: they read what was typed. Whether it may be done, the actions say."""

from typing import Any

from django import forms

from inbox.models import Department, ShiftRule, User

LONGEST = 100_000  # characters; the platforms' own limits are told by the action, with what to do


class Typed(forms.CharField):
    """Text as somebody typed it; a browser sends line ends as two characters, the platforms count one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=LONGEST, strip=False, **options)

    def to_python(self, value: Any) -> str:
        """With single line ends, else as it is: what is given back must be what was typed."""
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\r", "\n")


class ReplyForm(forms.Form):
    """An answer. ``submission`` is new with every form, so that the same form counts once."""

    text = Typed()
    submission = forms.UUIDField()
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    as_thread = forms.BooleanField(required=False)
    confirm_unfilled = forms.BooleanField(required=False)
    confirm_personal_data = forms.CharField(required=False, max_length=64)


class NoteForm(forms.Form):
    """A note for colleagues."""

    text = Typed()


class RouteForm(forms.Form):
    """To which department, why, and with ``tell`` what the citizen hears of it (the fields are those of an answer)."""

    department = forms.ModelChoiceField(Department.objects.all())
    note = Typed()
    tell = forms.BooleanField(required=False)
    word = Typed()
    submission = forms.UUIDField(required=False)
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    confirm_newer = forms.BooleanField(required=False)
    confirm_unfilled = forms.BooleanField(required=False)
    confirm_personal_data = forms.CharField(required=False, max_length=64)


class AdviceForm(forms.Form):
    """Of whom ("u" or "d" and an id), what, and within how many office minutes."""

    of = forms.CharField(required=False, max_length=20)
    question = Typed()
    minutes = forms.IntegerField(required=False, min_value=0, max_value=10_000)


class AssignForm(forms.Form):
    """To whom."""

    to = forms.ModelChoiceField(User.objects.filter(is_active=True))
    anyway = forms.BooleanField(required=False)  # more than they may hold


class ApproveForm(forms.Form):
    """An answer as it may go, or why not. ``seen``: the newest message that was on screen."""

    text = Typed()
    reason = Typed()
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    confirm_personal_data = forms.CharField(required=False, max_length=64)


class SnoozeForm(forms.Form):
    """Until when: one of the offered moments (``until``, ISO with offset), or a moment of one's own (``moment``)."""

    until = forms.DateTimeField(required=False)
    moment = forms.DateTimeField(required=False)  # on the clock in Amsterdam, from <input type="datetime-local">

    def clean(self) -> dict[str, Any]:
        """One of the two; an offered moment wins."""
        given = super().clean() or {}
        if not (given.get("until") or given.get("moment")):
            raise forms.ValidationError("no moment")  # the view has the sentence
        return given


class ShiftForm(forms.Form):
    """Where what one holds goes, with a note for who goes on. ``submission`` is new with every form."""

    rule = forms.ChoiceField(choices=ShiftRule.choices)
    to = forms.ModelChoiceField(User.objects.filter(is_active=True), required=False)
    note = Typed()
    submission = forms.UUIDField()


class CapForm(forms.Form):
    """How many open conversations a colleague holds at most; empty: any number."""

    most_open = forms.IntegerField(required=False, min_value=0, max_value=999)
