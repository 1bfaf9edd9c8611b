"""What dnf would install: run by the distribution's own Python, which has dnf."""

import json
import logging
import sys
import tempfile

import dnf


def answers(repository: str, queries: list[list[str]]) -> list[list[str] | str]:
    """Of each query the packages, or why there are none."""
    found: list[list[str] | str] = []
    with tempfile.TemporaryDirectory() as directory:
        base = dnf.Base()
        conf = base.conf
        conf.installroot, conf.cachedir, conf.persistdir = (
            f"{directory}/root",
            f"{directory}/cache",
            directory,
        )
        conf.logdir, conf.reposdir, conf.pluginpath = directory, [], []
        conf.gpgcheck = conf.plugins = conf.install_weak_deps = conf.best = False
        conf.module_platform_id = "platform:none"
        conf.substitutions.update(releasever="1", arch="x86_64", basearch="x86_64")
        base.repos.add_new_repo("made", conf, baseurl=[f"file://{repository}"])
        base.fill_sack(load_system_repo=False)
        for query in queries:
            base.reset(goal=True)
            try:
                for word in query:
                    base.install(word)
                base.resolve()
                found.append(
                    sorted(f"{p.name} {p.evr.removeprefix('0:')}" for p in base.transaction.install_set)
                )
            except (dnf.exceptions.Error, dnf.exceptions.DepsolveError) as error:
                found.append(str(error))
        base.close()
    return found


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    json.dump(answers(sys.argv[1], json.load(sys.stdin)), sys.stdout)
