"""The addresses of the API, and its schema."""

from django.urls import path, re_path
from django.views.decorators.cache import cache_page
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.decorators import api_view, authentication_classes, permission_classes

from inbox.api import (
    accounts,
    advice,
    at_platform,
    attachments,
    citizens,
    contacts,
    conversations,
    labels,
    messages,
    notices,
    people,
    problems,
    reply,
    routing,
    standard_replies,
    timeline,
    verbs,
    views,
)

app_name = "api"

schema = cache_page(3600)(SpectacularJSONAPIView.as_view(authentication_classes=[], permission_classes=[]))
methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
nowhere = extend_schema(exclude=True)(
    api_view(methods)(authentication_classes([])(permission_classes([])(problems.not_found)))
)

urlpatterns = [
    path("openapi.json", schema, name="schema"),
    path("me/", people.Me.as_view(), name="me"),
    path("me/availability/", people.MyAvailability.as_view(), name="my_availability"),
    path("next/", verbs.Next.as_view(), name="next"),
    path("conversations/", conversations.Conversations.as_view(), name="conversations"),
    path("conversations/<int:pk>/", conversations.ConversationDetail.as_view(), name="conversation"),
    path("conversations/<int:pk>/messages/", messages.Messages.as_view(), name="messages"),
    path("conversations/<int:pk>/notes/", timeline.Notes.as_view(), name="notes"),
    path("conversations/<int:pk>/timeline/", timeline.Timeline.as_view(), name="timeline"),
    path("conversations/<int:pk>/claim/", verbs.Claim.as_view(), name="claim"),
    path("conversations/<int:pk>/take-over/", verbs.TakeOver.as_view(), name="take_over"),
    path("conversations/<int:pk>/release/", verbs.Release.as_view(), name="release"),
    path("conversations/<int:pk>/assign/", verbs.Assign.as_view(), name="assign"),
    path("conversations/<int:pk>/route/", routing.Route.as_view(), name="route"),
    path("conversations/<int:pk>/bounce/", routing.Bounce.as_view(), name="bounce"),
    path("conversations/<int:pk>/route-suggestions/", routing.Suggestions.as_view(), name="route_suggestions"),
    path("conversations/<int:pk>/note/", verbs.AddNote.as_view(), name="note"),
    path("conversations/<int:pk>/follow/", notices.Follow.as_view(), name="follow"),
    path("conversations/<int:pk>/unfollow/", notices.Unfollow.as_view(), name="unfollow"),
    path("notes/<int:pk>/edit/", notices.EditNote.as_view(), name="note_edit"),
    path("notes/<int:pk>/withdraw/", notices.WithdrawNote.as_view(), name="note_withdraw"),
    path("notices/", notices.Notices.as_view(), name="notices"),
    path("notices/seen/", notices.NoticesSeen.as_view(), name="notices_seen"),
    path("conversations/<int:pk>/reply/", reply.Reply.as_view(), name="reply"),
    path("conversations/<int:pk>/template/", at_platform.SendTemplate.as_view(), name="template"),
    path("conversations/<int:pk>/reply-privately/", at_platform.ReplyPrivately.as_view(), name="reply_privately"),
    path("conversations/<int:pk>/close/", verbs.Close.as_view(), name="close"),
    path("conversations/<int:pk>/reopen/", verbs.Reopen.as_view(), name="reopen"),
    path("conversations/<int:pk>/snooze/", verbs.Snooze.as_view(), name="snooze"),
    path("conversations/<int:pk>/wake/", verbs.Wake.as_view(), name="wake"),
    path("conversations/<int:pk>/wait/", verbs.Wait.as_view(), name="wait"),
    path("conversations/<int:pk>/resume/", verbs.Resume.as_view(), name="resume"),
    path("conversations/<int:pk>/read/", verbs.Read.as_view(), name="read"),
    path("conversations/<int:pk>/set-topic/", labels.SetTopic.as_view(), name="set_topic"),
    path("conversations/<int:pk>/set-sentiment/", labels.SetSentiment.as_view(), name="set_sentiment"),
    path("conversations/<int:pk>/advice/", advice.OfConversation.as_view(), name="conversation_advice"),
    path("conversations/<int:pk>/ask-advice/", advice.Ask.as_view(), name="ask_advice"),
    path("advice/", advice.OfMe.as_view(), name="advice_list"),
    path("advice/<int:pk>/", advice.AdviceDetail.as_view(), name="advice"),
    path("advice/<int:pk>/answer/", advice.Answer.as_view(), name="answer_advice"),
    path("advice/<int:pk>/withdraw/", advice.Withdraw.as_view(), name="withdraw_advice"),
    path("topics/", labels.Topics.as_view(), name="topics"),
    path("views/", views.SavedViews.as_view(), name="views"),
    path("conversations/<int:pk>/thread/", citizens.FetchThread.as_view(), name="fetch_thread"),
    path("conversations/<int:pk>/citizen/merge/", citizens.Merge.as_view(), name="citizen_merge"),
    path("conversations/<int:pk>/citizen/split/", citizens.Split.as_view(), name="citizen_split"),
    path("conversations/<int:pk>/citizen/block/", citizens.Block.as_view(), name="citizen_block"),
    path("conversations/<int:pk>/citizen/unblock/", citizens.Unblock.as_view(), name="citizen_unblock"),
    path("messages/<int:pk>/", messages.MessageDetail.as_view(), name="message"),
    path("messages/<int:pk>/at-platform/", at_platform.AtPlatform.as_view(), name="at_platform"),
    path("messages/<int:pk>/retry/", messages.Retry.as_view(), name="retry"),
    path("messages/<int:pk>/withdraw/", messages.Withdraw.as_view(), name="withdraw"),
    path("messages/<int:pk>/mark-sent/", messages.MarkSent.as_view(), name="mark_sent"),
    path("attachments/<int:pk>/", attachments.AttachmentDetail.as_view(), name="attachment"),
    path("attachments/<int:pk>/file/", attachments.AttachmentFile.as_view(), name="attachment_file"),
    path("attachments/<int:pk>/retry/", attachments.AttachmentRetry.as_view(), name="attachment_retry"),
    path("accounts/", accounts.Accounts.as_view(), name="accounts"),
    path("accounts/<int:pk>/", accounts.AccountDetail.as_view(), name="account"),
    path("accounts/<int:pk>/templates/", at_platform.Templates.as_view(), name="templates"),
    path("contacts/", contacts.Contacts.as_view(), name="contacts"),
    path("contacts/<int:pk>/", contacts.ContactDetail.as_view(), name="contact"),
    path("standard-replies/", standard_replies.StandardReplies.as_view(), name="standard_replies"),
    path("standard-replies/<int:pk>/use/", standard_replies.UseStandardReply.as_view(), name="use_standard_reply"),
    path("departments/", people.Departments.as_view(), name="departments"),
    path("users/", people.Users.as_view(), name="users"),
    re_path(r"", nowhere, name="nowhere"),
]
