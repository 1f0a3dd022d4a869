"""The pages: their examples run, their commands exist and parse, their links and paths lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import CLASSES, PATIENCE_S, write_voice

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "DEVIATIONS.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RUN = Path("runs/synthetic-quick-tuned-random/s3-acoustic/fold-00-seed-0")
FOLDERS = "drl4ser|experiments|data_prep|benchmarks|tests|results|docs|notebooks"

per_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def read(page):
    return page.read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL)


def shell(page):
    """The page's commands, from its blocks and from code in its text, on one line each."""
    text = read(page)
    inline = re.findall(
        r"`((?:[A-Z_]+=\S+ )?(?:make|python -m|drl4ser-predict) [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S)
    )
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [re.sub(r"\s+", " ", line) for line in [*inline, *lines]]


def make_targets():
    return {name for line in re.findall(r"^([a-z0-9][\w -]*):(?!=)", MAKEFILE, re.MULTILINE) for name in line.split()}


def make_variables():
    """What a user may set; make refuses all others, and tests/test_commands.py compares the list with the rules."""
    return set(MAKEFILE.split("VARIABLES := ")[1].split("GIVEN :=")[0].replace("\\", " ").split())


BIN = Path(sys.executable).parent
FIRST_CORPUS = ROOT / "docs/first-corpus.md"
WITH_EXAMPLES = [page for page in PAGES if blocks(page, "python") and page != FIRST_CORPUS]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_the_examples_run_as_printed(page, trained_run, tmp_path):
    write_voice(tmp_path / "speech.wav", "angry", seed=0)
    (tmp_path / RUN).parent.mkdir(parents=True)
    (tmp_path / RUN).symlink_to(trained_run[0])
    (tmp_path / "page.py").write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr


# The commands of the page, with this interpreter and this code, shortened to one epoch of one fold.
IN_PLACE_OF_AN_INSTALLATION = f"""
set -euo pipefail
export PYTHONPATH="{ROOT}"
make() {{
  [ "$1" = setup ] || env -u MAKEFLAGS -u MAKELEVEL make -f "{ROOT}/Makefile" BIN="{BIN}" \\
    "$@" EPOCHS=1 FOLDS=1 JOBS=1 ALLOW_MIXED_CODE=true
}}
source() {{ [ "$1" = .venv/bin/activate ]; }}
drl4ser-predict() {{ "{BIN}/python" -c 'from drl4ser.inference.command import main; raise SystemExit(main())' "$@"; }}
"""


def test_the_first_corpus_goes_from_a_folder_to_a_prediction(tmp_path):
    (tmp_path / "recordings").mkdir()
    for speaker in range(5):
        for index, emotion in enumerate(CLASSES):
            write_voice(tmp_path / "recordings" / f"{speaker}_{emotion}_01.wav", emotion, seed=10 * speaker + index)
    listing, commands = "".join(blocks(FIRST_CORPUS, "python")), "".join(blocks(FIRST_CORPUS, "sh"))
    subprocess.run([sys.executable, "-c", listing], cwd=tmp_path, check=True)
    script = IN_PLACE_OF_AN_INSTALLATION + commands
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert "20 of 20 utterances" in done.stdout
    table = (tmp_path / "my_results/table1/manifest-quick-tuned-speaker/table1.md").read_text(encoding="utf-8")
    assert table in done.stdout and "| S3 " in table and "| Poria et al. 2016 " in table
    predictions = done.stdout.split("Written to")[1].splitlines()[1:]
    assert len(predictions) == len(list((tmp_path / "recordings").glob("*_01.wav")))
    assert all(emotion in line for line in predictions for emotion in CLASSES)


def test_the_main_pages_have_examples():
    assert len(blocks(ROOT / "README.md", "python")) >= 2
    assert len(blocks(ROOT / "docs/contributing.md", "python")) >= 3


@per_page
def test_shell_blocks_parse(page):
    for block in blocks(page, "sh"):
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, f"{block}\n{done.stderr}"


@per_page
def test_every_make_command_exists(page):
    for line in shell(page):
        for command in re.findall(r"(?:^|\s|&& )make ((?!-C)[^#;|`]+)", line):
            for word in command.split():
                name, equals, _ = word.partition("=")
                if equals and name.isupper():
                    assert name in make_variables(), f"{line}: make has no variable {name}"
                elif re.fullmatch(r"[a-z][\w-]*", word):
                    assert word in make_targets(), f"{line}: make has no target {word}"


@per_page
def test_every_module_and_flag_exists(page):
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("experiments", "data_prep", "benchmarks")
        for path in (ROOT / folder).glob("*.py")
    ]
    flags = set(re.findall(r'DEFINE_\w+\(\s*"(\w+)"', "".join(sources)))
    predict = (ROOT / "drl4ser/inference/options.py").read_text(encoding="utf-8")
    for line in shell(page):
        for module in re.findall(r"python -m ([\w.]+)", line):
            if module.split(".")[0] in FOLDERS.split("|"):
                assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file(), line
                for flag in re.findall(r" --(?:no)?(\w+)", line):
                    assert {flag, f"no{flag}"} & flags, f"{line}: no module has the flag --{flag}"
        for options in re.findall(r"drl4ser-predict ([^#|]+)", line):
            for option in re.findall(r"--\w+", options):
                assert f'"{option}"' in predict, f"{line}: drl4ser-predict has no {option}"


def test_every_target_and_variable_is_documented():
    page = read(ROOT / "docs/commands.md")
    named = set(re.findall(r"`([\w-]+)`", page))
    assert make_targets() - {"help", "$"} <= named
    assert make_variables() <= named
    sources = [path for folder in ("drl4ser", "experiments", "notebooks") for path in (ROOT / folder).rglob("*.*")]
    sources = [path for path in sources if path.suffix in (".py", ".ipynb")]
    found = {name for path in sources for name in re.findall(r"DRL4SER_[A-Z_]+", path.read_text(encoding="utf-8"))}
    assert found and found <= set(re.findall(r"DRL4SER_[A-Z_]+", page))


@per_page
def test_links_and_their_anchors_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", read(page), flags=re.DOTALL)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(linked), f"{page.name} links to {target}"


def anchors(page):
    """The anchors that a code host gives to headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", read(page), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@per_page
def test_paths_that_are_named_exist(page):
    for path in re.findall(rf"`((?:{FOLDERS})/[\w./-]+\.\w+)`", read(page)):
        assert (ROOT / path).is_file(), f"{page.name} names {path}"


def test_the_readme_stays_short():
    assert len(read(ROOT / "README.md").splitlines()) <= 180


def test_citation_licence_and_package_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    package = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert f'version="{citation["version"]}"' in package
    # The weights that come with the package have a licence of their own.
    assert f'license="{citation["license"]} AND CC-BY-NC-SA-4.0"' in package
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{citation['license']} License")
    paper = citation["preferred-citation"]
    assert paper["title"] in read(ROOT / "README.md") and paper["doi"] in read(ROOT / "README.md")


def test_public_ci_runs_what_every_change_must_pass():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert "bash .ci/run" in [step.get("run") for step in job["steps"]]
    supported = re.findall(
        r'"Programming Language :: Python :: ([\d.]+)"', (ROOT / "setup.py").read_text(encoding="utf-8")
    )
    assert set(job["strategy"]["matrix"]["python"]) <= set(supported)


def test_the_changelog_groups_changes():
    sections = re.findall(r"^### (.+)$", read(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert sections and set(sections) <= {"Added", "Changed", "Fixed", "Removed"}
