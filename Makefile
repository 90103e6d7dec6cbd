# The commands a person types. `make help` lists them.

VENV     ?= .venv
PYTHON   ?= python3
# make unit ARGS='-k mac'; make molecule SCENARIO=debian ARGS=converge; make sanity ARGS='--test pylint'; make render DIR=/srv/preview
ARGS     ?=
DIR      ?= .cache/render
PLATFORM ?= gentoo
SCENARIO ?= default

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export PATH := $(abspath $(VENV))/bin:$(PATH)
.DEFAULT_GOAL := help

.PHONY: help venv lint unit sanity molecule matrix arm64 etherboot bootloader test bench render

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## Make the virtual environment (quick when nothing changed)
	@tools/venv.sh $(VENV) $(PYTHON)

lint: venv ## Run every linter
	@tools/lint.sh

unit: venv ## Run the unit tests
	@pytest $(ARGS)

sanity: venv ## Run Ansible's own checks of a collection
	@tools/sanity.sh $(ARGS)

molecule: venv ## Check, converge and verify a master in the lab (root)
	@tools/molecule.sh $(SCENARIO) $(ARGS)

matrix: venv ## Boot every supported combination that has not passed yet, and print the table (root)
	@python -m matrix $(ARGS)

arm64: venv ## Cross-build a kernel for arm64 and boot it from NFS in QEMU; not a part of test (root)
	@pytest --capture=no tests/arm64 $(ARGS)

etherboot: venv ## Boot images for Etherboot, and scripts for iPXE and gPXE, in QEMU; not a part of test (root)
	@pytest --capture=no tests/etherboot $(ARGS)

bootloader: venv ## Play master_kernel with its reboots on a machine that GRUB starts, in QEMU; not a part of test (root)
	@pytest --capture=no --exitfirst tests/bootloader $(ARGS)

test: venv ## Run everything that must pass
	@tools/test.sh

bench: venv ## Measure large fleets, and the slave's kernel against the distribution's (root)
	@python -m bench $(ARGS)

render: venv ## Write what the master would get below DIR, changing no machine
	@ansible-playbook playbooks/render.yml -e render_dir=$(abspath $(DIR)) -e render_platform=$(PLATFORM) $(ARGS)
	@find $(DIR) -type f

include lab.mk
