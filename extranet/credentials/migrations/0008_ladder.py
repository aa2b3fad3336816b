"""The rung of the ladder that was reached. Who was warned before there was one was told of ten days."""

from django.db import migrations, models


def told_of_ten_days(apps, schema_editor):
    apps.get_model("credentials", "Account").objects.filter(warned_serial__gt=0).update(warned_days=10)


class Migration(migrations.Migration):
    dependencies = [("credentials", "0007_sessions")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="warned_days",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.RunPython(told_of_ten_days, migrations.RunPython.noop),
    ]
