"""WhatsApp, through Twilio. See README.md for its quirks, limits and dates."""
