"""What kind of file it is, by its first bytes."""

from extranet.reports.sources.chunk import Source
from extranet.reports.sources.csv_file import CsvFile
from extranet.reports.sources.input_file import InputFile


def open_source(input: InputFile) -> Source:
    """The rows of the file."""
    return CsvFile(input.sequential(), total=input.size)
