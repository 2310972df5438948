"""What the check of a channel shows, access that we renew ourselves, and a channel that was disconnected."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0005_when_a_platform_wants_to_be_asked_again"),
    ]

    operations = [
        *(
            migrations.AddField("platformapp", name, models.DateTimeField(blank=True, null=True))
            for name in ("challenged_at", "challenge_refused_at", "verified_at", "refused_at")
        ),
        migrations.AddField("account", "missing_permissions", models.JSONField(blank=True, null=True)),
        migrations.AddField("account", "token_renew_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            "account",
            "state",
            models.CharField(
                choices=[
                    ("active", "active"),
                    ("paused", "paused"),
                    ("broken", "connection broken"),
                    ("disconnected", "disconnected"),
                ],
                default="active",
                max_length=16,
            ),
        ),
    ]
