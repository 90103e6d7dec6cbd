# The lab: a network of diskless machines on this machine. lab/README.md says what it does and needs.

LAB_PYTHON ?= $(VENV)/bin/python
# A slave's name: "make lab-console NAME=slave22"
NAME ?=

.PHONY: lab lab-up lab-down lab-shell lab-console

lab: venv ## Boot a slave from a master that the playbook makes; LAB_MASTER=debian for that (root)
	@$(LAB_PYTHON) -m lab run $(NAME)

lab-up: venv ## Start the lab's network and master, and play the playbook (root)
	@$(LAB_PYTHON) -m lab up

lab-shell: ## Open a shell in the lab's master (root)
	@$(LAB_PYTHON) -m lab shell

lab-console: ## Attach to a slave's serial console, Ctrl-] leaves (root)
	@$(LAB_PYTHON) -m lab console $(NAME)

lab-down: ## Remove everything of the lab but its cache (root)
	@$(LAB_PYTHON) -m lab down
