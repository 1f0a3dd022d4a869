"""What the paper's two tables and the ablation have in common: run what is missing, write the table, print it."""

from collections import defaultdict
from pathlib import Path

from absl import flags

from drl4ser.config import ExperimentConfig
from drl4ser.reporting.paper_values import LAYOUTS, MODALITY_NAMES, SYSTEM_NAMES
from drl4ser.runs.paths import HISTORY_FILE, run_directory
from drl4ser.runs.run import read_history
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_list("systems", None, "Rows of the table. Default: all, without those that are run on request.")
flags.DEFINE_list("modalities", ["acoustic", "acoustic+lexical"], "Input of the systems.")
flags.DEFINE_string("results_dir", "my_results", "Where the table is written.")
flags.DEFINE_bool("allow_mixed_code", False, "Let in folds of several commits, or of code that was not committed.")


def reproduce(table: str) -> None:
    """Run the folds that are missing, write the table in all formats, print it."""
    layout = LAYOUTS[table]
    wanted = FLAGS.systems or [system for system in layout.systems if system not in layout.references]
    if FLAGS.init_from and not FLAGS.systems:
        wanted = [settings.origin().config.model.system]
    networks = [system for system in wanted if system in settings.SYSTEMS]
    configs = list(settings.experiments(networks, FLAGS.modalities)) if networks else []
    results = settings.run(configs) if configs else []
    references = [system for system in wanted if system not in settings.SYSTEMS]
    if references and "acoustic" in FLAGS.modalities:
        results += settings.run_references(list(settings.experiments(references, ["acoustic"])))
    from drl4ser.reporting.write import write_report  # with pandas and SciPy: wrong settings are refused before

    directory = write_report(results, Path(FLAGS.results_dir), table, FLAGS.allow_mixed_code)
    draw_learning_curves(configs, directory)
    print((directory / f"{table}.md").read_text(encoding="utf-8"))
    print(f"Written to {directory}")


def draw_learning_curves(configs: list[ExperimentConfig], directory: Path) -> None:
    """Draw `learning_curves.png` and `.pdf` of the folds whose histories are there: adopted ones have none."""
    histories = defaultdict(list)
    for config in configs:
        directory_of_run = run_directory(Path(FLAGS.runs_dir), config)
        if (directory_of_run / HISTORY_FILE).exists():
            key = SYSTEM_NAMES[config.model.system], MODALITY_NAMES[config.model.modality]
            histories[key].append(read_history(directory_of_run))
    if histories:
        from drl4ser.figures import save_figure
        from drl4ser.figures.learning_curves import learning_curves_figure

        save_figure(learning_curves_figure(histories), directory / "learning_curves")
