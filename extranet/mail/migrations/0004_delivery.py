from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mail", "0003_secured_ways")]

    operations = [
        migrations.AddField(
            model_name="outboxmail",
            name="domain",
            field=models.CharField(default="", max_length=254),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="outboxmail",
            index=models.Index(fields=["accepted_at", "domain"], name="mail_outbox_pace"),
        ),
    ]
