"""Figure 5, attention and informativeness of one utterance: `python -m experiments.figure5 --run=RUN --audio=FILE`.

Without a run it trains a fold of S3 and takes the first angry utterance of its test part that is recognised.
"""

from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow
from drl4ser.corpora import read_words
from drl4ser.data.store import open_store
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_string(
    "run", None, "Directory of a finished run. Default: a fold of S3 on the corpus, trained if need be."
)
flags.DEFINE_string("audio", None, "A recording. Default: an utterance of the fold's test part.")
flags.DEFINE_string("text", None, "Its transcript, for a system with words. Default: the words of the corpus, if any.")
flags.DEFINE_integer("block", 5, "Which of the eight attention blocks.", lower_bound=1, upper_bound=8)
flags.DEFINE_integer("head", 1, "Which of its heads; 0 for their mean.", lower_bound=0)
flags.DEFINE_string("results_dir", "my_results", "The pictures go to figure5/ in it.")


def choose_input() -> tuple[Path, Path]:
    """The run directory and the recording that the flags ask for."""
    if bool(FLAGS.run) != bool(FLAGS.audio):
        raise ValueError("give both RUN (--run) and AUDIO (--audio), or none of them")
    if FLAGS.run:
        return Path(FLAGS.run), Path(FLAGS.audio)
    record, directory = settings.run_default()
    from drl4ser.analysis.predicted_part import choose_example

    name = choose_example(record)
    paths = {utterance.id: utterance.path for utterance in open_store(Path(FLAGS.records_dir)).utterances}
    return directory, paths[name]


def main() -> None:
    """Draw both panels."""
    directory, audio = choose_input()
    import_tensorflow()
    from drl4ser.inference.inspection import draw_figure5
    from drl4ser.inference.predictor import Predictor

    words = read_words(audio)
    text = FLAGS.text if FLAGS.text is not None else " ".join(word.text for word in words)
    output = Path(FLAGS.results_dir) / "figure5"
    for path in draw_figure5(Predictor(directory), audio, output, words, text, FLAGS.block, FLAGS.head):
        print(path)


if __name__ == "__main__":
    run(main)
