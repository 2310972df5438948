"""What the rules say of conversations that begin: settled before their clocks start, in the batch that makes them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from django.db.models import F, Q

from channels.clock import now
from inbox import office_hours, permissions, rule_words
from inbox.actions import pass_on
from inbox.actions.notify import Told
from inbox.actions.receive import Changes
from inbox.actions.rulebook import Rulebook, reasons
from inbox.incoming.clockbook import Agreements
from inbox.models import Conversation, Message, NoticeKind, Role, Routing, RoutingRule, User
from inbox.rules import Decision, Fired, What
from inbox.shifts import Receiver

type Deeds = list[tuple[str, str]]


class Ruling:
    """The rules of one batch: read when the first conversation begins, then asked without a query for each."""

    def __init__(self, agreements: Agreements, changes: Changes, texts: Sequence[str]) -> None:
        self.agreements = agreements
        self.changes = changes
        self.hits: Counter[int] = Counter()  # by rule
        self._texts = texts  # of all citizens' messages in the batch
        self._routings: list[Routing] = []
        self._told: list[tuple[Conversation, NoticeKind, frozenset[int]]] = []

    def decide(self, conversation: Conversation, message: Message) -> None:
        """Settle what the rules say of a conversation that begins with this message, not saved yet."""
        if not self._book.rows:
            return
        account_id, home = conversation.account_id, conversation.department_id
        decision = self._book.decide(
            message.text,
            conversation.identity,
            account=account_id,
            department=home,
            public=conversation.public,
            language=conversation.language,
            at=message.sent_at,
            open=office_hours.is_open(self.agreements.hours(account_id), message.sent_at),
        )
        if not decision.fired:
            return
        self._settle(conversation, decision)
        if conversation.department_id != home:
            self._routings.append(
                Routing(
                    conversation=conversation,
                    account_id=account_id,
                    from_department_id=home,
                    to_department_id=conversation.department_id,
                    at=now(),
                    # No words: what rules do teaches nothing of where colleagues send such questions.
                )
            )
        refusal = self._assign(conversation, decision)
        for fired in decision.fired:
            self.hits[fired.rule.pk] += 1
            did = self._did(conversation, fired, refusal)
            if did:
                self.changes.note(
                    conversation, "rule", rule=fired.rule.pk, name=fired.rule.name, did=did, why=reasons(fired)
                )
        self._told.append((conversation, NoticeKind.RULED, self._to_tell(conversation, decision)))

    def save(self) -> None:
        """After the conversations were saved: one statement when something was routed."""
        if self._routings:
            Routing.objects.bulk_create(self._routings)

    def tellings(self) -> list[Told]:
        """Who is to be told what, after everything was saved."""
        return [Told(people, kind, conversation) for conversation, kind, people in self._told if people]

    @cached_property
    def _book(self) -> Rulebook:
        book = Rulebook.in_use()
        book.learn(self._texts)
        return book

    @cached_property
    def _receivers(self) -> dict[int, Receiver]:
        assigned = {row.assignee_id for row in self._book.rows}
        return pass_on.receivers_of(user for user in self._book.people.values() if user.pk in assigned)

    @cached_property
    def _leads(self) -> dict[int, frozenset[int]]:
        """Active team leads by department, of all of them: one query."""
        found: dict[int, set[int]] = {}
        leads = User.objects.filter(Q(role=Role.LEAD), is_active=True, departments__isnull=False)
        for department, pk in leads.values_list("departments", "pk"):
            found.setdefault(department, set()).add(pk)
        return {department: frozenset(people) for department, people in found.items()}

    def _settle(self, conversation: Conversation, decision: Decision) -> None:
        settled = decision.settled
        conversation.department_id = int(settled.get(What.DEPARTMENT, conversation.department_id))
        topic = settled.get(What.TOPIC)
        conversation.topic_id = int(topic) if topic is not None else None
        conversation.contact_kind = str(settled.get(What.CONTACT_KIND, ""))
        conversation.priority = int(settled.get(What.PRIORITY, conversation.priority))
        conversation.sensitive_ground = str(settled.get(What.SENSITIVE, ""))
        conversation.sensitive = bool(conversation.sensitive_ground)

    def _assign(self, conversation: Conversation, decision: Decision) -> str:
        """To whom a rule says, when they can take it; else the reason why nobody has it, "" for none."""
        pk = decision.settled.get(What.ASSIGNEE)
        if pk is None:
            return ""
        receiver = self._receivers[int(pk)]
        if not receiver.working:
            return rule_words.OFF
        if conversation.department_id not in receiver.departments:
            return rule_words.ELSEWHERE
        if receiver.room is not None:
            if receiver.room <= 0:
                return rule_words.FULL
            receiver.room -= 1
        conversation.assignee_id = receiver.pk
        self._told.append((conversation, NoticeKind.ASSIGNED, frozenset({receiver.pk})))
        return ""

    def _did(self, conversation: Conversation, fired: Fired, refusal: str) -> Deeds:
        """For the audit entry: what this rule did, as (code, word)."""
        deeds = [
            (refusal if code == What.ASSIGNEE and refusal else code, word) for code, word in self._book.deeds(fired)
        ]
        told = [self._book.people[pk] for pk in sorted(fired.rule.notify) if pk in self._seers(conversation)]
        deeds += ((rule_words.NOTIFIED, str(user)) for user in told)
        if fired.rule.leads and self._leads.get(conversation.department_id):
            deeds.append((rule_words.LEADS, ""))
        return deeds

    def _to_tell(self, conversation: Conversation, decision: Decision) -> frozenset[int]:
        people = decision.notify & self._seers(conversation)
        if decision.leads:
            people |= self._leads.get(conversation.department_id, frozenset())
        return people - {conversation.assignee_id}

    def _seers(self, conversation: Conversation) -> frozenset[int]:
        """Of whom the rules name, those who see what lies there."""
        return frozenset(user.pk for user in self._book.people.values() if permissions.can_see(user, conversation))


def count(hits: Mapping[int, int]) -> None:
    """How often each rule held, for its screen. One short statement for each."""
    for pk, times in hits.items():
        RoutingRule.objects.filter(pk=pk).update(hits=F("hits") + times, hit_at=now())
