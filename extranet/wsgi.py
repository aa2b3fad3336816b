"""The WSGI application; refuses to start where the environment cannot serve."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from extranet.demo.seed import refuse_outside
from extranet.env import require_to_serve
from extranet.jobs.logs import configure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "extranet.settings")
configure()
require_to_serve(settings.EXTRANET)
refuse_outside(settings.EXTRANET)
application = get_wsgi_application()
