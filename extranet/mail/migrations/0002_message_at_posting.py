from django.db import migrations, models
from django.utils import timezone


def require_delivered(apps, schema_editor):
    """Mails posted before hold words, not a message: they cannot be sent any more, so they must have left."""
    mails = apps.get_model("mail", "OutboxMail").objects.using(schema_editor.connection.alias)
    if mails.filter(state__in=["queued", "sending", "deferred"]).exists():
        raise RuntimeError("mails wait in the outbox: deliver them with the earlier version, `extranet mail send`")
    mails.filter(sealed_body__isnull=False).update(sealed_body=None, wiped_at=timezone.now())


class Migration(migrations.Migration):

    dependencies = [
        ('mail', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(require_delivered, migrations.RunPython.noop),
        migrations.AddField(
            model_name='outboxmail',
            name='from_address',
            field=models.CharField(default='', max_length=254),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='outboxmail',
            name='secured_by',
            field=models.CharField(blank=True, choices=[('gateway', 'Gateway'), ('smime', 'Smime'), ('pickup', 'Pickup')], max_length=10),
        ),
    ]
