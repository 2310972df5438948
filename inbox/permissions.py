"""Who may do what: predicates over a colleague and a conversation. Seeing is ConversationQuerySet.visible_to."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from inbox.models import AdviceRequest, Conversation, Department, Role, Status, User

WORKERS = frozenset({Role.AGENT, Role.EXPERT, Role.LEAD, Role.ADMIN})


def can_see(user: User, conversation: Conversation) -> bool:
    """Whether the conversation lies at a department of this colleague (one query; none for who asks for a page)."""
    return user.is_active and conversation.department_id in {department.pk for department in user.departments.all()}


def who_see(department_id: int) -> QuerySet[User]:
    """The active colleagues who see what lies at this department: ``can_see`` the other way round."""
    return User.objects.filter(is_active=True, departments=department_id)


def can_work(user: User, conversation: Conversation) -> bool:
    """See it, and be more than a viewer: note, route, snooze."""
    return user.role in WORKERS and can_see(user, conversation)


def can_claim(user: User, conversation: Conversation) -> bool:
    """Nobody has it and it is not closed."""
    return conversation.assignee_id is None and conversation.status != Status.CLOSED and can_work(user, conversation)


def can_take_over(user: User, conversation: Conversation) -> bool:
    """A colleague has it."""
    return (
        conversation.assignee_id not in (None, user.pk)
        and conversation.status != Status.CLOSED
        and can_work(user, conversation)
    )


def can_release(user: User, conversation: Conversation) -> bool:
    """One's own, or as team lead anyone's."""
    return (
        conversation.assignee_id is not None
        and (conversation.assignee_id == user.pk or user.role == Role.LEAD)
        and can_work(user, conversation)
    )


def can_assign(user: User, conversation: Conversation) -> bool:
    """Give it to a colleague of the department: the team lead always, others when it is theirs or nobody's."""
    return (
        conversation.status != Status.CLOSED
        and (user.role in (Role.LEAD, Role.ADMIN) or conversation.assignee_id in (None, user.pk))
        and can_work(user, conversation)
    )


def approvers_of(department_id: int) -> QuerySet[User]:
    """Who approves what is answered in sensitive conversations of this department: its group, as far as they see it;
    without anybody its team leads and administrators. At most two queries."""
    there = who_see(department_id).filter(role__in=WORKERS)
    group = there.filter(approver_groups__department=department_id)
    return group if group.exists() else there.filter(role__in=(Role.LEAD, Role.ADMIN))


def approving(user: User) -> list[int]:
    """For which departments this colleague approves, as ``approvers_of`` has it. One query."""
    if not user.is_active or user.role not in WORKERS:
        return []
    group = User.objects.filter(
        is_active=True, role__in=WORKERS, departments=OuterRef("pk"), approver_groups__department=OuterRef("pk")
    )
    here = Department.objects.filter(members=user).annotate(
        grouped=Exists(group), member=Exists(group.filter(pk=user.pk))
    )
    keeps = Q(grouped=False) if user.role in (Role.LEAD, Role.ADMIN) else Q(pk__in=())
    return list(here.filter(Q(member=True) | keeps).order_by("pk").values_list("pk", flat=True))


def may_unmark(user: User, conversation: Conversation) -> bool:
    """Say that a conversation is not sensitive after all: team leads, administrators and who approves there."""
    if not can_work(user, conversation):
        return False
    return user.role in (Role.LEAD, Role.ADMIN) or conversation.department_id in approving(user)


def may_advise(user: User, request: AdviceRequest) -> bool:
    """Whether they are asked: by name, or as one of the department's experts (one query)."""
    return AdviceRequest.objects.asked_of(user).filter(pk=request.pk).exists()


def readable_by(user: User) -> QuerySet[Conversation]:
    """The conversations they see, and those about which their advice is asked now. To look one up by its key: lists
    show only what is ``visible_to``."""
    asked = AdviceRequest.objects.asked_of(user).open().filter(conversation=OuterRef("pk"))
    return Conversation.objects.filter(Q(pk__in=Conversation.objects.visible_to(user).values("pk")) | Q(Exists(asked)))


def shares_department(user: User, colleague: User) -> bool:
    """Whether they have a department in common (one query)."""
    return user.is_active and user.departments.filter(pk__in=colleague.departments.values("pk")).exists()


def can_lead(user: User, colleague: User) -> bool:
    """Their status, their shift and how much they hold: the team lead of a department they share, never one's own."""
    return user.pk != colleague.pk and user.role in (Role.LEAD, Role.ADMIN) and shares_department(user, colleague)


def can_keep_replies(user: User) -> bool:
    """Standard replies: team leads and administrators."""
    return user.is_active and user.role in (Role.LEAD, Role.ADMIN)


def can_administer(user: User) -> bool:
    """Accounts, hours, users, the state of the channels."""
    return user.is_active and user.role == Role.ADMIN
