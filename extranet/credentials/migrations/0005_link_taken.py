from django.db import migrations, models


class Migration(migrations.Migration):
    """A reset link says when it is being claimed, so that only one of many claims hashes a password."""

    dependencies = [
        ("credentials", "0004_pickup_links"),
    ]

    operations = [
        migrations.AddField(
            model_name="resetlink",
            name="taken_until",
            field=models.DateTimeField(null=True),
        ),
    ]
