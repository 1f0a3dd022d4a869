"""How wide the systems are: "units are balanced to ensure parameters consistency" (paper, section 4.2 and Table 2).

The units are those with which the acoustic+lexical system of four classes comes nearest to the paper's number of
parameters; a test builds the neighbours and shows it. They hold for the paper's sizes of everything else. Where a
configuration changes one of these, such as the dimension of the word vectors, the units stay: what is added or saved
is then the same in every system, S3 included.
"""

from drl4ser.config import ModelConfig
from drl4ser.models.assembly import scale_width

# Table 2, column "Parameters". The comparisons of Table 1 have the size of the proposed system, S3.
PAPER_PARAMETERS = {"baseline": 9_270_000, "s1": 9_150_000, "s2": 9_070_000, "s3": 9_110_000}

UNITS = {  # trainable parameters with so many units
    "baseline": 831,  # 9,265,604; of both LSTM layers
    "s1": 521,  # 9,151,128; of both LSTM layers
    "s2": 281,  # 9,071,768; of both LSTM layers
    "s3": 256,  # 9,115,268; the paper's own
    "xia_dnn": 1963,  # 9,110,287; of the three dense layers
    "poria_cnn_mkl": 573,  # 9,095,368; filters of the first acoustic convolution, see `build_poria_cnn`
    "poria_cnn": 573,  # the same network, which classifies by its softmax
    "poria_cnn_160ms": 573,
    "poria_lstm": 1415,  # 9,110,208; of the LSTM layer
    "mirsamadi_attention": 390,  # 9,125,656; each way, see `build_mirsamadi_attention`
}


def balanced_units(config: ModelConfig) -> int:
    """The units of `config.system` at `config.width`; for S3 and its ablations `config.units`.

    Example:
        >>> balanced_units(ModelConfig("s2")), balanced_units(ModelConfig("s2", width=0.5))
        (281, 140)
    """
    if config.system == "s3" or config.system not in UNITS:
        return scale_width(config).units
    return max(1, round(UNITS[config.system] * config.width))
