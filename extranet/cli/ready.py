"""What must be right before a server starts, and what it says where something is not."""

import os

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from extranet.demo.seed import refuse_outside
from extranet.env import EnvironmentRefused, require_to_serve, unknown_variables
from extranet.keyring.ring import check_master, signing_key
from extranet.mail.secured.configured import require_configured
from extranet.mail.ways import open_way
from extranet.profile.checks import require_sound


def require_ready() -> None:
    """Raise EnvironmentRefused, DemoRefused, KeyRefused, WayRefused, SecuredMailRefused or ProfileRefused.

    Each names the variable.
    """
    require_to_serve(settings.EXTRANET)
    refuse_outside(settings.EXTRANET)
    faults = unknown()
    if faults:
        raise EnvironmentRefused("\n".join(faults))
    require_sound()
    open_way(settings.EXTRANET.email).close()
    require_configured(now=timezone.now())
    if unapplied():
        raise EnvironmentRefused("the database is older than this program: run `extranet init`")
    check_master()
    signing_key()


def unknown() -> list[str]:
    """A sentence for every EXTRANET_ variable that means nothing: most often a typing error."""
    return [f"{name} is no setting of this program: correct or remove it" for name in unknown_variables(os.environ)]


def unapplied() -> list[str]:
    """Names of migrations that the database lacks."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
