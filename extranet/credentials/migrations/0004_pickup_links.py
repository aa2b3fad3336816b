"""Links of a second kind: those of the third mail, which give no password themselves."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("credentials", "0003_second_factors")]

    operations = [
        migrations.AddField(
            model_name="resetlink",
            name="kind",
            field=models.CharField(
                choices=[("reset", "Reset"), ("pickup", "Pickup")], default="reset", max_length=6
            ),
        ),
    ]
