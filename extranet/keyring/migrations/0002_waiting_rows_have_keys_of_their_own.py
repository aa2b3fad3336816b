"""No key of the system seals rows that wait any more; choices stand in no column."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("keyring", "0001_initial")]

    operations = [migrations.AlterField("systemkey", "purpose", models.CharField(choices=[('outbox', 'Secret mails until they are delivered'), ('requests', 'Texts of requests and answers'), ('publications', 'Headers of packs'), ('quarantine', 'Rows with faults'), ('second_factor', 'Secrets of authenticators'), ('staging', 'Uploads until they are published'), ('views', 'Searches in addresses')], max_length=20))]
