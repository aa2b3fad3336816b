"""Events and batches are append-only: the database itself refuses UPDATE and DELETE (AU-9).

On PostgreSQL a trigger also fills xact with the number of the writing transaction, which orders events for sealing.
"""

from django.db import migrations

TABLES = ("audit_events", "audit_batches")

SQLITE = """
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""

POSTGRES = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE FUNCTION audit_stamp_xact() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.xact := pg_current_xact_id()::text::bigint; RETURN NEW; END $$;
CREATE TRIGGER audit_events_stamp BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_stamp_xact();
"""

POSTGRES_TABLE = """
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
"""


def protect(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES, params=None)
        for table in TABLES:
            schema_editor.execute(POSTGRES_TABLE.format(table=table), params=None)
        return
    for table in TABLES:
        for statement in SQLITE.format(table=table).strip().splitlines():
            schema_editor.execute(statement, params=None)


def unprotect(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"DROP TRIGGER {table}_no_change ON {table}; DROP TRIGGER {table}_no_truncate ON {table};")
        schema_editor.execute("DROP TRIGGER audit_events_stamp ON audit_events;")
        schema_editor.execute("DROP FUNCTION audit_stamp_xact(); DROP FUNCTION audit_refuse_change();")
        return
    for table in TABLES:
        for event in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER {table}_no_{event};")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
