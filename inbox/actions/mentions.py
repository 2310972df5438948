"""@-names in a note: colleagues and departments, by the name one logs in with or the department's short name.

Plain text is enough: the server reads the names; the page only helps to type them.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from inbox import permissions
from inbox.models import Conversation, Department, User

# Not inside a word: an e-mail address names nobody.
NAME = re.compile(r"(?<![\w@./+-])@([\w+-]+(?:[.@][\w+-]+)*)")
MOST = 20  # names in one note
OFFERED = 6  # fit on a phone without scrolling, for nobody can put the focus in this list


@dataclass(frozen=True, slots=True)
class Mentioned:
    """``as_kept``: what the note keeps of its mentions (Note.mentions); ``people``: who is to be told."""

    as_kept: dict[str, Any]
    people: set[int]


@dataclass(frozen=True, slots=True)
class Offer:
    """One that can be named: ``name`` is what stands in the note, after the @."""

    name: str
    words: str
    department: bool
    sees: bool  # the conversation; else they are told nothing


def names_in(text: str) -> list[str]:
    """The names, in lower case, each once."""
    return list(dict.fromkeys(found.lower() for found in NAME.findall(text)))[:MOST]


def mentioned(text: str, conversation: Conversation) -> Mentioned:
    """Whom a text names. What is nobody's name is text. No query without an @, else four at most."""
    names = names_in(text)
    if not names:
        return Mentioned({}, set())
    colleagues = list(User.objects.filter(is_active=True).annotate(lower=Lower("username")).filter(lower__in=names))
    departments = list(Department.objects.annotate(lower=Lower("slug")).filter(lower__in=names))
    seeing = permissions.who_see(conversation.department_id)
    by_name = (
        set(seeing.filter(pk__in=[user.pk for user in colleagues]).values_list("pk", flat=True))
        if colleagues
        else set()
    )
    members = User.departments.through.objects.filter(department__in=departments, user__in=seeing.values("pk"))
    by_department = set(members.values_list("user", "department")) if departments else set()
    reached = {department for _user, department in by_department}
    kept: dict[str, Any] = {
        found.slug.lower(): {"name": found.name, "told": found.pk in reached} for found in departments
    }
    kept |= {user.username.lower(): {"name": str(user), "told": user.pk in by_name} for user in colleagues}
    return Mentioned(kept, by_name | {user for user, _department in by_department})


def offers(query: str, conversation: Conversation) -> list[Offer]:
    """Who fits what was typed after the @: those who see the conversation first. Two queries."""
    seeing = permissions.who_see(conversation.department_id)
    colleagues = _fitting(query).annotate(sees=Exists(seeing.filter(pk=OuterRef("pk"))))
    departments = Department.objects.filter(Q(name__icontains=query) | Q(slug__istartswith=query)).annotate(
        sees=Exists(seeing.filter(departments=OuterRef("pk")))
    )
    made = [
        Offer(user.username, str(user), False, user.sees)
        for user in colleagues.order_by("-sees", "first_name", "last_name", "pk")[:OFFERED]
    ]
    made += [
        Offer(found.slug, found.name, True, found.sees) for found in departments.order_by("-sees", "name")[:OFFERED]
    ]
    return sorted(made, key=lambda offer: not offer.sees)[:OFFERED]


def _fitting(query: str) -> QuerySet[User]:
    found = User.objects.filter(is_active=True)
    for word in query.split()[:3]:
        found = found.filter(
            Q(username__istartswith=word) | Q(first_name__istartswith=word) | Q(last_name__icontains=word)
        )
    return found
