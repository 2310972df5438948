"""The addresses of the inbox."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from inbox.views import acts, attachments, conversation, lists, nothing_lost, preferences, search, status, writing

urlpatterns = [
    path("", lists.home, name="inbox"),
    path("inbox/department/<slug:department>/", lists.show, name="department"),
    path("inbox/department/<slug:department>/rows/", lists.refresh, name="department_rows"),
    path("inbox/department/<slug:department>/<int:pk>/", lists.show, name="conversation_in_department"),
    path("inbox/<slug:view>/", lists.show, name="list"),
    path("inbox/<slug:view>/rows/", lists.refresh, name="list_rows"),
    path("inbox/<slug:view>/<int:pk>/", lists.show, name="conversation_in_view"),
    path("conversations/<int:pk>/", lists.deep_link, name="conversation"),
    path("conversations/<int:pk>/pane/", conversation.pane, name="pane"),
    path("conversations/<int:pk>/timeline/", conversation.timeline, name="timeline"),
    path("conversations/<int:pk>/claim/", acts.claim, name="act_claim"),
    path("conversations/<int:pk>/take-over/", acts.take_over, name="act_take_over"),
    path("conversations/<int:pk>/release/", acts.release, name="act_release"),
    path("conversations/<int:pk>/route/", acts.route, name="act_route"),
    path("conversations/<int:pk>/assign/", acts.assign, name="act_assign"),
    path("conversations/<int:pk>/note/", acts.note, name="act_note"),
    path("conversations/<int:pk>/reply/", acts.reply, name="act_reply"),
    path("conversations/<int:pk>/check/", writing.check, name="check_text"),
    path("conversations/<int:pk>/close/", acts.close, name="act_close"),
    path("conversations/<int:pk>/reopen/", acts.reopen, name="act_reopen"),
    path("conversations/<int:pk>/snooze/", acts.snooze, name="act_snooze"),
    path("conversations/<int:pk>/wake/", acts.wake, name="act_wake"),
    path("conversations/<int:pk>/wait/", acts.wait, name="act_wait"),
    path("conversations/<int:pk>/read/", acts.read, name="act_read"),
    path("messages/<int:pk>/retry/", acts.message_retry, name="message_retry"),
    path("messages/<int:pk>/withdraw/", acts.message_withdraw, name="message_withdraw"),
    path("messages/<int:pk>/mark-sent/", acts.message_mark_sent, name="message_mark_sent"),
    path("attachments/<int:pk>/", attachments.attachment, name="attachment"),
    path("attachments/<int:pk>/preview/", attachments.preview, name="attachment_preview"),
    path("attachments/<int:pk>/retry/", attachments.retry, name="attachment_retry"),
    path("search/", search.search, name="search"),
    path("nothing-lost/", nothing_lost.show, name="nothing_lost"),
    path("nothing-lost/replay/", nothing_lost.replay, name="nothing_lost_replay"),
    path("preferences/", preferences.show, name="preferences"),
    path("status/", status.show, name="status"),
    path("theme.css", status.theme, name="theme"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(next_page="/login/?out=1"), name="logout"),
]
