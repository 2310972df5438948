"""Which department is proposed, and why: pure."""

from inbox.routing import Ground, Owned, Suggestion, suggest

HERE, CITY, PASSPORTS = 1, 2, 3
WASTE = Owned("Afval", CITY, frozenset({"afval"}))
WORDS = {"wanneer": "wanner", "afval": "afval", "paspoort": "paspoort"}


def test_the_chosen_topic_comes_first():
    counts = {"paspoort": {PASSPORTS: (9, 10)}}
    assert suggest(HERE, WORDS, WASTE, [WASTE], counts) == [
        Suggestion(CITY, Ground.TOPIC, topic="Afval"),
        Suggestion(PASSPORTS, Ground.EARLIER, word="paspoort", stayed=9, went=10),
    ]


def test_earlier_routings_before_a_word_of_a_topic():
    counts = {"afval": {CITY: (12, 13), PASSPORTS: (1, 1)}}
    assert suggest(HERE, WORDS, None, [WASTE], counts) == [
        Suggestion(CITY, Ground.EARLIER, word="afval", stayed=12, went=14)
    ]


def test_the_surest_word_speaks():
    counts = {"wanner": {CITY: (3, 4)}, "afval": {CITY: (9, 9)}}
    assert suggest(HERE, WORDS, None, [], counts) == [Suggestion(CITY, Ground.EARLIER, word="afval", stayed=9, went=9)]


def test_chance_proposes_nothing():
    few, divided = {"afval": {CITY: (2, 2)}}, {"afval": {CITY: (5, 9), PASSPORTS: (4, 9)}}
    assert [suggest(HERE, WORDS, None, [], counts) for counts in (few, divided)] == [[], []]


def test_what_was_bounced_counts_against_it():
    assert suggest(HERE, WORDS, None, [], {"afval": {CITY: (3, 9)}}) == []


def test_a_word_of_a_topic():
    assert suggest(HERE, WORDS, None, [WASTE], {}) == [Suggestion(CITY, Ground.NAMED, topic="Afval", word="afval")]


def test_never_where_it_lies():
    assert suggest(CITY, WORDS, WASTE, [WASTE], {"afval": {CITY: (9, 9)}}) == []


def test_at_most_two():
    counts = {"wanner": {4: (3, 3)}, "paspoort": {PASSPORTS: (9, 9)}}
    assert [each.department for each in suggest(HERE, WORDS, WASTE, [], counts)] == [CITY, PASSPORTS]


def test_the_reason_in_words():
    told = [
        Suggestion(CITY, Ground.TOPIC, topic="Afval"),
        Suggestion(CITY, Ground.EARLIER, word="afval", stayed=12, went=14),
        Suggestion(CITY, Ground.NAMED, topic="Afval", word="afval"),
    ]
    assert [each.sentence("Stadsbeheer") for each in told] == [
        "Onderwerp Afval hoort bij Stadsbeheer",
        "Vaak doorgezet naar Stadsbeheer bij ‘afval’ (12 van 14 keer)",
        "‘afval’ hoort bij het onderwerp Afval van Stadsbeheer",
    ]


def test_keyword_of_several_words_counts_when_all_are_said():
    topic = Owned("Stoep", CITY, phrases=(("losse tegel", frozenset({"los", "tegel"})),))
    said = {"losse": "los", "tegels": "tegel"}
    assert suggest(HERE, said, None, [topic], {}) == [Suggestion(CITY, Ground.NAMED, topic="Stoep", word="losse tegel")]
    assert suggest(HERE, {"losse": "los"}, None, [topic], {}) == []
