from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0002_api_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="identity",
            name="profile_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="identity",
            name="profile_attempts",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="identity",
            index=models.Index(
                condition=models.Q(("profile_due_at__isnull", False)),
                fields=["profile_due_at"],
                name="identity_profile_due",
            ),
        ),
    ]
