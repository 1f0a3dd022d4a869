# The commands of the project. `make setup` makes .venv; every other target does so first if need be.
#
#   make reproduce-table1, reproduce-table2                  the default corpus, in minutes
#   make reproduce-table2 CORPUS=iemocap DATA_DIR=/data/IEMOCAP_full_release PROFILE=paper \
#        WORD_VECTORS=/data/GoogleNews-vectors-negative300.bin.gz
#   make reproduce-table1 CORPUS=ravdess DATA_DIR=/data/ravdess EMOTIONS=all SPLIT=emobox MODALITIES=acoustic
#                                                            eight classes on the folds of EmoBox; SPLIT=given for a column `fold`
#   make reproduce-figure5                                   attention and informativeness of an utterance, drawn
#   make reproduce-figure5 RUN=runs/... AUDIO=speech.wav     the same for any recording; BLOCK=1..8, HEAD=0..4, TEXT=...
#   make demo                                                a page in the browser to try it; RUN=ravdess-small or runs/..., DEMO_FLAGS="--port=8000"
#   make reproduce-table2 INIT_FROM=runs/... CORPUS=emodb    starts with the weights of that run, of the same system
#   make ablation                                            S3 beside networks that differ from it in one thing
#   make cross-corpus TEST_RECORDS=data/records/nemo         finished runs, applied to another corpus
#   make reproduce-saliency                                  does S3 attend to the words that bear the emotion?
#   make reproduce-figure6                                   UA against the number of training utterances
#   make notebooks                                           all notebooks, executed, as pages in build/notebooks
#   make test, lint, tensorboard

# What may stand behind a target. Any other name is a slip: EPOCH=2 or corpus=ravdess would do nothing, for hours.
VARIABLES := CORPUS NAME DATA_DIR AUDIO_ROOT PROFILE RECIPE CHANGES SPLIT SYSTEMS MODALITIES NUM_FOLDS FOLDS SEEDS EPOCHS EMOTIONS \
	WORD_VECTORS FRONTEND PRECISION JOBS TRAIN NUM_UTTERANCES ALLOW_PARTIAL ALLOW_MIXED_CODE CACHE_DIR RECORDS_DIR RUNS_DIR \
	RESULTS_DIR INIT_FROM TEST_RECORDS RUN AUDIO TEXT BLOCK HEAD SIZES FORMATS OUTPUT_DIR DEMO_FLAGS EVERY CASES PYTHON BIN
GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(VARIABLES) MAKE%,$(GIVEN))
ifneq ($(UNKNOWN),)
$(error unknown variable $(UNKNOWN); there are $(VARIABLES))
endif

# A user's value for a shell, in which it may have any sign. Not every shell reads ~/ behind NAME=.
quoted = $(if $(filter ~/%,$(firstword $(1))),$(subst ~/,'"$$HOME"/',$(literal)),$(literal))
literal = '$(subst ','\'',$(1))'

CORPUS ?= synthetic
PROFILE ?= quick
RECIPE ?=
# Of profile and recipe: CHANGES="train.learning_rate=1e-4 model.dropout=0.5"
CHANGES ?=
SPLIT ?= random
SYSTEMS ?=
MODALITIES ?= acoustic,acoustic+lexical
NUM_FOLDS ?= 10
FOLDS ?=
SEEDS ?= 0
# A finished run whose weights training starts with.
INIT_FROM ?=
EPOCHS ?=
TRAIN ?= true
PRECISION ?= float32
JOBS ?= $(if $(filter quick,$(PROFILE)),2,1)
FRONTEND ?= drl4ser
# Other classes and another front end's values have their own folders.
EMOTIONS ?=
comma := ,
OTHER := $(if $(EMOTIONS),-$(subst /,_,$(subst $(comma),-,$(EMOTIONS))))$(if $(filter-out drl4ser,$(FRONTEND)),-$(FRONTEND))
RUNS_DIR ?= runs$(OTHER)
# Ignored by git. The tables of this repository are made with RESULTS_DIR=results.
RESULTS_DIR ?= my_results$(OTHER)
ALLOW_PARTIAL ?= false
ALLOW_MIXED_CODE ?= false
EVERY ?= 12
CASES ?= 100000
NUM_UTTERANCES ?= 2400
# The first of these that starts; pyenv leaves names that do not.
PYTHON ?= $(or $(firstword $(foreach name,python3.13 python3.12 python3.11,$(shell $(name) -c "print('$(name)')" 2>/dev/null))),python3)

# What is made, not brought: LLD records of any corpus, and the default corpus with its word vectors.
CACHE_DIR ?= data
# The name of a corpus is part of all its folders; that of a manifest is its file's, without its ending.
FILE_NAME = $(shell basename $(call quoted,$(DATA_DIR)) | LC_ALL=C.UTF-8 sed 's/\.[^.]*$$//; s/[^[:alnum:]_]/_/g')
NAME ?= $(if $(filter manifest,$(CORPUS)),$(if $(DATA_DIR),$(FILE_NAME),manifest),$(CORPUS))
RECORDS_DIR ?= $(CACHE_DIR)/records/$(NAME)$(OTHER)
SYNTHETIC_DIR := $(CACHE_DIR)/synthetic
ifeq ($(CORPUS),synthetic)
DATA_DIR ?= $(SYNTHETIC_DIR)/corpus
WORD_VECTORS ?= $(SYNTHETIC_DIR)/word_vectors.bin
endif

BIN := .venv/bin
# Into an installation of your own (BIN on the command line) nothing is installed.
OWN := $(findstring command line,$(origin BIN))
# What stands for installed extras: $(call installed,demo).
installed = $(if $(OWN),,$(addprefix .venv/installed-,$(1)))
# The extras that settings ask for.
EXTRAS := $(if $(findstring opensmile,$(FRONTEND) $(SYSTEMS)),references) $(filter rapt,$(FRONTEND)) \
	$(if $(filter environment,$(origin RAY_ADDRESS)),distributed)
# Not RUN: that is a variable of the user, a finished run.
MODULE := $(BIN)/python -m

SETTINGS = --corpus=$(call quoted,$(NAME)) --records_dir=$(call quoted,$(RECORDS_DIR)) --runs_dir=$(call quoted,$(RUNS_DIR)) --word_vectors=$(call quoted,$(WORD_VECTORS)) \
	--profile=$(PROFILE) $(if $(RECIPE),--recipe=$(RECIPE)) --split=$(SPLIT) --seeds=$(call quoted,$(SEEDS)) --jobs=$(JOBS) \
	--frontend=$(FRONTEND) --precision=$(PRECISION) --train=$(TRAIN) --num_folds=$(NUM_FOLDS) $(if $(FOLDS),--folds=$(FOLDS)) $(if $(EPOCHS),--epochs=$(EPOCHS)) \
	$(foreach change,$(CHANGES),--change=$(call quoted,$(change))) $(if $(INIT_FROM),--init_from=$(call quoted,$(INIT_FROM)))

# Several folds at a time are JOBS, not -j.
.NOTPARALLEL:
.PHONY: setup check-tools check-compiler test lint format records default-corpus corpus lld-report benchmark \
	reproduce-table1 reproduce-table2 reproduce-figure6 export readme tensorboard clean reproduce-figure5 reproduce-saliency notebooks
.DEFAULT_GOAL := help

help:
	@sed -n '3,/^$$/p' Makefile | cut -c3-

setup: $(or $(call installed,$(EXTRAS)),$(if $(OWN),,.venv/installed))

check-tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "error: no Python 3.11, 3.12 or 3.13; install one (Debian: apt install python3 python3-venv), or give PYTHON=/path/to/python3" >&2; exit 1; }

# What a long installation would miss at its end: pysptk has no wheels and is compiled.
check-compiler: check-tools
	@command -v $${CC:-cc} >/dev/null || \
		{ echo "error: no C compiler, which pysptk needs; install one (Debian: apt install build-essential)" >&2; exit 1; }
	@test -e "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" || \
		{ echo "error: no Python.h, which pysptk needs; install the headers of $(PYTHON) (Debian: apt install python3-dev)" >&2; exit 1; }

# Marks and not the folder: an installation that was cut off is done again.
.venv/installed: setup.py constraints.txt
	@$(MAKE) --no-print-directory check-tools
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[models,synthetic]"
	touch $@

.venv/installed-%: setup.py constraints.txt
	@$(if $(filter rapt dev,$*),$(MAKE) --no-print-directory check-compiler)
	@$(MAKE) --no-print-directory .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[$*]"
	touch $@

# A process per core, at most four: each holds TensorFlow. Whole files, whose tests share what they trained.
test: $(call installed,dev)
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder \
		--doctest-modules tests drl4ser

lint: $(call installed,dev)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(call installed,dev)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Before hours of extraction: what the experiment behind the target would refuse.
.PHONY: check-settings
CHECKED = --modalities=acoustic
check-settings: setup
	@$(MODULE) experiments.check_settings $(SETTINGS) $(CHECKED)

default-corpus: check-settings
ifeq ($(CORPUS),synthetic)
	$(MODULE) data_prep.make_synthetic_corpus --output_dir=$(call quoted,$(DATA_DIR)) --num_utterances=$(NUM_UTTERANCES)
	test -e $(call quoted,$(WORD_VECTORS)) || $(MODULE) data_prep.train_word_vectors --output=$(call quoted,$(WORD_VECTORS))
endif
	$(if $(DATA_DIR),,$(error DATA_DIR is not set: give the folder of the corpus, DATA_DIR=/path/to/$(CORPUS)))

records: default-corpus
	$(MODULE) data_prep.make_records --corpus=$(CORPUS) --name=$(call quoted,$(NAME)) --data_dir=$(call quoted,$(DATA_DIR)) --records_dir=$(call quoted,$(RECORDS_DIR)) \
		$(if $(AUDIO_ROOT),--audio_root=$(call quoted,$(AUDIO_ROOT))) --frontend=$(FRONTEND) --allow_partial=$(ALLOW_PARTIAL) $(if $(EMOTIONS),--emotions=$(call quoted,$(EMOTIONS)))

corpus: setup
	$(MODULE) data_prep.download_corpus --corpus=$(CORPUS) --output_dir=$(call quoted,$(or $(DATA_DIR),$(CACHE_DIR)/$(CORPUS)))

# `ablation`: S3 beside networks that differ from it in one thing; docs/commands.md lists them.
.PHONY: ablation
reproduce-table1 reproduce-table2 reproduce-figure6 ablation cross-corpus: CHECKED = $(if $(SYSTEMS),--systems=$(call quoted,$(SYSTEMS))) --modalities=$(call quoted,$(MODALITIES))
reproduce-figure6 ablation cross-corpus: MODALITIES = acoustic
memory-span search-recipe: CHECKED += --networks $(if $(SYSTEMS),--systems=$(call quoted,$(SYSTEMS)))
reproduce-figure6: CHECKED += --networks $(if $(findstring $(comma),$(MODALITIES)),$(error give reproduce-figure6 one of MODALITIES))
cross-corpus: CHECKED += --networks $(if $(TEST_RECORDS),,$(error TEST_RECORDS is not set: give records of other corpora, TEST_RECORDS=data/records/...))
reproduce-table1 reproduce-table2 ablation: records
	$(MODULE) experiments.$(@:reproduce-%=%) $(SETTINGS) $(if $(SYSTEMS),--systems=$(call quoted,$(SYSTEMS))) --modalities=$(call quoted,$(MODALITIES)) \
		--results_dir=$(call quoted,$(RESULTS_DIR)) --allow_mixed_code=$(ALLOW_MIXED_CODE)

# Finished runs of CORPUS applied to other corpora: TEST_RECORDS=data/records/nemo,data/records/synthetic
.PHONY: cross-corpus
cross-corpus: records
	$(MODULE) experiments.cross_corpus $(SETTINGS) $(if $(SYSTEMS),--systems=$(call quoted,$(SYSTEMS))) --modalities=$(call quoted,$(MODALITIES)) \
		--test_records=$(call quoted,$(TEST_RECORDS)) --results_dir=$(call quoted,$(RESULTS_DIR))

# How much each step counts for the answers of finished runs; changes of the recipe, compared on validation parts.
.PHONY: memory-span search-recipe
memory-span search-recipe: records
	$(MODULE) experiments.$(subst -,_,$@) $(SETTINGS) $(if $(SYSTEMS),--systems=$(call quoted,$(SYSTEMS))) --results_dir=$(call quoted,$(RESULTS_DIR))

reproduce-figure5: $(if $(RUN),setup,records)
	$(MODULE) experiments.figure5 $(SETTINGS) --results_dir=$(call quoted,$(RESULTS_DIR)) $(if $(RUN),--run=$(call quoted,$(RUN))) \
		$(if $(AUDIO),--audio=$(call quoted,$(AUDIO))) $(if $(TEXT),--text=$(call quoted,$(TEXT))) $(if $(BLOCK),--block=$(BLOCK)) $(if $(HEAD),--head=$(HEAD))

# A local page. DEMO_FLAGS: --port, --host, --max_seconds, --max_megabytes.
.PHONY: demo
demo: $(call installed,demo)
	$(MODULE) experiments.demo $(if $(RUN),--run=$(call quoted,$(RUN))) $(DEMO_FLAGS)

reproduce-saliency: records
	$(MODULE) experiments.saliency $(SETTINGS) --results_dir=$(call quoted,$(RESULTS_DIR))

# They look at the run of reproduce-figure5, or at RUN with the records in RECORDS_DIR.
notebooks: $(call installed,notebooks) $(if $(RUN),setup,reproduce-figure5)
	DRL4SER_ROOT=$(call quoted,$(CURDIR)) $(if $(RUN),DRL4SER_RUN=$(call quoted,$(RUN)) DRL4SER_RECORDS=$(call quoted,$(RECORDS_DIR))) \
		$(MODULE) nbconvert --ExecutePreprocessor.kernel_manager_class=notebooks.kernel.AttentiveKernelManager \
		--execute --to html --output-dir build/notebooks notebooks/*.ipynb

# Figure 6: several seeds, one of MODALITIES, and with SIZES=30,60,120 other numbers of training utterances of each class.
reproduce-figure6: SEEDS = 0,1,2
reproduce-figure6: records
	$(MODULE) experiments.figure6 $(SETTINGS) $(if $(SYSTEMS),--systems=$(call quoted,$(SYSTEMS))) --modality=$(call quoted,$(MODALITIES)) \
		--results_dir=$(call quoted,$(RESULTS_DIR)) $(if $(SIZES),--sizes=$(call quoted,$(SIZES)))

lld-report: $(call installed,references) default-corpus
	$(MODULE) benchmarks.lld_report --data_dir=$(call quoted,$(DATA_DIR)) --name=$(call quoted,$(NAME)) --every=$(EVERY) --results_dir=$(call quoted,$(RESULTS_DIR))

# How far offset, gain, telephone, MP3 and noise move the LLDs of every so many-th file, and with RUN the run's answers.
.PHONY: robustness
robustness: default-corpus
	$(MODULE) experiments.robustness --data_dir=$(call quoted,$(DATA_DIR)) --name=$(call quoted,$(NAME)) --every=$(EVERY) --results_dir=$(call quoted,$(RESULTS_DIR)) \
		$(if $(RUN),--run=$(call quoted,$(RUN)) --records_dir=$(call quoted,$(RECORDS_DIR)))

# Beside other libraries, which only this needs; on an otherwise idle machine, in about a quarter of an hour.
benchmark: $(call installed,bench)
	$(MODULE) benchmarks.run

export: $(call installed,export)
	$(MODULE) experiments.export $(if $(RUN),--run=$(call quoted,$(RUN))) $(if $(FORMATS),--formats=$(call quoted,$(FORMATS))) $(if $(OUTPUT_DIR),--output_dir=$(call quoted,$(OUTPUT_DIR)))

# A trained system of drl4ser/pretrained, made again: RUN=ravdess-small CORPUS=ravdess DATA_DIR=...
.PHONY: pretrained
pretrained: records
	$(if $(RUN),,$(error RUN is not set: give the name of the system, RUN=ravdess-small))
	$(MODULE) experiments.pretrain $(SETTINGS) --name=$(call quoted,$(RUN)) --allow_mixed_code=$(ALLOW_MIXED_CODE)

readme: setup
	$(MODULE) experiments.update_readme

# Kills, full disks, damage and rivals in every stage; full disks need root (they are mounted).
.PHONY: faults
faults: $(call installed,dev)
	$(MODULE) tests.faults --results_dir=$(call quoted,$(RESULTS_DIR))

# Mistakes put into a copy of the package, each of which a test must notice; in minutes.
.PHONY: mutations
mutations: $(call installed,dev)
	$(MODULE) tests.mutations

.PHONY: scale
scale: records
	$(MODULE) benchmarks.scale --records_dir=$(call quoted,$(RECORDS_DIR)) --results_dir=$(call quoted,$(RESULTS_DIR))

# Every kind of input, CASES times each, in minutes to hours: what is neither read nor refused ends the run.
.PHONY: fuzz
fuzz: $(call installed,dev)
	$(MODULE) tests.fuzz --cases=$(CASES) --output=$(call quoted,$(RESULTS_DIR)/fuzz.json)

tensorboard: setup
	$(BIN)/tensorboard --logdir $(call quoted,$(RUNS_DIR))

clean:
	rm -rf .venv build *.egg-info
