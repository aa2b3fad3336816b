from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery


def with_the_role_of_today(apps, schema_editor):
    """Or everybody at work would be logged out by the upgrade."""
    account = apps.get_model("credentials", "Account").objects.filter(pk=OuterRef("account"))
    living = apps.get_model("credentials", "LiveSession").objects.filter(ended_at=None)
    living.update(role=Subquery(account.values("role")[:1]))


class Migration(migrations.Migration):
    dependencies = [("credentials", "0006_agency_staff")]

    operations = [
        migrations.AddField(
            model_name="livesession",
            name="role",
            field=models.CharField(blank=True, default="", max_length=16),
            preserve_default=False,
        ),
        migrations.RunPython(with_the_role_of_today, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="livesession",
            index=models.Index(condition=Q(("ended_at", None)), fields=["last_seen_at"], name="live_sessions_idle"),
        ),
        migrations.CreateModel(
            name="SessionClock",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False),
                ),
                ("latest_at", models.DateTimeField()),
            ],
            options={"db_table": "session_clock"},
        ),
    ]
