"""Sensitive conversations whose answers a second colleague approves; what follows when a question is left lying.

The columns on large tables are empty, so that adding them takes no time; the three indexes hold running clocks only.
On the way back an answer that waits for approval is withdrawn: older code knows no such state and would lose sight of it.
"""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0022_rules_and_topics"),
    ]

    operations = [
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "UPDATE inbox_message SET state = 'withdrawn', send_at = NULL WHERE state = 'approval'",
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message_ids", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                ("text", models.TextField()),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waits"),
                            ("approved", "approved"),
                            ("refused", "not approved"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("changed_text", models.TextField(blank=True)),
                ("reason", models.TextField(blank=True)),
            ],
            options={
                "verbose_name": "approval",
            },
        ),
        migrations.CreateModel(
            name="ApproverGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
            ],
            options={
                "verbose_name": "group of approvers",
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "next_minutes",
                    models.PositiveSmallIntegerField(
                        default=60,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(9600),
                        ],
                        verbose_name="office minutes after it became late",
                    ),
                ),
                (
                    "unclaimed_percent",
                    models.PositiveSmallIntegerField(
                        default=50,
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="part of the target, in percent",
                    ),
                ),
                ("in_turn", models.BooleanField(default=False, verbose_name="assign it in turn to who is available")),
            ],
            options={
                "verbose_name": "escalation",
            },
        ),
        migrations.AddField(
            model_name="clock",
            name="next_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="clock",
            name="next_told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="clock",
            name="nobody_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="clock",
            name="nobody_told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="clock",
            name="planned_due",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="clock",
            name="turned_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="conversation",
            name="nobody_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="conversation",
            name="sensitive_ground",
            field=models.CharField(
                blank=True,
                choices=[
                    ("politics", "politics"),
                    ("press", "press"),
                    ("safety", "safety"),
                    ("threat", "threat"),
                    ("other", "another reason"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="turn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="message",
            name="state",
            field=models.CharField(
                choices=[
                    ("received", "received"),
                    ("approval", "waits for approval"),
                    ("queued", "waiting to be sent"),
                    ("sending", "being sent"),
                    ("sent", "sent"),
                    ("delivered", "delivered"),
                    ("read", "read"),
                    ("failed", "failed"),
                    ("unknown", "not certain"),
                    ("withdrawn", "withdrawn"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
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
                    ("escalated", "escalated to your department"),
                    ("approval_asked", "your approval is asked"),
                    ("approved", "your answer was approved"),
                    ("not_approved", "your answer was not approved"),
                    ("followed", "news in a conversation you follow"),
                    ("ruled", "a rule points you to a conversation"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(
                    ("paused_at__isnull", True),
                    ("stopped_at__isnull", True),
                    models.Q(
                        ("planned_due__isnull", True),
                        models.Q(("planned_due", models.F("due_at")), _negated=True),
                        _connector="OR",
                    ),
                ),
                fields=["id"],
                name="clock_to_plan",
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(
                    ("paused_at__isnull", True),
                    ("stopped_at__isnull", True),
                    ("nobody_at__isnull", False),
                    ("nobody_told_at__isnull", True),
                ),
                fields=["nobody_at"],
                name="clock_nobodys",
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(
                    ("paused_at__isnull", True),
                    ("stopped_at__isnull", True),
                    ("next_at__isnull", False),
                    ("next_told_at__isnull", True),
                ),
                fields=["next_at"],
                name="clock_to_escalate",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="message",
            trigger=pgtrigger.compiler.Trigger(
                name="second_pair_of_eyes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.\"direction\" = 'out' AND NEW.\"kind\" IN ('answer', 'routed') AND NEW.\"state\" IN ('queued', 'sending'))",
                    func="\n                    IF EXISTS (SELECT FROM inbox_conversation c WHERE c.id = NEW.conversation_id AND c.sensitive)\n                       AND NOT EXISTS (\n                           SELECT FROM inbox_approval a\n                           WHERE a.conversation_id = NEW.conversation_id AND a.state = 'approved'\n                           AND NEW.id = ANY(a.message_ids)\n                       )\n                    THEN\n                        RAISE EXCEPTION 'message % of a sensitive conversation was not approved', NEW.id\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="0dbbe7d7f2415f2f9780ed7875c924cd0e89e2c8",
                    operation='INSERT OR UPDATE OF "state"',
                    pgid="pgtrigger_second_pair_of_eyes_b2ba3",
                    table="inbox_message",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="conversation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="inbox.conversation"
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="approvergroup",
            name="department",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="approver_group", to="inbox.department"
            ),
        ),
        migrations.AddField(
            model_name="approvergroup",
            name="members",
            field=models.ManyToManyField(
                blank=True, related_name="approver_groups", to=settings.AUTH_USER_MODEL, verbose_name="who approves"
            ),
        ),
        migrations.AddField(
            model_name="escalation",
            name="department",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="escalation", to="inbox.department"
            ),
        ),
        migrations.AddField(
            model_name="escalation",
            name="next_department",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="inbox.department",
                verbose_name="next department",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["asked_at", "id"], name="approval_pending"
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("decided_by__isnull", True), ("state", "pending")),
                    models.Q(
                        models.Q(("state", "pending"), _negated=True),
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="decided_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["approved", "refused"]), _negated=True),
                    models.Q(("decided_by", models.F("author")), _negated=True),
                    _connector="OR",
                ),
                name="approved_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "refused"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="refused_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("next_department__isnull", True),
                    models.Q(("next_department", models.F("department")), _negated=True),
                    _connector="OR",
                ),
                name="escalated_elsewhere",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.CheckConstraint(
                condition=models.Q(("unclaimed_percent__gte", 5), ("unclaimed_percent__lte", 100)),
                name="part_of_a_target",
            ),
        ),
    ]
