"""Exports against the run they were made from, read back by programs that know the format only."""

import dataclasses
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig
from drl4ser.export import FORMATS, compare_with_original, export_and_check, export_run
from drl4ser.export.formats import write_litert, write_onnx
from drl4ser.export.interface import build_served_model
from drl4ser.features import LLD_NAMES, extract_llds, load_audio, speech_span
from drl4ser.inference.exported import ExportedPredictor, find_onnx
from drl4ser.inference.predictor import Predictor
from drl4ser.layers.conv import pool_maximum
from drl4ser.models import build_model
from drl4ser.training.fold import run_fold
from tests.conftest import PATIENCE_S, SHALLOW


@pytest.fixture(scope="module")
def exported(trained_run, tmp_path_factory):
    """All formats of the trained run: their folder, and by path the difference that the check found."""
    directory = tmp_path_factory.mktemp("exported")
    return directory, dict(export_and_check(trained_run[0], list(FORMATS), directory))


@pytest.fixture(scope="module")
def speech(store, predictor, tmp_path_factory):
    """Raw LLDs and words of two recordings with loud garbage in the padding, and what the run makes of them."""
    llds = [extract_llds(*load_audio(item.path)) for item in store.utterances[:2]]
    texts = ["a sad sentence", ""]
    inputs = predictor.prepare(llds, texts)
    raw = np.full(inputs["llds"].shape, 100.0, np.float32)
    for row, item in zip(raw, llds, strict=True):
        row[: len(item)] = item
    path = tmp_path_factory.mktemp("speech") / "inputs.npz"
    np.savez(path, **{**inputs, "llds": raw})
    return path, predictor.predict_llds(llds, texts)


def test_every_format_gives_what_the_run_gives(exported):
    directory, differences = exported
    assert {path.name for path in differences} == {"model.keras", "saved_model", "model.onnx", "model.tflite"}
    assert all(difference < 1e-4 for difference in differences.values()), differences
    interface = json.loads((directory / "interface.json").read_text())
    assert interface["classes"] == ["angry", "happy", "neutral", "sad"]
    assert interface["inputs"]["llds"]["shape"] == ["batch", "frames", 17]
    assert interface["inputs"]["num_words"]["shape"] == ["batch"] and interface["inputs"]["words"]["dtype"] == "float32"
    assert interface["llds"]["hnr_db"] == "dB; -20 to 40" and tuple(interface["llds"]) == LLD_NAMES
    assert "left out" in interface["transcripts"]["unknown words"] and "None" in interface["trimming"]
    assert interface["frame"]["hop_ms"] == 5.0 and interface["trim_db"] == 0.0
    assert (directory / "words.bin").exists()
    assert interface["transcripts"]["words.bin"].startswith("The words of the training corpus, test part included,")


@pytest.fixture(
    scope="module",
    params=[
        (ModelConfig("s1", "acoustic", width=0.05, **SHALLOW), {"trim_db": 0.05}),
        (ModelConfig("s1", "acoustic", width=0.05, **SHALLOW), {"subtract_mean": True}),
        (ModelConfig("s3", "acoustic", width=0.05, **SHALLOW), {"precision": "mixed_bfloat16"}),
    ],
    ids=["acoustic trimmed", "acoustic without mean", "acoustic bfloat16"],
)
def other_run(request, store, tmp_path_factory):
    """(directory, config, result) of a run without words."""
    model, train = request.param
    train = TrainConfig(batch_size=8, max_epochs=1, learning_rate=0.01, **train)
    config = ExperimentConfig(corpus="manifest", num_folds=3, model=model, train=train)
    directory = tmp_path_factory.mktemp("other") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRL4SER_EMULATE_BFLOAT16", "1")
        return directory, config, run_fold(config, store, directory)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "litert"])  # its conversion is slow
def test_exports_of_other_runs(other_run, name, store, tmp_path):
    directory, config, result = other_run
    (found,) = export_and_check(directory, [name], tmp_path)
    assert found[1] < 1e-4
    assert json.loads((tmp_path / "interface.json").read_text())["trim_db"] == config.train.trim_db
    assert not (tmp_path / "words.bin").exists()
    # As someone with only the export and the audio would predict: trimmed as interface.json says.
    predictor = Predictor(directory, precision="float32")
    utterances = {item.id: item for item in store.utterances}
    llds = [extract_llds(*load_audio(utterances[name].path)) for name in result.utterances]
    wanted = predictor.predict_llds(llds, [""] * len(llds))
    run = FORMATS[name].load(found[0])
    for values, probabilities in zip(llds, wanted, strict=True):
        span = values[speech_span(values, config.train.trim_db)]
        assert (len(span) < len(values)) == bool(config.train.trim_db)
        given = {"llds": span[np.newaxis], "num_frames": np.array([len(span)], np.int32)}
        np.testing.assert_allclose(run(given)[0], probabilities, atol=1e-5)


def test_a_saved_model_needs_tensorflow_only(exported, speech):
    code = (
        "import sys; sys.modules['drl4ser'] = None; sys.modules['keras'] = None; import json, numpy as np;"
        "import tensorflow as tf; loaded = tf.saved_model.load(sys.argv[1]);"
        "inputs = {name: tf.constant(value) for name, value in np.load(sys.argv[2]).items()};"
        "print(json.dumps(loaded.signatures['serving_default'](**inputs)['probabilities'].numpy().tolist()))"
    )
    command = [sys.executable, "-c", code, str(exported[0] / "saved_model"), str(speech[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout), speech[1], atol=1e-5)


@pytest.mark.parametrize("name", ["keras", "onnx", "litert"])
def test_real_speech(exported, speech, name):
    run = FORMATS[name].load(exported[0] / FORMATS[name].name)
    np.testing.assert_allclose(run(dict(np.load(speech[0]))), speech[1], atol=1e-5)


@pytest.mark.parametrize("name", list(FORMATS))
def test_no_words_at_all(exported, predictor, name):
    """The axis of words may have length 0, for which ONNX Runtime's own loops fail."""
    llds = np.random.default_rng(0).normal(size=(2, 40, 17)).astype(np.float32)
    dimension = predictor.run.word_vectors.dimension
    inputs = {"llds": llds, "num_frames": np.array([40, 30], np.int32), "num_words": np.zeros(2, np.int32)}
    inputs["words"] = np.zeros((2, 0, dimension), np.float32)
    found = FORMATS[name].load(exported[0] / FORMATS[name].name)(inputs)
    wanted = predictor.predict_llds([llds[0], llds[1, :30]], ["", ""])
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_onnx_dimensions_have_names(exported):
    import onnx

    graph = onnx.load(exported[0] / "model.onnx").graph
    named = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert named == {
        "llds": ["batch", "frames", 17],
        "num_frames": ["batch"],
        "words": ["batch", "words", 10],
        "num_words": ["batch"],
        "probabilities": ["batch", 4],
    }


def test_litert_needs_neither_tensorflow_nor_its_operators(exported, speech):
    """LiteRT's own interpreter has builtin operators alone; it refuses two utterances at a time."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['drl4ser', 'tensorflow', 'keras']));"
        "import numpy as np; from ai_edge_litert.interpreter import Interpreter;"
        "serve = Interpreter(model_path=sys.argv[1]).get_signature_runner(); inputs = dict(np.load(sys.argv[2]));"
        "print(serve(**{name: value[:1] for name, value in inputs.items()})['probabilities'].tolist()); serve(**inputs)"
    )
    command = [sys.executable, "-c", code, str(exported[0] / "model.tflite"), str(speech[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    np.testing.assert_allclose(json.loads(done.stdout), speech[1][:1], atol=1e-5)
    assert done.returncode and "RuntimeError" in done.stderr


def test_the_check_finds_an_export_that_looks_at_padding(predictor):
    def careful(inputs):
        return predictor.predict_prepared({**inputs, "llds": normalize(inputs["llds"])})

    def normalize(llds):
        return ((llds - predictor.run.normalizer.mean) / predictor.run.normalizer.std).astype(np.float32)

    def blind(inputs):
        longest = np.full_like(inputs["num_frames"], inputs["llds"].shape[1])
        return careful({**inputs, "num_frames": longest})

    assert compare_with_original(predictor, careful) < 1e-5
    assert compare_with_original(predictor, blind) > 1e-4


def as_model(function):
    inputs = keras.Input((1,), name="x", dtype="float32")

    class Apply(keras.layers.Layer):
        def call(self, x):
            return function(x)

    return keras.Model({"x": inputs}, {"y": Apply(dtype="float32")(inputs)}, name="tiny")


def test_expm1_keeps_its_digits_near_zero(tmp_path):
    import onnxruntime

    write_onnx(as_model(tf.math.expm1), tmp_path / "expm1.onnx")
    x = -np.concatenate([np.logspace(-30, 2, 100), [0.0]]).astype(np.float32)[:, np.newaxis]
    (y,) = onnxruntime.InferenceSession(str(tmp_path / "expm1.onnx")).run(["y"], {"x": x})
    np.testing.assert_allclose(y, np.expm1(x), rtol=1e-6)


def test_onnx_pools_the_last_steps_too(tmp_path):
    import onnxruntime

    write_onnx(as_model(lambda x: pool_maximum(x[tf.newaxis], 4)[0]), tmp_path / "pool.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "pool.onnx"))
    for x in (np.arange(1.0, length + 1, dtype=np.float32)[:, np.newaxis] for length in (1, 4, 6)):
        (y,) = session.run(["y"], {"x": x})
        assert y.ravel().tolist() == {1: [1.0], 4: [4.0], 6: [4.0, 6.0]}[len(x)]


def test_onnx_chooses_with_a_mask_and_does_not_multiply(tmp_path):
    import onnxruntime

    write_onnx(as_model(lambda x: tf.where(x > 0, x, 0.0)), tmp_path / "where.onnx")
    x = np.array([[1.0], [np.nan], [-np.inf]], np.float32)
    (y,) = onnxruntime.InferenceSession(str(tmp_path / "where.onnx")).run(["y"], {"x": x})
    np.testing.assert_array_equal(y, [[1.0], [0.0], [0.0]])


@pytest.mark.parametrize(
    ("write", "function", "message"),
    [
        (write_onnx, tf.math.lgamma, "ONNX cannot hold tiny: it has no operator Lgamma"),
        (write_litert, lambda x: tf.math.zeta(x + 2.0, x), "LiteRT cannot hold tiny: it has no operator Zeta"),
    ],
    ids=["onnx", "litert"],
)
def test_what_a_format_cannot_hold_is_named(write, function, message, tmp_path):
    with pytest.raises(ValueError, match=f"{message}$"):
        write(as_model(function), tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("system", ["xia_dnn", "mirsamadi_attention"])
def test_the_served_model_of_other_systems(predictor, system):
    """Batch normalisation of vectors passes a mask on, which is not one of the classes."""
    run = dataclasses.replace(predictor.run, model=build_model(system, width=0.05))
    served = build_served_model(run)
    llds = np.random.default_rng(0).normal(size=(3, 50, 17)).astype(np.float32)
    found = served({"llds": llds, "num_frames": np.array([50, 30, 50], np.int32)})["probabilities"]
    inputs = {"llds": (llds - run.normalizer.mean) / run.normalizer.std, "num_frames": np.array([50, 30, 50], np.int32)}
    np.testing.assert_allclose(found, tf.nn.softmax(run.model(inputs)), atol=1e-6)


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_kernel_machine_is_refused(predictor, tmp_path, name):
    run = dataclasses.replace(predictor.run, kernel_machine=object())
    with pytest.raises(ValueError, match=f"{name} cannot hold s3: its classifier is a support vector machine"):
        export_run(run, name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_format(trained_run, tmp_path):
    with pytest.raises(ValueError, match="unknown format 'pickle'; choose among keras, saved_model, onnx, litert"):
        list(export_and_check(trained_run[0], ["pickle"], tmp_path))


def test_the_command_predicts_from_an_export_without_tensorflow(trained_run, exported, predictor, store, tmp_path):
    run = shutil.copytree(trained_run[0], tmp_path / "run")
    shutil.copytree(exported[0], run / "export")
    audio = store.utterances[0].path
    code = (
        "import sys; from drl4ser.inference.command import main; code = main(sys.argv[1:]);"
        "sys.exit(code if not {'tensorflow', 'keras'} & set(sys.modules) else 99)"
    )
    command = [sys.executable, "-c", code, str(run), str(audio), "--text", "a sad sentence", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    wanted = predictor.predict(audio, "a sad sentence").probabilities
    assert list(json.loads(done.stdout)["probabilities"].values()) == pytest.approx(wanted, abs=1e-5)


def test_an_export_counts_only_for_the_weights_that_it_holds(trained_run, exported, tmp_path):
    run = shutil.copytree(trained_run[0], tmp_path / "run")
    assert find_onnx(run) is None
    shutil.copytree(exported[0], run / "export")
    assert find_onnx(run) == run / "export" / "model.onnx"
    (run / "export" / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"model\.onnx cannot be read .* export the run again"):
        ExportedPredictor(run, find_onnx(run))
    (run / "model.weights.h5").write_bytes(b"other weights")
    assert find_onnx(run) is None


def test_an_export_that_differs_is_deleted(trained_run, tmp_path, monkeypatch):
    monkeypatch.setattr("drl4ser.export.compare_with_original", lambda predictor, exported: 0.5)
    with pytest.raises(ValueError, match=r"differed from the run by 5\.0e-01 and was deleted"):
        list(export_and_check(trained_run[0], ["keras"], tmp_path))
    assert not (tmp_path / "model.keras").exists()
