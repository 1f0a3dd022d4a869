"""Fills the tables of a Markdown page from results files, so that none is typed by hand.

A table stands between `<!-- results:table2/ravdess-paper-paper-random -->` and `<!-- /results -->`; the first
names a directory of results, or a Markdown file beside that of all results, as benchmarks/results/benchmark.md.
"""

import re
from pathlib import Path

_START = re.compile(r"<!-- results:(?P<name>\S+) -->")
_BLOCK = re.compile(_START.pattern + r"(?P<content>.*?)<!-- /results -->", re.DOTALL)


def fill_tables(text: str, results_dir: str | Path) -> str:
    """A page with the committed tables between its markers.

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
    return _BLOCK.sub(lambda match: _fill(match["name"], Path(results_dir)), text)


def _fill(name: str, results_dir: Path) -> str:
    path = results_dir / name / f"{name.split('/')[0]}.md"
    if name.endswith(".md"):
        path = results_dir.parent / name
    if not path.is_file():
        raise ValueError(f"{path} is not there. Run that experiment, or correct the marker of {name}.")
    return f"<!-- results:{name} -->\n\n{path.read_text(encoding='utf-8')}\n<!-- /results -->"
