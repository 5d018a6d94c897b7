# `make demo` shows what kwk does; `make test` proves it. Both need Python 3.11 or newer, make and git, and set up .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: help demo test check faults lint setup bench ablations questions sample lock neo4j-lock wheel clean

help:  ## Say what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## Build .venv from the locked requirements

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kwk needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet "$$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.lock)"
	$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

demo: setup  ## Start the stores, load the atlas, build its dialogues, train on them, judge that, answer three questions
	@$(BIN)/kwk up
	@$(BIN)/kwk ingest sample
	@$(BIN)/kwk graphs list
	@$(BIN)/kwk dialogues build --graph atlas --force
	@$(BIN)/kwk dialogues show --in dialogues/atlas
	@$(BIN)/kwk train --graph atlas --minutes 3
	@$(BIN)/kwk evaluate --graph atlas --limit 60
	@for question in "What is the capital of Peru?" "Show me the flag of Peru" "Who is the president of Peru?"; do \
		printf '\n> %s\n' "$$question"; $(BIN)/kwk ask --graph atlas "$$question"; done
	@echo
	@echo "Try next (after: source .venv/bin/activate):"
	@echo "  kwk explore --show-password      walk the graph in Neo4j Browser, its address and a first query filled in"
	@echo "  kwk ask \"Which countries border on Peru?\"   --image FILE asks about a picture; --json is for scripts"
	@echo "  kwk dialogues verify             check every fact, answer and picture against the graph"
	@echo "  kwk ingest fb15k --source DIR    load FB15K with MMKB's images beside the atlas"
	@echo "  kwk down                         stop the servers; they keep what they hold"
	@$(BIN)/kwk explore --print --graph atlas

test: setup  ## Run the whole suite on real services
	$(BIN)/python -m pytest

check: lint  ## What CI runs: ruff, mypy, import order, tests with coverage
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

faults: setup  ## Kill the ingest 50 times and each server 20 times, a save 200 times; hostile pictures, lines, strings and questions (an hour and more)
	$(BIN)/python -m pytest tests/faults tests/ingest/test_images.py tests/ingest/test_mmkb.py tests/kg/test_rdf.py \
		tests/retrieval/test_hostile.py --kills 50 --server-kills 20 --save-kills 200 --serving-kills 10 \
		--hostile 10000 --hostile-uploads 1000

lint: setup  ## ruff, mypy strict, import order
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: setup  ## Measure against peers, both sides in turn (ONLY=load names one; ONLY=gill GILL=path)
	$(BIN)/python -m benchmarks $(ONLY)

ablations: setup  ## Train and judge what each part of the model is worth; goes on after a kill (WITH="--minutes 10 --seeds 5")
	$(BIN)/python -m benchmarks.ablations $(WITH)

questions: setup  ## Answer questions that people wrote about FB15K (QUESTIONS=FILE, HALF=odd, RUN=FOLDER)
	@QUESTIONS="$(QUESTIONS)" HALF="$(HALF)" RUN="$(RUN)" $(BIN)/python -m benchmarks questions

sample: setup  ## Build the bundled atlas again (needs npm)
	$(BIN)/uv run --no-project --isolated --with-requirements ingest/sample/requirements.txt python -m ingest.sample.build

lock: setup  ## Lock the newest allowed requirements
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --quiet --upgrade -o requirements.lock

neo4j-lock: setup  ## Lock Neo4j's jars
	$(BIN)/python -m kg.lock_neo4j

wheel: setup  ## Build the wheel into dist/
	rm -rf build dist && $(BIN)/python -m build --wheel --no-isolation

clean:  ## Remove what was built; servers and graphs under KWK_HOME stay
	rm -rf .venv build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
