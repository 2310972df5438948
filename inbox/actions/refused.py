"""An action that cannot be done now: a sentence for the person, a code for the program."""


class Refused(Exception):
    """``code`` is stable for the API (claimed_by_other, window_closed …); ``str()`` says what to do instead."""

    def __init__(self, code: str, sentence: str, /, **data: object) -> None:
        super().__init__(sentence)
        self.code = code
        self.data = data


class NotVisible(Exception):
    """The conversation does not exist, for this colleague: answer 404, never 403 (that would tell that it exists)."""
