"""Rules for new conversations; topics with keywords, examples and how long they are kept; replies that go with one."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KINDS = [
    ("question", "question"),
    ("complaint", "complaint"),
    ("compliment", "compliment"),
    ("report", "report"),
    ("idea", "idea"),
]
GROUNDS = [
    ("politics", "politics"),
    ("press", "press"),
    ("safety", "safety"),
    ("threat", "threat"),
    ("other", "another reason"),
]
RETENTIONS = [
    ("", "as usual"),
    ("year", "1 year"),
    ("3_years", "3 years"),
    ("5_years", "5 years"),
    ("10_years", "10 years"),
    ("for_ever", "for ever, in the archive"),
]
NOTICES = [
    ("assigned", "assigned to you"),
    ("mentioned", "mentioned in a note"),
    ("almost_late", "almost late"),
    ("late", "late"),
    ("answered", "the citizen answered"),
    ("taken_over", "taken over by a colleague"),
    ("advice_asked", "your advice is asked"),
    ("advice_given", "advice was given"),
    ("bounced", "sent back more than once"),
    ("handed_over", "handed over to you"),
    ("followed", "news in a conversation you follow"),
    ("ruled", "a rule points you to a conversation"),
]


class Migration(migrations.Migration):
    dependencies = [("inbox", "0021_hours_targets_and_acknowledgements")]

    operations = [
        migrations.AddField(
            model_name="topic",
            name="keywords",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60),
                blank=True,
                db_default=[],
                default=list,
                verbose_name="keywords",
            ),
        ),
        migrations.AddField(
            model_name="topic",
            name="examples",
            field=models.TextField(blank=True, db_default="", default="", max_length=2000, verbose_name="examples"),
        ),
        migrations.AddField(
            model_name="topic",
            name="retention",
            field=models.CharField(
                blank=True,
                choices=RETENTIONS,
                db_default="",
                default="",
                max_length=10,
                verbose_name="kept after closing",
            ),
        ),
        migrations.AddField(
            model_name="standardreply",
            name="topic",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="standard_replies",
                to="inbox.topic",
                verbose_name="topic",
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(choices=NOTICES, max_length=16),
        ),
        migrations.CreateModel(
            name="RoutingRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("position", models.PositiveIntegerField()),
                ("active", models.BooleanField(default=False, verbose_name="in use")),
                ("conditions", models.JSONField(blank=True, default=dict)),
                (
                    "contact_kind",
                    models.CharField(blank=True, choices=KINDS, max_length=10, verbose_name="kind of contact"),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[(0, "normal"), (1, "high"), (2, "urgent")],
                        null=True,
                        verbose_name="priority",
                    ),
                ),
                (
                    "sensitive",
                    models.CharField(blank=True, choices=GROUNDS, max_length=10, verbose_name="sensitive"),
                ),
                (
                    "notify",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), blank=True, default=list
                    ),
                ),
                ("notify_leads", models.BooleanField(default=False)),
                ("stop", models.BooleanField(default=False)),
                ("hits", models.PositiveIntegerField(default=0)),
                ("hit_at", models.DateTimeField(blank=True, null=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="colleague",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.topic",
                        verbose_name="topic",
                    ),
                ),
            ],
            options={
                "verbose_name": "rule",
                "ordering": ["position", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=["name"], name="rule_name_once"),
                    models.UniqueConstraint(
                        deferrable=models.Deferrable.DEFERRED, fields=["position"], name="rule_position_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("priority__isnull", True), ("priority__lte", 2), _connector="OR"),
                        name="rule_priority_that_exists",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("department__isnull", False),
                            ("topic__isnull", False),
                            models.Q(("contact_kind", ""), _negated=True),
                            ("priority__isnull", False),
                            ("assignee__isnull", False),
                            models.Q(("sensitive", ""), _negated=True),
                            ("notify__len__gt", 0),
                            ("notify_leads", True),
                            ("stop", True),
                            _connector="OR",
                        ),
                        name="rule_does_something",
                    ),
                ],
            },
        ),
    ]
