from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0004_when_a_token_expires"),
    ]

    operations = [
        migrations.AddField(
            model_name="gapcheck",
            name="retry_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
