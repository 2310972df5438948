"""Targets of an account: for all its conversations, and rows for some."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.models import Priority
from inbox.targets import Target

# Thirty working days of eight hours; a number typed wrong must not send a deadline past the end of the calendar.
LONGEST_TARGET = 30 * 8 * 60
REACHES = (("", gettext_lazy("public and private")), ("1", gettext_lazy("public")), ("0", gettext_lazy("private")))


def _minutes(label: Any, *, required: bool = True) -> forms.IntegerField:
    number = forms.NumberInput(attrs={"inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=1, max_value=LONGEST_TARGET, widget=number, required=required)


class OwnForm(forms.Form):
    """For all conversations of the account."""

    first = _minutes(gettext_lazy("First answer, in minutes"))
    next = _minutes(gettext_lazy("Next answer, in minutes"))


class TargetForm(forms.Form):
    """For some of them; ``topics``: names by id. Empty minutes: no row."""

    public = forms.ChoiceField(label=gettext_lazy("Kind"), choices=REACHES, required=False)
    topic = forms.TypedChoiceField(label=gettext_lazy("Topic"), coerce=int, empty_value=None, required=False)
    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"),
        choices=[("", gettext_lazy("all")), *Priority.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    first = _minutes(gettext_lazy("First answer, in minutes"), required=False)
    next = _minutes(gettext_lazy("Next answer, in minutes"), required=False)

    def __init__(self, *args: Any, topics: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topics = topics
        self.fields["topic"].choices = [("", _("all")), *topics.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A row is for something, and has both times."""
        given = super().clean() or self.cleaned_data
        times = (given.get("first"), given.get("next"))
        if self.errors or times == (None, None):
            return given
        if None in times:
            raise ValidationError(_("Fill in both times, or neither."))
        if self.target == Target(*times):  # type: ignore[arg-type]
            raise ValidationError(_("Choose a kind, a topic or a priority. The times above are for the rest."))
        return given

    @property
    def target(self) -> Target | None:
        """None for a row without times; after ``is_valid``."""
        given = self.cleaned_data
        if given.get("first") is None or given.get("next") is None:
            return None
        topic, public = given.get("topic"), given.get("public")
        return Target(
            given["first"],
            given["next"],
            public == "1" if public else None,
            topic,
            given.get("priority"),
            self.topics[topic] if topic else "",
        )


class TargetFormSet(forms.BaseFormSet):
    """The rows together."""

    def clean(self) -> None:
        """No two for the same conversations."""
        found: set[tuple[Any, ...]] = set()
        for form in self.forms:
            if form.is_valid() and (target := form.target) is not None:
                key = (target.public, target.topic, target.priority)
                if key in found:
                    form.add_error(None, _("This row stands here twice."))
                found.add(key)


Rows = forms.formset_factory(TargetForm, formset=TargetFormSet, extra=2, max_num=100, absolute_max=100)


def targets_of(rows: forms.BaseFormSet) -> list[Target]:
    """Those with times; after ``is_valid``."""
    return [target for form in rows.forms if (target := form.target) is not None]


def filled(targets: tuple[Target, ...]) -> list[dict[str, Any]]:
    """Initial values of the rows."""
    return [
        {
            "public": "" if each.public is None else str(int(each.public)),
            "topic": each.topic,
            "priority": each.priority,
            "first": each.first,
            "next": each.next,
        }
        for each in targets
    ]
