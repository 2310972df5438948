"""All models of the inbox, so that the rest may write ``from inbox.models import Conversation``."""

from inbox.models.advice import ADVISERS, AdviceRequest, AdviceState
from inbox.models.alike import GroupAnswer, GroupItem, ItemState, PinnedAnswer
from inbox.models.around import Reaction, ThreadPost
from inbox.models.at_platform import (
    Deed,
    DeedState,
    MessageTemplate,
    PlatformDeed,
    PublicLine,
    TemplateRound,
    TemplateStatus,
)
from inbox.models.audit import AuditEntry
from inbox.models.conversation import (
    VIEWS,
    Clock,
    ClockKind,
    Conversation,
    ConversationQuerySet,
    ReadMarker,
    Result,
    Status,
)
from inbox.models.message import (
    DECIDED_ON,
    Attachment,
    AttachmentState,
    AttemptOutcome,
    AutoReply,
    Delivery,
    Direction,
    EarlyChange,
    Message,
    MessageVersion,
    Note,
    NoteVersion,
    SendAttempt,
)
from inbox.models.notices import Follow, Notice, NoticeKind, PendingPush, PushSubscription, Way
from inbox.models.people import Availability, BlockGround, Contact, Department, Identity, Role, ShiftRule, User
from inbox.models.routing import Routing
from inbox.models.rules import AccountSettings, Addressing, ClosingDay, OpeningPeriod
from inbox.models.shifts import Handover
from inbox.models.tokens import ApiToken
from inbox.models.topics import ContactKind, Priority, Sentiment, Topic
from inbox.models.views import BulkChange, BulkItem, SavedView
from inbox.models.writing import Draft, DraftMode, Reach, StandardReply, Upload

__all__ = [
    "ADVISERS",
    "DECIDED_ON",
    "VIEWS",
    "AccountSettings",
    "Addressing",
    "AdviceRequest",
    "AdviceState",
    "ApiToken",
    "Attachment",
    "AttachmentState",
    "AttemptOutcome",
    "AuditEntry",
    "AutoReply",
    "Availability",
    "BlockGround",
    "BulkChange",
    "BulkItem",
    "Clock",
    "ClockKind",
    "ClosingDay",
    "Contact",
    "ContactKind",
    "Conversation",
    "ConversationQuerySet",
    "Deed",
    "DeedState",
    "Delivery",
    "Department",
    "Direction",
    "Draft",
    "DraftMode",
    "EarlyChange",
    "Follow",
    "GroupAnswer",
    "GroupItem",
    "Handover",
    "Identity",
    "ItemState",
    "Message",
    "MessageTemplate",
    "MessageVersion",
    "Note",
    "NoteVersion",
    "Notice",
    "NoticeKind",
    "OpeningPeriod",
    "PendingPush",
    "PinnedAnswer",
    "PlatformDeed",
    "Priority",
    "PublicLine",
    "PushSubscription",
    "Reach",
    "Reaction",
    "ReadMarker",
    "Result",
    "Role",
    "Routing",
    "SavedView",
    "SendAttempt",
    "Sentiment",
    "ShiftRule",
    "StandardReply",
    "Status",
    "TemplateRound",
    "TemplateStatus",
    "ThreadPost",
    "Topic",
    "Upload",
    "User",
    "Way",
]
