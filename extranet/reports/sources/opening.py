"""What kind of file it is, by its bytes; its name is not asked, since anybody can rename a file."""

from extranet.reports.sources.archives import HEAD, refuse_by_name
from extranet.reports.sources.chunk import Source
from extranet.reports.sources.csv_file import CsvFile
from extranet.reports.sources.input_file import InputFile
from extranet.reports.sources.parquet import MAGIC, ParquetFile
from extranet.reports.sources.xlsx import WorkbookFile

_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def open_source(input: InputFile) -> Source:
    """The rows of the file. Raises PublicationRefused for what is known and not taken."""
    file = input.file
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    if head.startswith(MAGIC):
        return ParquetFile(file)
    if head.startswith(_ZIPS):
        return WorkbookFile(file)
    refuse_by_name(file, head)
    return CsvFile(input.sequential(), total=input.size)
