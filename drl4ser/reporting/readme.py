"""Fill the tables of a Markdown page from results files, so that none is typed by hand.

A table stands between `<!-- results:table2/ravdess-paper-paper-random -->` and `<!-- /results -->`. The first names a
directory of results, a Markdown file beside that of all results (benchmarks/results/benchmark.md), or one of
`at-a-glance` (see `drl4ser.reporting.glance`) and `made-with`: commits and versions of all tables of the page, which
then do not stand under each of them.
"""

import re
from pathlib import Path

from drl4ser.reporting.glance import render_glance

_START = re.compile(r"^<!-- results:(?P<name>\S+) -->", re.MULTILINE)
_BLOCK = re.compile(_START.pattern + r"(?P<content>.*?)<!-- /results -->", re.DOTALL | re.MULTILINE)
_MADE_WITH = re.compile(r"^- Commit (?P<commits>[^;\n]+); (?P<versions>[^\n]+)\.\n", re.MULTILINE)


def fill_tables(text: str, results_dir: str | Path) -> str:
    """Put the committed tables between the markers of a page.

    Args:
        text: the page.
        results_dir: where the results are.

    Returns:
        The page, unchanged if its tables are those of the files or it has no markers.

    Raises:
        ValueError: if a marker names no results or is not closed.
    """
    blocks = list(_BLOCK.finditer(text))
    # A block that holds another start has swallowed it: its own end is missing.
    unclosed = [match for match in blocks if _START.search(match["content"])]
    if unclosed or len(blocks) != len(_START.findall(text)):
        name = unclosed[0]["name"] if unclosed else _START.findall(text)[-1]
        raise ValueError(f"The marker of {name} is not closed. Put <!-- /results --> behind its table.")
    names = dict.fromkeys(match["name"] for match in blocks)
    contents = {name: _read(name, Path(results_dir)) for name in names if name != "made-with"}
    if "made-with" in names:
        made_with = _collect_made_with(contents.values())
        contents = {name: _MADE_WITH.sub("", content) for name, content in contents.items()}
        contents["made-with"] = made_with
    return _BLOCK.sub(
        lambda match: f"<!-- results:{match['name']} -->\n\n{contents[match['name']]}\n<!-- /results -->", text
    )


def _read(name: str, results_dir: Path) -> str:
    if name == "at-a-glance":
        return render_glance(results_dir)
    path = results_dir / name / f"{name.split('/')[0]}.md"
    if name.endswith(".md"):
        path = results_dir.parent / name
    if not path.is_file():
        raise ValueError(f"{path} is not there. Run that experiment, or correct the marker of {name}.")
    return path.read_text(encoding="utf-8")


def _collect_made_with(contents) -> str:
    commits, versions = set(), {}
    for match in _MADE_WITH.finditer("".join(contents)):
        commits.update(match["commits"].split(", "))
        for item in match["versions"].split(", "):
            package, _, version = item.rpartition(" ")
            versions.setdefault(package, set()).add(version)
    listed = ", ".join(f"{package} {'/'.join(sorted(versions[package]))}" for package in sorted(versions))
    return f"Tables of this page: commits {', '.join(sorted(commits))}; {listed}.\n"
