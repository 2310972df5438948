"""Special days and worked holidays, targets for some conversations, and a first acknowledgement beside the
out-of-hours reply."""

from datetime import time

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import inbox.models.rules

PRIORITIES = [(0, "normal"), (1, "high"), (2, "urgent")]
KINDS = [("out_of_hours", "out-of-hours reply"), ("acknowledgement", "first acknowledgement")]


class Migration(migrations.Migration):
    dependencies = [("inbox", "0020_kind_of_contact_and_priority")]

    operations = [
        migrations.CreateModel(
            name="SpecialPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField()),
                ("opens", models.TimeField()),
                ("closes", models.TimeField()),
                ("name", models.CharField(blank=True, max_length=80)),
                (
                    "settings",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="special_periods",
                        to="inbox.accountsettings",
                    ),
                ),
            ],
            options={
                "ordering": ["date", "opens"],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(closes__gt=F("opens")) | Q(closes=time(0)), name="special_period_closes_later"
                    ),
                    models.UniqueConstraint(fields=("settings", "date", "opens"), name="special_period_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AnswerTarget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public", models.BooleanField(blank=True, null=True)),
                ("priority", models.PositiveSmallIntegerField(blank=True, choices=PRIORITIES, null=True)),
                ("first_answer_minutes", models.PositiveIntegerField()),
                ("next_answer_minutes", models.PositiveIntegerField()),
                (
                    "settings",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="targets", to="inbox.accountsettings"
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.topic",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("settings", "public", "topic", "priority"), name="target_once", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=~Q(public=None, topic=None, priority=None), name="target_for_something"
                    ),
                    models.CheckConstraint(
                        condition=Q(first_answer_minutes__gt=0, next_answer_minutes__gt=0), name="target_takes_time"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="accountsettings",
            name="acknowledgement_text",
            field=models.TextField(
                blank=True, db_default="", default="", max_length=1000, verbose_name="first acknowledgement"
            ),
        ),
        migrations.AddField(
            model_name="accountsettings", name="agreed_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="accountsettings",
            name="worked_holidays",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                blank=True,
                db_default=["Goede vrijdag"],
                default=inbox.models.rules.worked_holidays,
            ),
        ),
        migrations.AddField(model_name="clock", name="resumed_at", field=models.DateTimeField(blank=True, null=True)),
        migrations.AddField(model_name="clock", name="resumed_minutes", field=models.FloatField(blank=True, null=True)),
        migrations.AddField(
            model_name="autoreply",
            name="kind",
            field=models.CharField(choices=KINDS, db_default="out_of_hours", default="out_of_hours", max_length=16),
        ),
        migrations.AlterField(
            model_name="autoreply", name="closed_since", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.RemoveConstraint(model_name="autoreply", name="auto_reply_once_per_public_thread"),
        migrations.AddConstraint(
            model_name="autoreply",
            constraint=models.UniqueConstraint(
                condition=Q(public=True),
                fields=("account", "thread_id", "kind"),
                name="auto_reply_once_per_public_thread",
            ),
        ),
        migrations.AddConstraint(
            model_name="autoreply",
            constraint=models.UniqueConstraint(
                condition=Q(kind="acknowledgement"), fields=("conversation",), name="acknowledged_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="autoreply",
            constraint=models.CheckConstraint(
                condition=Q(kind="out_of_hours", closed_since__isnull=False)
                | Q(kind="acknowledgement", closed_since__isnull=True),
                name="closed_when_out_of_hours",
            ),
        ),
        # On the way back, first of all: that an acknowledgement was sent is forgotten,
        # the message itself stays.
        migrations.RunSQL(
            migrations.RunSQL.noop, reverse_sql="DELETE FROM inbox_autoreply WHERE kind = 'acknowledgement'"
        ),
    ]
