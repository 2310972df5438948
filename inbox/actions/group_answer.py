"""Gelijke vragen beantwoorden: one text to many conversations, each through ``reply`` with its own refusal.

Begun by a person, worked off by ``inbox.group_answers``; who begins, stops or tries again here finds the row of each
conversation locked by whoever answers it at that moment.
"""

from collections.abc import Mapping
from uuid import UUID, uuid4

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from channels.clock import now
from channels.gateway import connector_of
from inbox import alike, audit, kick, live, permissions, privacy_guard, standard_texts
from inbox.actions import reply, standard_reply, undo
from inbox.actions.refused import NotVisible, Refused
from inbox.models import (
    AccountSettings,
    Conversation,
    Delivery,
    GroupAnswer,
    GroupItem,
    ItemState,
    Message,
    Role,
    User,
)

MOST = alike.MOST

log = structlog.get_logger()


def visible(user: User) -> QuerySet[GroupAnswer]:
    """One's own; for team leads and administrators also those with a conversation that they see."""
    if user.role not in (Role.LEAD, Role.ADMIN):
        return GroupAnswer.objects.filter(by=user)
    mine = Conversation.objects.visible_to(user).filter(pk=OuterRef("conversation"))
    return GroupAnswer.objects.filter(Exists(GroupItem.objects.filter(Exists(mine), group=OuterRef("pk"))))


def samples(by: User, ids: list[int]) -> list[Conversation]:
    """Of these, one for each account, public and private apart: for a look at the answer beforehand. One query."""
    found = Conversation.objects.visible_to(by).filter(pk__in=ids).for_list().select_related("account__app")
    return list(found.order_by("account_id", "public", "-last_message_at").distinct("account_id", "public"))


# -- beginning ----------------------------------------------------------------------------------------------------


def start(
    *,
    by: User,
    text: str,
    chosen: Mapping[int, int],
    submission: UUID,
    as_thread: bool = False,
    confirm_personal_data: str = "",
) -> GroupAnswer:
    """Begin to answer; ``chosen``: by conversation the newest message that the colleague had read. Conversations they
    do not see are left out; one that waits in another group is told as refused.

    A ``submission`` that came before gives its group. Raises NotVisible for another's; Refused "not_allowed", "empty",
    "no_choice", "too_many", "unfilled", "same_text", "too_long" (data: can_thread), "personal_data" (data: kinds,
    confirm).
    """
    earlier = GroupAnswer.objects.filter(submission=submission).first()
    if earlier is None:
        _refuse(by, text, chosen)
        sample = samples(by, list(chosen))
        _refuse_same_words(by, text, sample, list(chosen))
        _refuse_too_long(by, text, sample, as_thread=as_thread)
        confirmed = _personal_data_confirmed(text, sample, confirm_personal_data)
        try:
            with transaction.atomic():
                return _begun(by, text.strip(), chosen, submission, as_thread, confirmed)
        except IntegrityError:  # the same form twice at the same moment
            earlier = GroupAnswer.objects.filter(submission=submission).first()
            if earlier is None:
                raise
    if earlier.by_id != by.pk:
        raise NotVisible
    return earlier


def _refuse(by: User, text: str, chosen: Mapping[int, int]) -> None:
    if by.role not in permissions.WORKERS or not by.is_active:
        raise Refused("not_allowed", _("You may read conversations, but not answer them. Ask your team lead for help."))
    if not text.strip():
        raise Refused("empty", _("Write something first."))
    if not chosen:
        raise Refused("no_choice", _("Choose at least one conversation."))
    if len(chosen) > MOST:
        raise Refused(
            "too_many", _("At most %(most)s conversations at a time. Nothing was sent.") % {"most": MOST}, most=MOST
        )
    known = {name: name for name in standard_texts.FILLED}
    if names := standard_texts.unfilled(standard_texts.fill(text, known)):
        raise Refused(
            "unfilled",
            _("Nobody can fill this in for many: %(names)s. Change the text.")
            % {"names": ", ".join(f"[{name}]" for name in names)},
            names=names,
        )


def _refuse_too_long(by: User, text: str, sample: list[Conversation], *, as_thread: bool) -> None:
    """Raises Refused "too_long" when it does not fit where it goes: said before anything is sent."""
    agreed = {each.account_id: each for each in AccountSettings.objects.filter(account__in={c.account for c in sample})}
    for conversation in sample:
        filled = standard_reply.filled(conversation, by, text)
        ending = standard_reply.ending_of(agreed.get(conversation.account_id), by)
        reply.split(conversation, standard_texts.signed(filled, ending), as_thread=as_thread)


def _refuse_same_words(by: User, text: str, sample: list[Conversation], ids: list[int]) -> None:
    """Raises Refused "same_text" when a platform that takes no text twice would get it twice."""
    accounts = [each.account_id for each in sample if _takes_no_text_twice(each)]
    if not accounts or standard_texts.fill(text, {standard_texts.CITIZEN: "a"}) != standard_texts.fill(
        text, {standard_texts.CITIZEN: "b"}
    ):
        return
    there = Conversation.objects.visible_to(by).filter(pk__in=ids, public=True, account__in=accounts)
    if len(there.order_by().values_list("pk")[:2]) > 1:
        raise Refused(
            "same_text",
            _("X takes the same text once only. Put {inwoner} in it, so that each answer differs."),
        )


def _takes_no_text_twice(conversation: Conversation) -> bool:
    return conversation.public and connector_of(conversation.account).capabilities().refuses_same_text


def _personal_data_confirmed(text: str, sample: list[Conversation], given: str) -> bool:
    """Whether it holds personal data that may be public, as somebody confirmed. Raises Refused "personal_data"."""
    for conversation in sample:
        found = reply.personal_data(conversation, text)
        if not found:
            continue
        confirm = reply.confirmation(None, text, found)
        if given == confirm:
            return True
        kinds = [kind for kind in privacy_guard.KINDS if any(item.kind == kind for item in found)]
        raise Refused(
            "personal_data",
            _("Everybody can read the public answers, and they hold: %(kinds)s. Change the text, or confirm it once.")
            % {"kinds": privacy_guard.in_words(kinds)},
            kinds=kinds,
            confirm=confirm,
        )
    return False


def _begun(
    by: User, text: str, chosen: Mapping[int, int], submission: UUID, as_thread: bool, confirmed: bool
) -> GroupAnswer:
    group = GroupAnswer.objects.create(
        by=by, text=text, submission=submission, as_thread=as_thread, personal_data_confirmed=confirmed, at=now()
    )
    seen = Conversation.objects.visible_to(by).filter(pk__in=list(chosen)).order_by("pk").values_list("pk", flat=True)
    ids = list(seen)
    # In order of id: two groups at once wait for each other, never both for the other.
    GroupItem.objects.bulk_create(
        [GroupItem(group=group, conversation_id=pk, seen=chosen[pk]) for pk in ids], ignore_conflicts=True
    )
    there = set(group.items.values_list("conversation_id", flat=True))
    moment, words = now(), _another_group()
    GroupItem.objects.bulk_create(
        GroupItem(
            group=group,
            conversation_id=pk,
            seen=chosen[pk],
            state=ItemState.REFUSED,
            code=words.code,
            reason=str(words),
            at=moment,
        )
        for pk in ids
        if pk not in there
    )
    audit.record(None, "group_started", by, group=group.pk, conversations=len(there))
    transaction.on_commit(kick.kick_groups)
    return group


def _another_group() -> Refused:
    return Refused("another_group", _("A colleague answers this in another group at this moment."))


# -- one of them --------------------------------------------------------------------------------------------------


def answer_next(account_id: int) -> ItemState | None:
    """Answer the conversation of this account that waits longest, or write down why not; what became of it. None when
    none waits that nobody else has in hand."""
    with transaction.atomic():
        item = (
            GroupItem.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("group__by", "conversation")
            .filter(state=ItemState.PENDING, conversation__account=account_id)
            .order_by("pk")
            .first()
        )
        if item is None:
            return None
        try:
            with transaction.atomic():
                message = _answer(item)
        except Refused as refusal:
            _decide(item, ItemState.REFUSED, refusal)
        except NotVisible:
            _decide(item, ItemState.REFUSED, Refused("elsewhere", _("This conversation lies elsewhere by now.")))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001  (one never holds up the others)
            log.error("group_item_crashed", item=item.pk, error=type(error).__name__)
            _decide(item, ItemState.REFUSED, Refused("error", _("Something went wrong on our side. Try it once more.")))
        else:
            item.message = message
            _decide(item, ItemState.QUEUED)
        return ItemState(item.state)


def _answer(item: GroupItem) -> Message:
    """Raises what ``reply`` raises."""
    group, by = item.group, item.group.by
    conversation = Conversation.objects.visible_to(by).for_list().filter(pk=item.conversation_id).first()
    if conversation is None:
        raise NotVisible
    text = standard_reply.filled(conversation, by, group.text)
    message = reply.reply(
        item.conversation_id,
        by=by,
        text=text,
        submission=item.submission,
        seen_message_id=item.seen,
        as_thread=group.as_thread,
        confirm_personal_data=_confirmed(group, conversation, text),
        group=group.pk,
    )[0]
    if _takes_no_text_twice(conversation):
        gone = Q(message__state__in=[Delivery.FAILED, Delivery.WITHDRAWN])
        same = group.items.filter(message__account=message.account_id, message__public=True, message__text=message.text)
        if same.exclude(gone).exists():
            raise Refused(
                "same_text", _("X takes the same text once only, and somebody with this name has it. Answer this one.")
            )
    return message


def _confirmed(group: GroupAnswer, conversation: Conversation, text: str) -> str:
    """That what was confirmed for all holds here: nothing else came in with the variables."""
    found = reply.personal_data(conversation, text) if group.personal_data_confirmed else []
    known = reply.said(group.text, privacy_guard.find(group.text)) if found else set()
    return reply.confirmation(conversation, text, found) if found and reply.said(text, found) <= known else ""


def _decide(item: GroupItem, state: ItemState, refusal: Refused | None = None) -> None:
    item.state, item.at = state, now()
    item.code = refusal.code[:30] if refusal else ""
    item.reason = str(refusal)[:300] if refusal else ""
    item.save(update_fields=["state", "at", "code", "reason", "message"])
    if refusal:  # an answer announces itself
        _announce(item)


def _locked(item_id: int) -> GroupItem:
    return GroupItem.objects.select_for_update(of=("self",)).select_related("conversation", "group").get(pk=item_id)


def _announce(item: GroupItem) -> None:
    live.announce(item.conversation_id, {item.conversation.department_id}, "group", people={item.group.by_id})


# -- stopping, and once more --------------------------------------------------------------------------------------


def stop(group_id: int, *, by: User) -> GroupAnswer:
    """Nothing more goes: what waits is skipped, what was not handed to a platform yet is taken back. Again changes
    nothing. Raises NotVisible."""
    group = visible(by).filter(pk=group_id).first()
    if group is None:
        raise NotVisible
    moment = now()
    with transaction.atomic():
        skipped = group.items.filter(state=ItemState.PENDING).update(
            state=ItemState.SKIPPED, code="stopped", reason="", at=moment
        )
        if skipped:
            GroupAnswer.objects.filter(pk=group.pk).update(stopped_at=moment, stopped_by=by)
            audit.record(None, "group_stopped", by, group=group.pk, skipped=skipped)
            told = group.items.filter(state=ItemState.SKIPPED).select_related("conversation", "group").first()
            if told:
                _announce(told)
    under_way = group.items.filter(state=ItemState.QUEUED, message__state=Delivery.QUEUED, message__attempts=0)
    taken_back = [_taken_back(pk, by) for pk in list(under_way.values_list("pk", flat=True))]
    if any(taken_back):
        GroupAnswer.objects.filter(pk=group.pk).update(stopped_at=moment, stopped_by=by)
    group.refresh_from_db()
    return group


def _taken_back(item_id: int, by: User) -> bool:
    try:
        with transaction.atomic():
            item = _locked(item_id)
            if item.message_id is None:
                return False
            undo.undo(item.message_id, by=by, stopping=True)
            item.message = None
            _decide(item, ItemState.SKIPPED, Refused("taken_back", ""))
    except (Refused, NotVisible):
        return False  # on its way already, or not theirs to see: it stays as it is
    return True


def retry(group_id: int, *, by: User, chosen: Mapping[int, int]) -> GroupAnswer:
    """Once more for what was refused or skipped, after somebody looked; ``chosen``: by conversation the newest message
    they had read. One's own group only. Raises NotVisible."""
    group = GroupAnswer.objects.filter(pk=group_id, by=by).first()
    if group is None:
        raise NotVisible
    left = group.items.filter(conversation__in=list(chosen), state__in=[ItemState.REFUSED, ItemState.SKIPPED])
    again = [_again(pk, chosen) for pk in list(left.order_by("conversation").values_list("pk", flat=True))]
    if any(again):
        GroupAnswer.objects.filter(pk=group.pk).update(stopped_at=None, stopped_by=None)
        audit.record(None, "group_retried", by, group=group.pk, conversations=again.count(True))
        transaction.on_commit(kick.kick_groups)
    group.refresh_from_db()
    return group


def _again(item_id: int, chosen: Mapping[int, int]) -> bool:
    try:
        with transaction.atomic():
            item = _locked(item_id)
            if item.state not in (ItemState.REFUSED, ItemState.SKIPPED):
                return False  # two tabs: the other was first
            item.state, item.code, item.reason, item.at = ItemState.PENDING, "", "", None
            item.seen = chosen[item.conversation_id]
            item.submission = uuid4()  # the old one may name what was taken back
            item.save()
    except IntegrityError:
        words = _another_group()
        GroupItem.objects.filter(pk=item_id).exclude(state=ItemState.QUEUED).update(code=words.code, reason=str(words))
        return False
    return True
