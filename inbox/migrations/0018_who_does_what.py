"""Skills, status, load and shifts of colleagues; the language of a conversation; handed-over shifts."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

RULES = [("department", "back to the department"), ("colleague", "to a colleague"), ("keep", "they stay with me")]
STATES = [("available", "available"), ("away", "away for a moment"), ("off", "done for today")]


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0005_when_a_platform_wants_to_be_asked_again"),
        ("inbox", "0017_routing_and_advice"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="language",
            field=models.CharField(blank=True, db_default="", default="", max_length=8),
        ),
        migrations.RemoveIndex(model_name="conversation", name="list_unclaimed"),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("assignee__isnull", True), ("status", "open")),
                fields=["department", "rank_at", "id"],
                include=("account", "language"),
                name="list_unclaimed",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="accounts",
            field=models.ManyToManyField(blank=True, related_name="+", to="channels.account", verbose_name="accounts"),
        ),
        migrations.AddField(
            model_name="user",
            name="languages",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=8), blank=True, default=list, verbose_name="languages"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="most_open",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="at most this many open conversations"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="availability",
            field=models.CharField(blank=True, choices=STATES, db_default="", default="", max_length=10),
        ),
        migrations.AddField(
            model_name="user", name="availability_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="user",
            name="shift_rule",
            field=models.CharField(choices=RULES, db_default="department", default="department", max_length=10),
        ),
        migrations.AddField(
            model_name="user",
            name="shift_colleague",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="Handover",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "change",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="handover", to="inbox.bulkchange"
                    ),
                ),
                (
                    "of",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "handover of a shift",
                "indexes": [models.Index(fields=["-at"], name="handovers_by_time")],
            },
        ),
    ]
