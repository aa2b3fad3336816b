"""Uploads that arrive in pieces, by more than one way, once a key. What is there already had arrived whole."""

from django.db import migrations, models
from django.db.models import F


def arrived_whole(apps, schema_editor):
    uploads = apps.get_model("reports", "StagedUpload").objects.filter(arrived_at__isnull=True)
    uploads.exclude(kind="roster").update(queued_at=F("uploaded_at"))
    uploads.update(arrived_at=F("uploaded_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0002_publication_at_size'),
    ]

    operations = [
        migrations.AddField(
            model_name='stagedupload',
            name='announced',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='arrived_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='chain',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='chunk_bytes',
            field=models.PositiveIntegerField(default=4194304),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='exit_code',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='first_chunk',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='once_key',
            field=models.CharField(max_length=64, null=True, unique=True),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='queued_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='release',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='told_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='stagedupload',
            name='way',
            field=models.CharField(default='pages', max_length=8),
        ),
        migrations.RunPython(arrived_whole, migrations.RunPython.noop),
    ]
