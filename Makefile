# Every target installs what it needs (.ci/setup), as root or through sudo, and says what it does.
PYTHON = .venv/bin/python
# what an environment may have set: tests start hundreds of processes, each of which would compile all anew
export PYTHONDONTWRITEBYTECODE =

help:
	@echo "make demo         the main job, end to end: build, boot a target, deploy, change, redeploy, roll back"
	@echo "make demo-microservices"
	@echo "                  four services as one application: build, deploy, look, a bad version comes back"
	@echo "make test         every test: unit tests, and the real programs"
	@echo "make test-all     and every stack and runtime on a machine of its own under QEMU: an hour and more"
	@echo "make unit         unit tests only: about a minute, no root"
	@echo "make lint         ruff, mypy --strict, shellcheck"
	@echo "make bench        speed, side by side with umoci, buildah, docker and podman"

demo:
	@.ci/setup demo
	@.ci/demo

demo-microservices:
	@.ci/setup demo-microservices
	@.ci/demo-microservices

test:
	@.ci/setup test
	$(PYTHON) -m pytest -q -n 3 --dist loadfile --durations=10

test-all:
	@.ci/setup test guests
	GUESTS=all $(PYTHON) -m pytest -q -n 2 --dist loadfile --durations=10

unit:
	@.ci/setup unit
	$(PYTHON) -m pytest -q -n 3 --dist worksteal tests/unit

lint:
	@.ci/setup lint
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m mypy --config-file tests/mypy.ini
	git ls-files -z '*.sh' .ci/run .ci/setup .ci/demo .ci/demo-microservices | xargs -0 shellcheck -s sh -S warning

bench:
	@.ci/setup bench
	@benchmarks/run

.PHONY: help demo demo-microservices test test-all unit lint bench
