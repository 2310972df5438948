"""What stands around messages: reactions with a symbol, and what others say in a thread as the platform lists it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels.models import Account


class Reaction(models.Model):
    """The last reaction of one person to one message, or that they took it back.

    Known by the message's id at the platform, not by our row: it may come before its message, or stand under a post
    of ours that is nobody's question. Written by inbox.incoming.reactions alone; the platform's time decides."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=200)  # of the message, post or comment
    person_id = models.CharField(max_length=200)  # of who reacted, as the platform knows them
    name = models.CharField(max_length=200, blank=True)
    symbol = models.CharField(max_length=40)
    removed = models.BooleanField(default=False)  # kept, so that an older one that comes later stays older
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("reaction")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "external_id", "person_id"], name="one_reaction_per_person"),
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="reaction_by_time")]

    def __str__(self) -> str:
        return f"reaction to {self.external_id}"


class ThreadPost(models.Model):
    """A public post or comment as it stood when a colleague had the thread fetched: to read along with, no message.

    Nothing is owed on it and no list shows it. Replaced by the next fetch of its thread, forgotten after a while
    (inbox.thread_context)."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    root_id = models.CharField(max_length=200)  # the post that the thread stands under
    external_id = models.CharField(max_length=200)
    author_id = models.CharField(max_length=200, blank=True)
    author_name = models.CharField(max_length=200, blank=True)
    from_us = models.BooleanField(default=False)
    text = models.TextField(blank=True)
    files = models.PositiveSmallIntegerField(default=0)  # how many pictures and films came along
    # Of the post the thread stands under: where the platform keeps its first picture, and that one made anew as a
    # small JPEG. In the row, so that it goes with it.
    picture_url = models.URLField(max_length=2000, blank=True, db_default="")
    picture = models.BinaryField(null=True)
    url = models.URLField(max_length=1000, blank=True)
    sent_at = models.DateTimeField()
    fetched_at = models.DateTimeField()

    class Meta:
        verbose_name = _("post in a thread")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "root_id", "external_id"], name="thread_post_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["fetched_at"], name="thread_post_by_age")]

    def __str__(self) -> str:
        return f"{self.external_id} under {self.root_id}"
