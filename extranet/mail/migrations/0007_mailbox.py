from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Lower


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Two steps: a database lowers ASCII in one statement, and other capitals not everywhere."""
    rows = apps.get_model("mail", "OutboxMail").objects.using(schema_editor.connection.alias)
    rows.update(mailbox=Lower("to_address"))
    for pk, address, mailbox in rows.values_list("pk", "to_address", "mailbox").iterator():
        if mailbox != address.lower():
            rows.filter(pk=pk).update(mailbox=address.lower())


class Migration(migrations.Migration):
    dependencies = [("mail", "0006_tries")]

    operations = [
        migrations.AddField(
            model_name="outboxmail",
            name="mailbox",
            field=models.CharField(default="", max_length=254),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
