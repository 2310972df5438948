"""Which target counts: the row with the most conditions, then priority, topic, kind."""

from itertools import product

from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from inbox.targets import Target, choose, conditions, explain

OWN = Target(120, 240)
KINDS = st.sampled_from([None, True, False])
TOPICS = st.sampled_from([None, 1, 2])
PRIORITIES = st.sampled_from([None, 0, 1, 2])
ROWS = st.builds(
    Target, st.integers(1, 900), st.integers(1, 900), KINDS, TOPICS, PRIORITIES, topic_name=st.just("Afval")
)
# As the database has it: no two rows with the same conditions, and none without.
SETS = st.lists(ROWS, max_size=6, unique_by=lambda row: (row.public, row.topic, row.priority)).map(
    lambda rows: [row for row in rows if row.rank[0]]
)
CONVERSATIONS = st.fixed_dictionaries(
    {"public": st.booleans(), "topic": st.sampled_from([None, 1, 2, 3]), "priority": st.sampled_from([0, 1, 2])}
)


@given(SETS, CONVERSATIONS)
def test_chosen_row_fits_and_no_fitting_row_has_more_conditions(rows, conversation):
    chosen = choose([OWN, *rows], **conversation)
    fitting = [row for row in rows if row.fits(**conversation)]
    assert chosen.fits(**conversation)
    assert all(row.rank < chosen.rank for row in fitting if row != chosen)
    assert (chosen == OWN) == (fitting == [])


@given(SETS, CONVERSATIONS, st.randoms())
def test_order_of_the_rows_says_nothing(rows, conversation, random):
    shuffled = [OWN, *rows]
    random.shuffle(shuffled)
    assert choose(shuffled, **conversation) == choose([OWN, *rows], **conversation)


@given(SETS, ROWS, CONVERSATIONS)
def test_row_that_does_not_fit_changes_nothing(rows, row, conversation):
    if row.fits(**conversation):
        return
    assert choose([OWN, *rows, row], **conversation) == choose([OWN, *rows], **conversation)


def test_every_pair_of_conditions_has_one_that_goes_before_the_other():
    made = [Target(1, 1, *each) for each in product((None, True), (None, 1), (None, 2))]
    assert len({row.rank for row in made}) == len(made)


def test_priority_goes_before_topic_and_topic_before_kind():
    by = {"public": Target(1, 1, public=True), "topic": Target(2, 2, topic=1), "priority": Target(3, 3, priority=2)}
    its = {"public": True, "topic": 1, "priority": 2}
    assert choose([OWN, *by.values()], **its) == by["priority"]
    assert choose([OWN, by["public"], by["topic"]], **its) == by["topic"]
    assert choose([OWN, Target(4, 4, True, 1), by["priority"]], **its).first == 4  # two conditions before one


def test_explained_with_its_conditions():
    target = Target(60, 90, True, 1, 2, "Afval")
    with translation.override("nl"):
        assert conditions(target) == "openbaar, onderwerp Afval, prioriteit dringend"
        assert explain(Target(60, 90, priority=2), "first", "Gemeente Waterkant") == (
            "Doel 60 minuten: kanaal Gemeente Waterkant, prioriteit dringend."
        )
        assert explain(OWN, "next", "Gemeente Waterkant") == "Doel 240 minuten: kanaal Gemeente Waterkant."
