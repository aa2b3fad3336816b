from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mail", "0005_doubtful_address")]

    operations = [
        migrations.RemoveIndex(model_name="outboxmail", name="mail_outbox_pace"),
        migrations.AddField("outboxmail", "tried_at", models.DateTimeField(null=True)),
        migrations.AddField("outboxmail", "way_down", models.BooleanField(default=False)),
        migrations.AddField("outboxmail", "taken_back", models.BooleanField(default=False)),
        migrations.AddIndex("outboxmail", models.Index(fields=["tried_at", "domain"], name="mail_outbox_pace")),
    ]
