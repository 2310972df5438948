"""The forms of topics and of rules: words as they are typed, conditions and actions as sentences."""

from collections.abc import Iterable
from datetime import time
from typing import Any

import phonenumbers
from django import forms
from django.db.models import Q
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.models import Account
from inbox import permissions, rule_words
from inbox.actions.rulebook import unheard
from inbox.models import LANGUAGES, Priority, RoutingRule, Topic, User
from inbox.rules import sender_key

MOST_TERMS = 100
LONGEST_TERM = 60


class Terms(forms.CharField):
    """Words or several words together, between commas or each on a line: a list of them, each once."""

    widget = forms.Textarea(attrs={"rows": 2, "autocomplete": "off"})

    def __init__(self, *, listens: bool = True, **options: Any) -> None:
        super().__init__(required=False, max_length=8_000, **options)
        self.listens = listens  # they are looked for in what citizens say

    def prepare_value(self, value: Any) -> Any:
        """As it is typed."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The list. Raises ValidationError for what cannot be found in a message."""
        text = (super().to_python(value) or "").replace("\n", ",").replace(";", ",")
        terms = {" ".join(part.split()).casefold(): " ".join(part.split()) for part in text.split(",") if part.strip()}
        found = list(terms.values())
        if len(found) > MOST_TERMS:
            raise forms.ValidationError(_("At most %(most)s words.") % {"most": MOST_TERMS})
        if long := next((term for term in found if len(term) > LONGEST_TERM), None):
            raise forms.ValidationError(
                _("‘%(word)s…’ is too long: at most %(most)s characters.") % {"word": long[:20], "most": LONGEST_TERM}
            )
        if self.listens and (mute := unheard(found)):
            raise forms.ValidationError(
                _("Webcare cannot look for %(words)s: too short, or too common.")
                % {"words": rule_words.joined([f"‘{term}’" for term in mute])}
            )
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """By what is meant, not how it is typed."""
        try:
            return bool(list(initial or []) != self.to_python(data))
        except forms.ValidationError:
            return True


class TopicForm(forms.ModelForm):
    """One topic."""

    keywords = Terms(
        label=gettext_lazy("Keywords"),
        help_text=gettext_lazy(
            "Between commas. The plural is found too: ‘tile’ finds ‘tiles’. Of several words all must be said."
        ),
    )

    class Meta:
        model = Topic
        fields = ("name", "department", "keywords", "examples", "retention", "active")
        labels = {
            "name": gettext_lazy("Name"),
            "department": gettext_lazy("Department that knows about it"),
            "examples": gettext_lazy("Examples of questions"),
            "retention": gettext_lazy("Keep conversations after closing"),
            "active": gettext_lazy("In use"),
        }
        help_texts = {
            "examples": gettext_lazy("For colleagues: when does one choose this topic?"),
            "active": gettext_lazy("Off: old conversations keep it, colleagues cannot choose it any more."),
        }
        widgets = {"examples": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"label_suffix": ""})
        self.fields["department"].empty_label = _("none")  # type: ignore[attr-defined]


class Accounts(forms.ModelMultipleChoiceField):
    """With the platform: a municipality goes by the same name on each."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Account) -> str:
        """As in the filters of the list."""
        return f"{obj.name} ({obj.get_kind_display()})"


class RuleForm(forms.ModelForm):
    """When a rule holds, and what it then does; ``trying`` is left to the page."""

    accounts = Accounts(Account.objects.defer("secrets"), required=False, label=gettext_lazy("It comes in on"))
    reach = forms.ChoiceField(
        choices=[
            ("", gettext_lazy("public or private")),
            ("public", gettext_lazy("public")),
            ("private", gettext_lazy("private")),
        ],
        required=False,
        label=gettext_lazy("It is"),
    )
    any_of = Terms(label=gettext_lazy("It says one of these words"))
    all_of = Terms(label=gettext_lazy("It says all of these words"))
    none_of = Terms(label=gettext_lazy("It says none of these words"))
    topics = forms.ModelMultipleChoiceField(
        Topic.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("It is about"),
        help_text=gettext_lazy("Because an earlier rule says so, or because of the keywords of the topic."),
    )
    senders = Terms(
        listens=False,
        label=gettext_lazy("It comes from"),
        help_text=gettext_lazy("A name on the platform (@name) or a phone number, between commas."),
    )
    languages = forms.MultipleChoiceField(
        choices=[],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("It is in"),
        help_text=gettext_lazy("Only X tells the language of a message."),
    )
    hours = forms.ChoiceField(
        choices=[
            ("", gettext_lazy("at any time")),
            ("open", gettext_lazy("within opening hours")),
            ("closed", gettext_lazy("outside opening hours")),
        ],
        required=False,
        label=gettext_lazy("It comes"),
    )
    weekdays = forms.TypedMultipleChoiceField(
        choices=[], coerce=int, required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("It comes on")
    )
    begins = forms.TimeField(
        required=False, label=gettext_lazy("Between"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    ends = forms.TimeField(
        required=False, label=gettext_lazy("and"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    notify = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Tell these colleagues"),
    )

    class Meta:
        model = RoutingRule
        fields = (
            *("name", "department", "topic", "contact_kind", "priority", "assignee"),
            *("sensitive", "notify", "notify_leads", "stop"),
        )
        labels = {
            "name": gettext_lazy("Name of the rule"),
            "department": gettext_lazy("Route to"),
            "topic": gettext_lazy("Topic"),
            "contact_kind": gettext_lazy("Kind of contact"),
            "priority": gettext_lazy("Priority"),
            "assignee": gettext_lazy("Assign to"),
            "sensitive": gettext_lazy("Mark as sensitive"),
            "notify_leads": gettext_lazy("Tell the team leads of the department where it lies"),
            "stop": gettext_lazy("Stop here: look at no further rules"),
        }
        help_texts = {
            "name": gettext_lazy("Colleagues see it in the timeline of a conversation."),
            "assignee": gettext_lazy("Only when the colleague is at work and has room. Else nobody has it."),
            "sensitive": gettext_lazy("It gets no automatic reply, and a second colleague looks at every answer."),
        }

    CONDITIONS = (
        *("any_of", "all_of", "none_of", "topics", "accounts", "reach"),
        *("senders", "languages", "hours", "weekdays", "begins", "ends"),
    )
    LISTS = ("any_of", "all_of", "none_of", "senders", "languages", "weekdays")

    def __init__(self, *args: Any, **options: Any) -> None:
        instance: RoutingRule = options["instance"]
        given = instance.conditions
        initial = {
            **{name: given.get(name, []) for name in (*self.LISTS, "accounts", "topics")},
            "reach": {True: "public", False: "private", None: ""}[given.get("public")],
            "hours": {True: "open", False: "closed", None: ""}[given.get("open")],
            **{name: time.fromisoformat(given[name]) for name in ("begins", "ends") if name in given},
        }
        super().__init__(*args, **options | {"initial": initial, "label_suffix": ""})
        choices: dict[str, Any] = self.fields
        choices["languages"].choices = [(code, rule_words.language(code)) for code in LANGUAGES]
        choices["weekdays"].choices = [(day, str(name).lower()) for day, name in WEEKDAYS.items()]
        chosen = [*given.get("topics", []), instance.topic_id]
        for name in ("topic", "topics"):
            choices[name].queryset = Topic.objects.filter(Q(active=True) | Q(pk__in=[pk for pk in chosen if pk]))
        people = User.objects.filter(Q(is_active=True) | Q(pk=instance.assignee_id))
        people = people.order_by("first_name", "last_name", "username")
        choices["assignee"].queryset = people.filter(role__in=permissions.WORKERS)
        choices["notify"].queryset = people.filter(Q(is_active=True) | Q(pk__in=instance.notify))
        empties = {"department": _("leave it where it is"), "topic": _("no topic"), "assignee": _("nobody")}
        for name, words in empties.items():
            choices[name].empty_label = words
        choices["contact_kind"].choices = [("", _("not said")), *choices["contact_kind"].choices[1:]]
        choices["sensitive"].choices = [("", _("not sensitive")), *choices["sensitive"].choices[1:]]
        high = [(value, words) for value, words in Priority.choices if value != Priority.NORMAL]
        choices["priority"].choices = [("", _("leave it as it is")), *high]

    def clean_notify(self) -> list[int]:
        """Their ids."""
        return [user.pk for user in self.cleaned_data["notify"]]

    def clean_senders(self) -> list[str]:
        """Handles in small letters, phone numbers as Twilio has them."""
        return list(dict.fromkeys(map(_sender, self.cleaned_data["senders"])))

    def clean(self) -> dict[str, Any]:
        """What fits together; the conditions go into the rule."""
        given = super().clean() or self.cleaned_data
        begins, ends = given.get("begins"), given.get("ends")
        if "begins" in given and "ends" in given and (begins is None) != (ends is None):
            self.add_error("ends" if ends is None else "begins", _("Fill in both times, or neither."))
        elif begins is not None and begins == ends:
            self.add_error("ends", _("These times are equal. Leave both empty for the whole day."))
        self._who_sees(given)
        settles = ("department", "topic", "contact_kind", "priority", "assignee", "sensitive")
        if not self.errors and not any(given.get(name) for name in (*settles, "notify", "notify_leads", "stop")):
            self.add_error(None, _("Choose at least one thing that happens."))
        self.instance.conditions = self._conditions(given)
        return given

    def validate_constraints(self) -> None:
        """Only of a rule that is complete: what is missing was said above, in our words."""
        if not self.errors:
            super().validate_constraints()

    def _who_sees(self, given: dict[str, Any]) -> None:
        """Whoever gets it must be of the department where it goes."""
        department = given.get("department")
        if department is None:
            return
        members = set(User.objects.filter(departments=department).values_list("pk", flat=True))
        words = {"department": department}
        assignee = given.get("assignee")
        if assignee is not None and assignee.pk not in members:
            self.add_error("assignee", _("%(name)s is not in %(department)s.") % {**words, "name": assignee})
        outside = [pk for pk in given.get("notify") or () if pk not in members]
        if outside:
            names = [str(user) for user in User.objects.filter(pk__in=outside)]
            told = _("Not in %(department)s, and so not told: %(names)s.")
            self.add_error("notify", told % {**words, "names": rule_words.joined(names)})

    def _conditions(self, given: dict[str, Any]) -> dict[str, Any]:
        """Only what was filled in, as inbox.actions.rulebook reads it."""
        found: dict[str, Any] = {name: given.get(name) for name in self.LISTS}
        found |= {name: _keys(given.get(name)) for name in ("accounts", "topics")}
        found |= {name: f"{given[name]:%H:%M}" for name in ("begins", "ends") if given.get(name) is not None}
        found = {name: value for name, value in found.items() if value}
        for name, field, yes in (("public", "reach", "public"), ("open", "hours", "open")):
            if given.get(field):
                found[name] = given[field] == yes
        return found


def _keys(rows: Iterable[Any] | None) -> list[int]:
    return sorted(row.pk for row in rows or ())


def _sender(text: str) -> str:
    """A phone number as E.164 when it is one."""
    if sum(letter.isdigit() for letter in text) >= 8 and not text.startswith("@"):
        try:
            number = phonenumbers.parse(text, "NL")
        except phonenumbers.NumberParseException:
            return sender_key(text)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return sender_key(text)
