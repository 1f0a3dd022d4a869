# The README's two commands. Target `reproduce` has what `make reproduce-table2` needs, `test` what `make test` needs too;
# docs/commands.md has the commands.
FROM debian:13-slim AS reproduce
RUN apt-get update && \
    apt-get install --yes --no-install-recommends ca-certificates make python3-venv && \
    rm -rf /var/lib/apt/lists/*
RUN useradd --create-home user
USER user
WORKDIR /home/user/drl4ser
ENV PIP_NO_CACHE_DIR=1
COPY --chown=user setup.py constraints.txt Makefile README.md pyproject.toml ./
COPY --chown=user drl4ser drl4ser
RUN make setup
COPY --chown=user . .
# Copies are as old as their originals, and so older than the mark: nothing is installed again.
CMD ["make", "reproduce-table2"]

FROM reproduce AS test
USER root
RUN apt-get update && \
    apt-get install --yes --no-install-recommends g++ git python3-dev && \
    rm -rf /var/lib/apt/lists/*
USER user
RUN make .venv/installed-dev
CMD ["make", "test"]
