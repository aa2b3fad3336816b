"""A Spark cluster of two executors on 127.0.0.1, for the slow suite: processes of their own, as on several machines."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

DEFAULTS = """\
spark.master local-cluster[2,1,1024]
spark.ui.enabled false
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.driver.memory 768m
spark.sql.shuffle.partitions 4
spark.sql.files.openCostInBytes 1
"""
WIRES = """\
spark.authenticate true
spark.authenticate.secret only-for-tests
spark.network.crypto.enabled true
"""


def why_not() -> str:
    """Why Spark cannot run here; blank if it can."""
    if importlib.util.find_spec("pyspark") is None:
        return "PySpark is not installed (make .venv/spark)"
    if shutil.which("java") is None:
        return "there is no Java (apt-get install openjdk-17-jre-headless)"
    return ""


@contextmanager
def spark_cluster(folder: Path, *, wires: bool = True, python: Path = Path(sys.executable)) -> Iterator[Path]:
    """The configuration of the house in whose name the program asks for a cluster; where its disks are."""
    spec = importlib.util.find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home, disks = folder / "home", folder / "disks"
    home.mkdir()
    for part in Path(spec.origin).parent.iterdir():  # the cluster writes beside its programs
        (home / part.name).symlink_to(part)
    (home / "conf").unlink(missing_ok=True)
    (home / "conf").mkdir()
    disks.mkdir()
    (home / "conf" / "spark-defaults.conf").write_text(f"{DEFAULTS}{WIRES if wires else ''}spark.local.dir {disks}\n")
    settings = {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(home / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(disks),
        "PYSPARK_PYTHON": str(python),
    }
    with mock.patch.dict(os.environ, settings):
        yield disks
