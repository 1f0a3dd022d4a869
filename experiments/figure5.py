"""Figure 5, attention and informativeness of one utterance: `python -m experiments.figure5 --run=RUN --audio=FILE`.

Without a run it trains a fold of S3. Without a recording it takes the first angry utterance of the run's test part that
is recognised.
"""

import warnings
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.console import import_tensorflow
from drl4ser.corpora import CorpusError, Word, read_words
from drl4ser.runs.pretrained import find_run
from drl4ser.runs.run import check_run, has_test_part
from experiments import settings

FLAGS = flags.FLAGS
flags.DEFINE_string(
    "run", None, "Finished run, or name of a trained system. Default: a fold of S3 on the corpus, trained if need be."
)
flags.DEFINE_string("audio", None, "A recording. Default: an utterance of the fold's test part.")
flags.DEFINE_string("text", None, "Its transcript, for a system with words. Default: that of the corpus, if any.")
flags.DEFINE_integer("block", 5, "Which of the eight attention blocks.", lower_bound=1, upper_bound=8)
flags.DEFINE_integer("head", 1, "Which of its heads; 0 for their mean.", lower_bound=0)
flags.DEFINE_string("results_dir", "my_results", "The pictures go to figure5/ in it.")


def choose_recording(directory: Path) -> tuple[Path, str | None]:
    """The recording that the flags ask for and its transcript, None if it is not known."""
    if FLAGS.audio:
        return Path(FLAGS.audio), FLAGS.text
    if not has_test_part(check_run(directory)):
        raise ValueError(f"{FLAGS.run} has no test part to take an utterance of: give a recording, AUDIO (--audio)")
    from drl4ser.analysis.predicted_part import choose_example, find_test_part

    try:
        result, utterances = find_test_part(directory, FLAGS.records_dir)
    except ValueError as error:
        raise ValueError(f"{error}; set RECORDS_DIR (--records_dir) or CORPUS to the run's, or give AUDIO") from error
    example = utterances[result.utterances.index(choose_example(result))]
    return example.path, (example.text or None) if FLAGS.text is None else FLAGS.text


def find_words(audio: Path, needed: bool) -> list[Word]:
    """The words of the recording with their times, none if they are damaged and only to be drawn."""
    try:
        return read_words(audio)
    except CorpusError as error:
        if needed:
            raise
        warnings.warn(f"drawn without words: {error}", stacklevel=2)
        return []


def main() -> None:
    """Draw both panels."""
    directory = find_run(FLAGS.run) if FLAGS.run else settings.run_default()[1]
    has_words = "lexical" in check_run(directory).modality
    if FLAGS.text is not None and not has_words:
        warnings.warn(f"TEXT (--text) is not used: {directory} was trained on the audio only", stacklevel=2)
    audio, text = choose_recording(directory)
    words = find_words(audio, needed=has_words and text is None)
    import_tensorflow()
    from drl4ser.inference.inspection import draw_figure5
    from drl4ser.inference.predictor import Predictor

    text = " ".join(word.text for word in words) if text is None else text
    output = Path(FLAGS.results_dir) / "figure5"
    for path in draw_figure5(Predictor(directory), audio, output, words, text, FLAGS.block, FLAGS.head):
        print(path)


if __name__ == "__main__":
    run(main)
