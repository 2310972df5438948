"""What kind of contact a conversation is, and how much haste it has."""

from django.db import migrations, models

KINDS = [
    ("question", "question"),
    ("complaint", "complaint"),
    ("compliment", "compliment"),
    ("report", "report"),
    ("idea", "idea"),
]


class Migration(migrations.Migration):
    dependencies = [("inbox", "0019_alike_questions")]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="contact_kind",
            field=models.CharField(blank=True, choices=KINDS, db_default="", default="", max_length=10),
        ),
        migrations.AddField(
            model_name="conversation",
            name="priority",
            field=models.PositiveSmallIntegerField(
                choices=[(0, "normal"), (1, "high"), (2, "urgent")], db_default=0, default=0
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(condition=models.Q(("priority__lte", 2)), name="priority_that_exists"),
        ),
    ]
