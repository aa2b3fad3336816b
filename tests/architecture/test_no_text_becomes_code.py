"""What somebody typed or sent never becomes code: no SQL, shell, pattern, template or pickle is made of it."""

import ast
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2] / "extranet"
SOURCES = {
    file.relative_to(HOUSE).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
    for file in HOUSE.rglob("*.py")
    if "migrations" not in file.parts
}
PATTERNS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
UNPACKERS = {"pickle", "marshal", "shelve", "dill", "yaml"}
READERS_OF_XML = {"xml", "lxml", "bs4", "html5lib"}
XML = {
    "reports/sources/workbook_scan.py",  # parts of a workbook from outside: expat, and document types are refused
    "vault/unfinished_uploads.py",  # what our own store answers
    "web/staff_enrolment/qr.py",  # a picture of our own making
}
NOT_TEXTS = {"pl", "FastExcel(target)"}  # libraries of tables that have a method of that name
OF_THE_PROFILE = {
    # a pattern of the profile's folder, which the operator installs; loader.py and layouts.py try it first
    "agents/cells.py",
    "credentials/choose_password.py",  # the form of a license, which no password may hold
    "agents/rename.py",
    "credentials/username.py",
    "profile/layouts.py",
    "profile/loader.py",
    "mail/guard.py",  # digits of the exchange's own telephone number
}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call with its name: ``eval``, ``re.compile``, ``cursor.execute``; of a longer chain the last two parts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node
            elif isinstance(node.func, ast.Attribute):
                owner = node.func.value
                first = (
                    owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
                )
                yield f"{first}.{node.func.attr}", node


def is_constant(node: ast.expr) -> bool:
    """A text that stands in the source, or is put together of names in capitals and such texts."""
    if isinstance(node, ast.JoinedStr):
        return all(is_constant(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return is_constant(node.value)
    if isinstance(node, ast.BinOp):
        return is_constant(node.left) and is_constant(node.right)
    if isinstance(node, ast.Attribute):  # NAME.pattern
        return is_constant(node.value)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def evaluated(tree: ast.AST) -> set[str]:
    return {name for name, _ in calls(tree) if name in {"eval", "exec", "compile", "__import__"}}


def imported(tree: ast.AST, wanted: set[str]) -> set[str]:
    names = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name for name in names for bad in wanted if name == bad or name.startswith(f"{bad}.")}


def shelled(tree: ast.AST) -> set[str]:
    found = {name for name, _ in calls(tree) if name in {"os.system", "os.popen", "subprocess.getoutput"}}
    shells = (word for _, call in calls(tree) for word in call.keywords if word.arg == "shell")
    return found | {"shell=" for word in shells if not (isinstance(word.value, ast.Constant) and not word.value.value)}


def spoken_sql(tree: ast.AST) -> set[str]:
    found = {name for name, _ in calls(tree) if name.endswith((".raw", ".extra")) or name == "RawSQL"}
    told = (call for name, call in calls(tree) if name.endswith((".execute", ".executemany")))
    return found | {ast.unparse(call) for call in told if not (call.args and is_constant(call.args[0]))}


def made_patterns(tree: ast.AST) -> set[str]:
    asked = (call for name, call in calls(tree) if name.startswith("re.") and name[3:] in PATTERNS)
    return {ast.unparse(call) for call in asked if not (call.args and is_constant(call.args[0]))}


def made_templates(tree: ast.AST) -> set[str]:
    return {
        name for name, _ in calls(tree) if name in {"Template", "template.Template"} or name.endswith("from_string")
    }


def made_formats(tree: ast.AST) -> set[str]:
    """``text.format(...)`` where the text is no constant: braces in it would reach into objects."""
    asked = [call for name, call in calls(tree) if name.endswith(".format")]
    owners = [call.func.value for call in asked if isinstance(call.func, ast.Attribute)]
    return {ast.unparse(owner) for owner in owners if not is_constant(owner) and ast.unparse(owner) not in NOT_TEXTS}


def test_nothing_is_evaluated_or_unpickled() -> None:
    assert {name for name, tree in SOURCES.items() if evaluated(tree) or imported(tree, UNPACKERS)} == set()


def test_xml_is_read_in_known_places() -> None:
    assert {name for name, tree in SOURCES.items() if imported(tree, READERS_OF_XML)} == XML


def test_no_shell_is_ever_asked() -> None:
    assert {name for name, tree in SOURCES.items() if shelled(tree)} == set()


def test_sql_is_never_put_together_from_text() -> None:
    """Counters are one statement a row: constants of that file, of which the number of places alone varies."""
    spoken = {name: found for name, tree in SOURCES.items() if (found := spoken_sql(tree))}
    assert spoken.keys() == {"credentials/counters.py"}


def test_no_pattern_is_made_of_what_somebody_typed() -> None:
    assert {name for name, tree in SOURCES.items() if made_patterns(tree)} == OF_THE_PROFILE


def test_templates_and_formats_come_from_files_alone() -> None:
    assert {name for name, tree in SOURCES.items() if made_templates(tree)} == set()
    made = {name: found for name, tree in SOURCES.items() if (found := made_formats(tree))}
    assert made == {"reports/changes/words.py": {"told.words"}}  # a sentence of the profile's folder


def test_the_search_would_find_each() -> None:
    bad = ast.parse(
        "import pickle, xml.etree.ElementTree\nfrom yaml import load\neval(x)\nos.system(x)\nrun(x, shell=True)\n"
        "rows.raw(x)\ncursor.execute(f'SELECT {x}')\nre.compile(x)\nTemplate(x)\nengine.from_string(x)\nx.format(1)\n"
    )
    assert evaluated(bad) == {"eval"}
    assert imported(bad, UNPACKERS) == {"pickle", "yaml"}
    assert imported(bad, READERS_OF_XML) == {"xml.etree.ElementTree"}
    assert shelled(bad) == {"os.system", "shell="}
    assert spoken_sql(bad) == {"rows.raw", "cursor.execute(f'SELECT {x}')"}
    assert made_patterns(bad) == {"re.compile(x)"}
    assert made_templates(bad) == {"Template", "engine.from_string"}
    assert made_formats(bad) == {"x"}
    fine = ast.parse(
        "re.sub(rf'{GAP}x', '', y)\ncursor.execute('SELECT %s', [x])\nrun([x], shell=False)\n'{}'.format(x)"
    )
    assert not made_patterns(fine) | spoken_sql(fine) | shelled(fine) | made_formats(fine)
