"""What stops a backup or a restore, in words for the person at the keyboard."""


class BackupProblem(Exception):
    """Nothing was changed, unless the sentence says so. Never holds a password or a citizen's data."""
