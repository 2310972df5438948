"""The hops upwards: channels tells that an event was stored, or asks which messages are known, and knows not who
listens."""

from django.dispatch import Signal

# Sent after the event's row was committed; receivers must not wait on anything. Arguments: none besides sender.
event_stored = Signal()

# Sent with what gap repair was shown: ``account_id``, ``external_ids`` (a list). A receiver returns the set of those
# it has already, so that a message which came by its webhook is not called found, nor stored a second time.
messages_listed = Signal()
