"""Messages found by the beginning of a word too. The table is written anew: minutes for millions of messages."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

import inbox.models.message

WORDS = """
    CREATE TEXT SEARCH DICTIONARY webcare_words (TEMPLATE = pg_catalog.simple, STOPWORDS = dutch);
    CREATE TEXT SEARCH CONFIGURATION webcare_words (COPY = pg_catalog.simple);
    ALTER TEXT SEARCH CONFIGURATION webcare_words ALTER MAPPING REPLACE pg_catalog.simple WITH webcare_words;
"""
NO_WORDS = """
    DROP TEXT SEARCH CONFIGURATION webcare_words;
    DROP TEXT SEARCH DICTIONARY webcare_words;
"""


def search(expression):
    return models.GeneratedField(
        db_persist=True,
        expression=expression,
        output_field=django.contrib.postgres.search.SearchVectorField(),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0012_lines_said_in_public"),
    ]

    operations = [
        migrations.RunSQL(WORDS, NO_WORDS),
        # A generated column cannot be altered.
        migrations.RemoveIndex(model_name="message", name="message_search"),
        migrations.RemoveField(model_name="message", name="search"),
        migrations.AddField(model_name="message", name="search", field=search(inbox.models.message.Findable("text"))),
        migrations.AddIndex(
            model_name="message",
            index=django.contrib.postgres.indexes.GinIndex(fields=["search"], name="message_search"),
        ),
    ]
