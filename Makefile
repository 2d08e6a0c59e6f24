# The two commands of the README, and what keeps the project in order. `make help` lists them.
#
# Every interpreter version has one environment of its own, .venv-3.12 for example. It is made once, made anew when a
# pin changes, and counts as ready only when its last step has written the stamp: an interrupted install starts over.

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV := .venv-$(VERSION)
RUN := $(VENV)/bin/python
FUZZ_SECONDS ?= 600
PIP := $(RUN) -m pip --disable-pip-version-check install --constraint constraints.txt

.PHONY: help demo test test-browser test-space fuzz coverage mutate sbom lock audit space lint clean check-python

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile
	@echo 'Another interpreter: PYTHON=python3.12 make test'

demo: $(VENV)/.ready-to-run ## Install what is needed and open the page on http://127.0.0.1:7860
	$(RUN) app.py

# Two processes with one thread each: two cores are what the tests are made for.
test: $(VENV)/.ready-to-develop ## Run every test
	OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses 2 --dist loadfile

test-browser: $(VENV)/.ready-to-develop ## Use the page as a person would, in Chromium; installs it if it can
	tests/browser/install.sh
	OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses 2 --dist loadfile tests/browser

test-space: $(VENV)/.ready-to-develop ## Start the Space's folder in an environment of its own and read a picture there
	OMP_NUM_THREADS=1 $(RUN) -m pytest tests/space

# atheris lies apart from the environment, since nothing else needs it.
fuzz: $(VENV)/.ready-to-develop ## Look for files that break what reads files of strangers, for FUZZ_SECONDS
	$(RUN) -m pip --disable-pip-version-check install --quiet --upgrade --target build/atheris atheris==3.0.0
	PYTHONPATH=build/atheris OMP_NUM_THREADS=1 $(RUN) tools/fuzz.py --seconds $(FUZZ_SECONDS)

# Also apart. Python imports sitecustomize at its start, so the processes that the tests start are counted too. TESTS names some.
coverage: MEASURED = PYTHONPATH=$(CURDIR)/build/coverage COVERAGE_FILE=$(CURDIR)/build/.coverage
coverage: $(VENV)/.ready-to-develop ## Run every test and say which lines and branches of captcha_core they reach
	$(PIP) --quiet --upgrade --target build/coverage coverage==7.17.3
	echo 'import coverage; coverage.process_startup()' > build/coverage/sitecustomize.py
	rm -f build/.coverage build/.coverage.*
	$(MEASURED) COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml OMP_NUM_THREADS=1 \
	  $(RUN) -m pytest --numprocesses 2 --dist loadfile $(TESTS)
	$(MEASURED) $(RUN) -m coverage combine --quiet
	$(MEASURED) $(RUN) -m coverage report

# Also apart. What it has found lies in mutants/, and only what has changed since is tried again; MUTANTS names some.
mutate: $(VENV)/.ready-to-develop ## See whether the tests notice small changes of decoding, checkpoint and imaging
	$(PIP) --quiet --upgrade --target build/mutmut mutmut==3.8.1
	PYTHONPATH=$(CURDIR)/build/mutmut OMP_NUM_THREADS=1 $(RUN) -m mutmut run $(MUTANTS)
	PYTHONPATH=$(CURDIR)/build/mutmut $(RUN) -m mutmut results

# The tools of these three lie apart from the environment, so that they are not in the lists that they make.
sbom: $(VENV)/.ready-to-run ## Write what is installed to build/sbom.json (CycloneDX)
	$(PYTHON) -m venv build/cyclonedx
	build/cyclonedx/bin/python -m pip --disable-pip-version-check install --quiet cyclonedx-bom==7.5.0
	build/cyclonedx/bin/cyclonedx-py environment --output-reproducible --output-format JSON \
	  --output-file build/sbom.json $(RUN)

lock: check-python ## Write requirements.lock, with the hashes of all that is pinned, after a pin has changed
	$(PYTHON) -m pip --disable-pip-version-check install --quiet --upgrade --target build/uv uv==0.13.9
	build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --constraint constraints.txt requirements-dev.txt --output-file requirements.lock

audit: check-python ## Look for known holes in what requirements.lock names; asks PyPI
	$(PYTHON) -m pip --disable-pip-version-check install --quiet --upgrade --target build/pip-audit pip-audit==2.10.1
	PYTHONPATH=build/pip-audit $(PYTHON) -m pip_audit --strict --require-hashes --disable-pip --requirement requirements.lock

space: $(VENV)/.ready-to-develop ## Put what a Hugging Face Space needs into space/
	rm -rf space
	$(RUN) tools/space.py space

lint: $(VENV)/.ready-to-develop ## Check style, format and types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

clean: ## Remove the environments and caches, not data/ or runs/
	rm -rf .venv-3.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

# pip is pinned too, and builds efficientnet-pytorch (a source archive) with a pinned setuptools.
$(VENV)/.ready-to-run: requirements.txt constraints.txt | check-python
	@echo 'Making $(VENV); the first time this downloads torch and takes minutes.'
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) pip
	$(PIP) --build-constraint constraints.txt --requirement requirements.txt
	touch $@

$(VENV)/.ready-to-develop: $(VENV)/.ready-to-run requirements-dev.txt requirements-cluster.txt
	$(PIP) --requirement requirements-dev.txt
	touch $@

check-python:
	@case '$(VERSION)' in \
	  3.11|3.12|3.13) ;; \
	  '') echo 'error: $(PYTHON) does not run. Name a Python 3.11, 3.12 or 3.13: PYTHON=python3.12 make ...' >&2; exit 2 ;; \
	  *) echo 'error: $(PYTHON) is Python $(VERSION); 3.11, 3.12 or 3.13 is needed: PYTHON=python3.12 make ...' >&2; exit 2 ;; \
	esac
