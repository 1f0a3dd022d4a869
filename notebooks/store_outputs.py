"""Execute the notebooks and store them with outputs that a code host shows: `python -m notebooks.store_outputs`.

They look at the run and records that DRL4SER_RUN and DRL4SER_RECORDS name, as `make notebooks` does. Left out is what a
code host does not show and what would make the files large: players, widgets and what libraries print to stderr.
"""

import base64
import io
import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

from notebooks.kernel import AttentiveKernelManager

FOLDER = Path(__file__).parent
PLAYER = "[a player; run the notebook to hear it]"
WIDGET = "[controls; run the notebook to use them]"


def main() -> None:
    """Execute the notebooks named on the command line, or all."""
    os.environ.setdefault("DRL4SER_ROOT", str(FOLDER.parent))
    for path in [Path(name) for name in sys.argv[1:]] or sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        options = {"timeout": 900, "kernel_manager_class": AttentiveKernelManager}
        NotebookClient(notebook, resources={"metadata": {"path": FOLDER}}, **options).execute()
        clean(notebook)
        nbformat.write(notebook, path)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def clean(notebook: nbformat.NotebookNode) -> None:
    """Keep text and pictures only, and nothing that differs from one machine to the next."""
    notebook.metadata = {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [_clean_output(output) for output in cell.outputs if output.get("name") != "stderr"]


def _clean_output(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    data = output.get("data", {})
    if "<audio" in "".join(data.get("text/html", "")):
        output.data = {"text/plain": PLAYER}
    if "application/vnd.jupyter.widget-view+json" in data:
        output.data = {"text/plain": WIDGET}
    if "text/markdown" in data:  # the commit of a run that is not in the repository tells a reader nothing
        data["text/markdown"] = re.sub(r"- Commit [^;]*; .*\n", "", data["text/markdown"])
    if "image/png" in data:
        data["image/png"] = _shrink(data["image/png"])
    return output


def _shrink(png: str) -> str:
    """A third of the bytes: the figures have few colours."""
    file = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB").quantize(128).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


if __name__ == "__main__":
    main()
