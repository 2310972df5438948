"""The picture with the post that a public thread stands under."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0013_beginnings_of_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="threadpost",
            name="picture",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="threadpost",
            name="picture_url",
            field=models.URLField(blank=True, db_default="", max_length=2000),
        ),
    ]
