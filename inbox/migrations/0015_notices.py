"""What colleagues are told."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0014_pictures_with_posts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
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
                        ],
                        max_length=16,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("data", models.JSONField(blank=True, default=dict)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.conversation"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "indexes": [
                    models.Index(fields=["user", "-at", "-id"], name="notice_list"),
                    models.Index(fields=["at"], name="notice_by_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("seen_at__isnull", True)),
                        fields=("user", "conversation", "kind"),
                        name="one_unseen_notice_of_a_kind",
                    )
                ],
            },
        ),
    ]
