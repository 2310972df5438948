"""How alike two questions are: pure."""

from inbox.likeness import Question, covered, groups, like, likeness, telling

COMMON = frozenset({"wanner", "hallo"})


def stems(words: str) -> frozenset[str]:
    return frozenset(words.split())


def test_what_tells_nothing_is_left_out() -> None:
    said = ["wanner", "14", "waterkant.nl", "x", "stroomstor", "hallo"]
    assert telling(said, COMMON) == {"stroomstor"}


def test_a_long_shared_word_tells_more_than_a_short_one() -> None:
    assert likeness(stems("stroomstor molenstrat"), stems("stroomstor voorbij")) == 6 / 11
    assert likeness(stems("stroomstor molenstrat"), stems("restafval molenstrat")) == 0.5
    assert likeness(stems("lamp molenstrat"), stems("lamp")) == 2 / 5
    assert likeness(frozenset(), frozenset()) == 0.0


def test_words_sought_for_need_not_be_all_that_was_said() -> None:
    said = stems("stroomstor molenstrat wacht kind koud")
    assert covered(stems("stroomstor molenstrat"), said) == 1.0
    assert covered(stems("stroomstor restafval"), said) == 0.5
    assert [each.score for each in like(stems("koud"), [Question(1, said)], sought=True)] == [1.0]


def test_letters_count_where_words_were_written_wrong() -> None:
    questions = [Question(1, stems("stroomstoringg"), letters=0.7), Question(2, stems("paspoort"), letters=0.1)]
    found = like(stems("stroomstor"), questions)
    assert [(each.pk, each.score, each.sure) for each in found] == [(1, 0.7, True)]


def test_most_alike_first_and_newest_of_equals() -> None:
    questions = [Question(pk, stems(words)) for pk, words in ((1, "stroom"), (2, "stroom weg lang"), (3, "stroom"))]
    assert [(each.pk, each.sure) for each in like(stems("stroom"), questions)] == [(3, True), (1, True), (2, True)]


def test_groups_are_of_three_or_more_and_largest_first() -> None:
    said = [
        *((pk, "stroomstor molenstrat") for pk in (9, 8)),
        (7, "restafval ophal"),
        (6, "stroomstor wanner molenstrat"),
        (5, "paspoort"),
        *((pk, "restafval ophal kliko") for pk in (4, 3, 2)),
        (1, ""),
    ]
    assert groups([Question(pk, stems(words)) for pk, words in said]) == [[7, 4, 3, 2], [9, 8, 6]]
    assert groups([Question(pk, stems(words)) for pk, words in said], most=1) == [[7, 4, 3, 2]]
