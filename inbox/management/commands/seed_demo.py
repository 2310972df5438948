"""`manage.py seed_demo`: Gemeente Waterkant with accounts, colleagues and hours. Leaves alone what is there."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from channels.clock import now
from channels.models import Account, PlatformApp
from channels.simulator import town
from inbox.management import demo_town
from inbox.models import AccountSettings, Department, OpeningPeriod, RoutingRule, StandardReply, Topic, User


class Command(BaseCommand):
    """Only with the simulator: its secrets are in the source and must never guard a real account."""

    help = "Gemeente Waterkant: accounts at the simulator, colleagues, hours. Refuses without SIMULATOR_URL."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is not there; change nothing that is. Raises CommandError without SIMULATOR_URL."""
        if not settings.SIMULATOR_URL:
            raise CommandError("seed_demo needs SIMULATOR_URL: the demo's secrets are public.")
        departments = {
            slug: Department.objects.get_or_create(
                slug=slug, defaults={"name": name, "routed_text": demo_town.ROUTED_TEXTS.get(slug, "")}
            )[0]
            for slug, name in demo_town.DEPARTMENTS.items()
        }
        for username, first, last, role, slugs in demo_town.COLLEAGUES:
            if not User.objects.filter(username=username).exists():
                user = User.objects.create_user(
                    username,
                    f"{username}@waterkant.example",
                    demo_town.PASSWORD,
                    first_name=first,
                    last_name=last,
                    role=role,
                )
                user.departments.set(departments[slug] for slug in slugs)
                user.languages = demo_town.LANGUAGES.get(username, [])
                user.most_open = demo_town.MOST_OPEN.get(username)
                user.save(update_fields=["languages", "most_open"])
        topics = {}
        for name, slug, keywords, example, retention in demo_town.TOPICS:
            known = {"keywords": list(keywords), "examples": example, "retention": retention}
            topics[name], _ = Topic.objects.get_or_create(
                name=name, defaults={"department": departments.get(slug), **known}
            )
        for item in town.APPS:
            app, _ = PlatformApp.objects.get_or_create(
                key=item.key, defaults={"kind": item.kind, "name": item.name, "secrets": item.secrets}
            )
            for demo in item.accounts:
                self.add_account(app, demo, departments)
        self.add_replies(departments, topics)
        self.add_rules(departments, topics)

    def add_rules(self, departments: dict[str, Department], topics: dict[str, Topic]) -> None:
        """The rules, once and switched on: what an administrator removed stays away."""
        if RoutingRule.objects.exists():
            return
        RoutingRule.objects.bulk_create(
            RoutingRule(
                position=position,
                active=True,
                name=name,
                conditions={"any_of": words},
                department=departments.get(slug),
                topic=topics.get(topic),
                contact_kind=kind,
                priority=priority,
                notify_leads=leads,
                changed_at=now(),
            )
            for position, (name, words, slug, topic, kind, priority, leads) in enumerate(demo_town.RULES, 1)
        )

    def add_replies(self, departments: dict[str, Department], topics: dict[str, Topic]) -> None:
        """The standard replies, once: what a team lead removed stays away."""
        if StandardReply.objects.exists():
            return
        accounts = {account.external_id: account for account in Account.objects.defer("secrets")}
        StandardReply.objects.bulk_create(
            StandardReply(
                name=name,
                text=text,
                department=departments.get(slug),
                kind=kind,
                account=accounts.get(external_id),
                reach=reach,
                topic=topics.get(demo_town.REPLY_TOPICS.get(name, "")),
                changed_at=now(),
            )
            for name, text, slug, kind, external_id, reach in demo_town.STANDARD_REPLIES
        )

    def add_account(self, app: PlatformApp, demo: town.DemoAccount, departments: dict[str, Department]) -> None:
        """One account with its agreements."""
        account, new = Account.objects.get_or_create(
            kind=demo.kind,
            external_id=demo.external_id,
            defaults={"app": app, "handle": demo.handle, "name": demo.name, "secrets": demo.secrets},
        )
        if not new:
            return
        slug, periods, (first, following), text = demo_town.AGREEMENTS[demo.external_id]
        addressing, house_style = demo_town.HOUSE_STYLE[demo.external_id]
        agreed = AccountSettings.objects.create(
            account=account,
            department=departments[slug],
            first_answer_minutes=first,
            next_answer_minutes=following,
            out_of_hours_text=text,
            addressing=addressing,
            house_style=house_style,
            own_details=demo_town.OWN,
            ending=demo_town.ENDINGS.get(demo.external_id, ""),
            undo_seconds=settings.DEMO_UNDO_SECONDS,
        )
        OpeningPeriod.objects.bulk_create(
            OpeningPeriod(settings=agreed, weekday=day, opens=opens, closes=closes) for day, opens, closes in periods
        )
