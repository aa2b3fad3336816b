"""J1: the extranet stands beside the exchange's systems. It takes files in; it has no way to write to theirs."""

import ast
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2] / "extranet"
CLIENTS = {"aiohttp", "ftplib", "http.client", "httpx", "paramiko", "requests", "urllib.request", "urllib3", "xmlrpc"}
OWN = {
    "cli/serve.py",  # asks the site that it has just started whether it is ready
    "vault/unfinished_uploads.py",  # asks our own store for what its library cannot ask
}


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{name.name}" for name in node.names))


def ways_out(source: str) -> set[str]:
    return {name for name in imported(source) for client in CLIENTS if name == client or name.startswith(f"{client}.")}


def test_no_module_brings_a_client_of_another_system() -> None:
    files = {file.relative_to(HOUSE).as_posix(): file for file in HOUSE.rglob("*.py")}
    assert {name for name, file in files.items() if ways_out(file.read_text(encoding="utf-8"))} == OWN


def test_the_search_would_find_one() -> None:
    assert ways_out("import requests\nfrom urllib import request\nfrom http.client import HTTPSConnection") >= {
        "requests",
        "urllib.request",
        "http.client",
    }
