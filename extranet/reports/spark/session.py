"""The cluster, as its own configuration names it: spark-defaults.conf, SPARK_HOME, spark-submit. Nothing of it is ours.

Two things are asked of it, because rows of consumers lie on its disks and pass between its machines: encrypt both.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import environ
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from extranet.reports.refusals import EngineAway, PublicationRefused, UsageRefused

_DISKS = "spark.io.encryption.enabled"
_WIRES = ("spark.network.crypto.enabled", "spark.ssl.rpc.enabled")
_LACKING = re.compile(r"No module named '([\w.]+)'")
_SETTINGS = {
    _DISKS: "true",
    "spark.sql.adaptive.enabled": "false",  # the same table is cut into the same parts each time it is read
}


@contextmanager
def session() -> Iterator[SparkSession]:
    """Of this process; one that was here before is used and stays. Raises UsageRefused."""
    _require_java()
    was_here = SparkSession.getActiveSession() is not None
    builder = SparkSession.builder.appName("agent-extranet publish")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    try:
        found = builder.getOrCreate()
    except Exception as error:  # py4j, the JVM and PySpark each have errors of their own here
        raise UsageRefused(
            f"Spark could not be started ({type(error).__name__}); its own lines above say why:"
            " look at SPARK_HOME and spark-defaults.conf"
        ) from error
    try:
        _require_encryption(found)
        with told_apart():
            yield found
    finally:
        if not was_here:
            with suppress(Exception):  # it may be gone with the cluster
                found.stop()


@contextmanager
def told_apart() -> Iterator[None]:
    """An error of the cluster as a sentence without anything of a row: its own text may quote values."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        if lacking := _LACKING.search(str(error)):
            raise UsageRefused(
                f"the executors have no {lacking[1]}: install the same agent-extranet[spark] there as here, and name"
                " its Python in PYSPARK_PYTHON"
            ) from None
        raise EngineAway(
            f"the cluster did not finish ({type(error).__name__}); nothing was published. Its own logs say why;"
            " the same command begins again"
        ) from None


def opened(spark: SparkSession, name: str) -> DataFrame:
    """A table by its name, or Parquet by its path. Raises PublicationRefused."""
    if name.lower().endswith((".csv", ".csv.gz", ".txt", ".xlsx")):
        raise PublicationRefused(
            f"{Path(name).name} is no Parquet and no table: Spark drops what a broken line has too much, so text is"
            " read by the local engine only"
        )
    try:
        return spark.read.parquet(name) if "/" in name else spark.table(name)
    except PySparkException as error:
        what = "Parquet that can be read at" if "/" in name else "table"
        raise PublicationRefused(f"the cluster has no {what} {name} ({type(error).__name__})") from None


@contextmanager
def kept(frame: DataFrame) -> Iterator[DataFrame]:
    """Computed once, then read from the encrypted disks of the executors, until the end of the block."""
    frame.persist(StorageLevel.DISK_ONLY)
    try:
        yield frame
    finally:
        with suppress(Exception):  # the cluster may be gone, and with it what it kept
            frame.unpersist()


def _require_java() -> None:
    if "JAVA_HOME" not in environ and shutil.which("java") is None:
        raise UsageRefused("Spark needs Java 17 or newer: install it, or set JAVA_HOME")


def _require_encryption(spark: SparkSession) -> None:
    settings = spark.sparkContext.getConf()
    if settings.get(_DISKS, "false") != "true":
        raise UsageRefused(f"rows would lie in clear on the disks of the cluster: set {_DISKS} true")
    is_here = spark.sparkContext.master.split("[")[0] == "local"
    if not is_here and all(settings.get(name, "false") != "true" for name in _WIRES):
        raise UsageRefused(
            "rows and keys would pass between the machines of the cluster in clear: set spark.authenticate and"
            f" {_WIRES[0]} true in spark-defaults.conf"
        )
