# Python 3.11 or newer and make are all that is needed. PORT=8123 make run serves on another port.
PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help run test check bench

help: ## What can be done
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | sed 's/^/  make /'

run: ## Install, migrate, load the demo, build and serve on 127.0.0.1:8000
	@$(BOOTSTRAP) run

test: ## All tests, the browser ones on the production build
	@$(BOOTSTRAP) test

check: ## Style, types, import rules, locks
	@$(BOOTSTRAP) check

bench: ## Measure; prints a table with ratios to the floor
	@$(BOOTSTRAP) bench

BOOTSTRAP = command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or say where it is with make PYTHON=/path/to/python3." >&2; exit 1; }; $(PYTHON) bootstrap.py
