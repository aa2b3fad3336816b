import csv

from django.apps import AppConfig

LONGEST_CELL = 32 * 1024 * 1024  # signs; more than a piece of a file can hold


class ReportsConfig(AppConfig):
    name = "extranet.reports"
    label = "reports"

    def ready(self) -> None:
        # A cell may be far too long for the layout: that is a fault with a line, told by the check, and the row is
        # kept. What bounds the memory is the piece in which a file is read.
        csv.field_size_limit(LONGEST_CELL)
