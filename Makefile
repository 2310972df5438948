# The commands of this project; each brings up the environment it needs from a bare clone.
PYTHON := .venv/bin/python
WORKERS ?= 2

.PHONY: help environment demo demo-reset test check bench chaos screenshots messages schema

help:
	@echo 'make demo         the whole product with a demo municipality, on http://127.0.0.1:8000'
	@echo 'make demo-reset   empty the data of the demo'
	@echo 'make test         the whole suite, browser tests included (ONLY=path runs a part)'
	@echo 'make check        style, types, architecture, templates, migrations, translations, schema, licences'
	@echo 'make bench        the benchmarks (ONLY=name runs one; SIZES="10000 1000000": conversations)'
	@echo 'make chaos        five minutes of faults, then every message accounted for (SEED=1 repeats one; SEED="1 2 3")'
	@echo 'make screenshots  every screen, into build/screens/ (ONLY="filters palette": those)'
	@echo 'make messages     bring locale/ up to date with the source'
	@echo 'make schema       write openapi.yaml anew'

environment:
	@scripts/environment.sh

demo: environment
	@exec $(PYTHON) -m webcare.embedded demo

demo-reset: environment
	@exec $(PYTHON) -m webcare.embedded reset

test: environment
	@CHROMIUM="$$(scripts/chromium.sh)" && export CHROMIUM && \
	exec $(PYTHON) -m webcare.embedded run -- scripts/test.sh $(WORKERS) $(ONLY)

check: environment
	@exec $(PYTHON) -m webcare.embedded run -- scripts/check.sh

bench: environment
	@CHROMIUM="$$(scripts/chromium.sh)" && export CHROMIUM && \
	exec $(PYTHON) -m webcare.embedded run --durable -- \
	python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(SIZES),--sizes $(SIZES))

chaos: environment
	@SEED="$(SEED)" exec $(PYTHON) -m tests.chaos

screenshots: environment
	@CHROMIUM="$$(scripts/chromium.sh)" && export CHROMIUM && \
	exec $(PYTHON) -m webcare.embedded run -- python -m tests.screenshots $(ONLY)

messages: environment
	@exec $(PYTHON) -m webcare.translations update

schema: environment
	@DJANGO_SETTINGS_MODULE=webcare.settings_test exec $(PYTHON) -m webcare.embedded run -- \
	python manage.py spectacular --file openapi.yaml
