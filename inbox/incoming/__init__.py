"""From a platform's items to conversations: one batch in memory, saved in a few statements."""
