"""The one hop upwards: channels tells that an event was stored, and knows not who listens."""

from django.dispatch import Signal

# Sent after the event's row was committed; receivers must not wait on anything. Arguments: none besides sender.
event_stored = Signal()
