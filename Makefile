# `make demo` and `make test` are all a fresh machine needs; both set everything up first.
# Options: CAMERA=scene|wrist for demo, ARGS="..." for bringup, demo and test, SETUP_PYTHON=/path/to/python3.12.

CAMERA ?= scene
ARGS ?=
PYTHON := .venv/bin/python
DEEPSIGHT := .venv/bin/deepsight

# A sourced ROS must not mix with the one in .venv.
unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH LD_LIBRARY_PATH PYTHONHOME PYTHONPATH ROS_DISTRO VIRTUAL_ENV
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

.PHONY: help setup demo bringup doctor lint unit test clean distclean

help:
	@echo 'make demo [CAMERA=wrist]  simulated camera, questions over the real service, out/demo.png'
	@echo 'make bringup [ARGS=...]   the graph, until Ctrl-C (same arguments as `deepsight bringup`)'
	@echo 'make doctor               what is installed, what is missing, what to do'
	@echo 'make test                 linters, types, import rules, all tests'
	@echo 'make lint | unit          only one half of it (ARGS=... goes to pytest)'
	@echo 'make clean | distclean    remove build results | and the environment'

setup:
	@command -v python3 >/dev/null || { echo 'setup: needs Python 3.11 or 3.12: sudo apt-get install -y python3 python3-venv' >&2; exit 1; }
	@python3 tools/bootstrap.py

demo: setup
	$(DEEPSIGHT) demo --camera $(CAMERA) $(ARGS)

bringup: setup
	$(DEEPSIGHT) bringup $(ARGS)

doctor: setup
	$(DEEPSIGHT) doctor $(ARGS)

lint: setup
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

unit: setup
	$(PYTHON) -m pytest $(ARGS)

test: lint unit

clean:
	rm -rf build install log out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -f .venv/share/deepsight_setup/workspace

distclean: clean
	rm -rf .venv
