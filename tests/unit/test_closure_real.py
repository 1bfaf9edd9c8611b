"""closure.py against this machine: what ldd says, and programs that run in nothing but their image."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core.files import elf
from sdk_hooks.core.files.closure import Resolver
from sdk_hooks.core.files.root import Root
from sdk_hooks.core.spec.model import Spec

from .helpers import build_tree, gcc, needs_gcc, unpack, write

PROGRAMS = (
    "bash",
    "ls",
    "tar",
    "grep",
    "find",
    "ssh",
    "curl",
    "git",
    "perl",
    "gcc",
    "openssl",
    "systemctl",
    "ip",
)
BY_LIBC = re.compile(r"libgcc_s|libnss_|ld-linux")


def _namespaces() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-r", "true"], check=False, capture_output=True).returncode == 0


needs_namespaces = pytest.mark.skipif(not _namespaces(), reason="unshare can't make user namespaces here")


@pytest.mark.skipif(shutil.which("ldd") is None, reason="ldd is not installed")
def test_every_library_that_ldd_sees_is_in_the_closure_and_no_other() -> None:
    compared = 0
    for program in filter(None, map(shutil.which, PROGRAMS)):
        path = os.path.realpath(program)
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        resolver = Resolver(Root("/usr/share"), Root("/"))
        resolver.program(path, resolver.sysroot)
        ours = {os.path.realpath(p) for p in resolver.finish().paths if ".so" in os.path.basename(p)}
        said = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
        theirs = {os.path.realpath(p) for p in re.findall(r"(/\S+) \(0x", said)}

        assert theirs <= ours, path
        assert [p for p in ours - theirs if not BY_LIBC.search(p)] == [], path
        compared += 1

    assert compared >= 4


def _run(root: Path, *argv: str) -> str:
    command = ["unshare", "-r", "chroot", str(root), *argv]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},  # an ordinary user of Debian lacks them
    )
    return f"{done.stdout}{done.stderr}exit {done.returncode}"


@needs_gcc
@needs_namespaces
def test_a_program_runs_in_the_image_of_its_closure(tree: Path, tmp_path: Path) -> None:
    """With threads, which load libgcc_s by themselves, and a library in the tree that only rpath finds."""
    gcc(
        tree / "opt/own/libown.so",
        "int answer(void) { return 42; }",
        "-shared",
        "-fPIC",
        "-Wl,-soname,libown.so",
    )
    gcc(
        tree / "usr/bin/app",
        """
        #include <math.h>
        #include <pthread.h>
        #include <pwd.h>
        #include <stdio.h>
        int answer(void);
        static void *run(void *x) { pthread_exit(x); }
        int main(void) {
            pthread_t t;
            if (pthread_create(&t, 0, run, 0) || pthread_join(t, 0)) return 1;
            volatile double two = 2;
            printf("%d %.3f %s\\n", answer(), sqrt(two), getpwnam("nonroot")->pw_name);
        }
        """,
        *("-lm", "-pthread", str(tree / "opt/own/libown.so"), "-Wl,-rpath,/opt/own"),
    )

    image = build_tree(tree, tmp_path / "image", spec=Spec(entrypoint=("/usr/bin/app",))).image

    assert _run(unpack(image, tmp_path / "root"), "/usr/bin/app") == "42 1.414 nonroot\nexit 0"


@needs_namespaces
@pytest.mark.skipif(shutil.which("musl-gcc") is None, reason="no musl-gcc: apt-get install musl-tools")
@pytest.mark.parametrize("place", ["opt/musl", "usr/lib/x86_64-linux-musl"])
def test_a_program_of_musl_runs_in_the_image_of_its_closure(tree: Path, tmp_path: Path, place: str) -> None:
    """Its C library is its dynamic linker, and a file says where that looks for others."""
    other, program = tree / place / "libown.so", tree / "usr/bin/app"
    for path in (other, program):
        path.parent.mkdir(parents=True, exist_ok=True)
    sources = {
        "own.c": "int answer(void) { return 42; }",
        "app.c": '#include <stdio.h>\nint answer(void);\nint main(void) { printf("%d\\n", answer()); }',
    }
    made = write(tmp_path / "src", sources)
    rpath = [] if place.startswith("usr") else [f"-Wl,-rpath,/{place}"]
    library = ["-shared", "-fPIC", "-Wl,-soname,libown.so", made / "own.c", "-o", other]
    for line in (library, [made / "app.c", other, "-o", program, *rpath]):
        subprocess.run(["musl-gcc", *map(str, line)], check=True)

    image = build_tree(tree, tmp_path / "image", spec=Spec(entrypoint=("/usr/bin/app",))).image

    root = unpack(image, tmp_path / "root")
    assert _run(root, "/usr/bin/app") == "42\nexit 0"
    assert not list(root.rglob("libgcc_s.so.1"))


@needs_gcc
@needs_namespaces
def test_a_library_that_only_the_cache_of_the_linker_knows_is_found_without_the_cache(
    tree: Path, tmp_path: Path
) -> None:
    sysroot = tmp_path / "sysroot"
    libc = subprocess.run(
        ["gcc", "-print-file-name=libc.so.6"], check=True, capture_output=True, text=True
    ).stdout
    probe = elf.read(str(gcc(tmp_path / "probe", "int main(void) { return 0; }")))
    assert probe is not None
    for path, copy in ((probe.interpreter, probe.interpreter), (libc.strip(), "/lib/libc.so.6")):
        (sysroot / copy[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, sysroot / copy[1:])
    write(sysroot, {"etc/ld.so.conf": "/opt/vendor/lib\n"})
    own = gcc(
        sysroot / "opt/vendor/lib/libown.so.1",
        "int answer(void) { return 7; }",
        *("-shared", "-fPIC", "-nostdlib", "-Wl,-soname,libown.so.1"),
    )
    gcc(tree / "usr/bin/app", "int answer(void); int main(void) { return answer() != 7; }", str(own))

    image = build_tree(tree, tmp_path / "image", str(sysroot)).image

    root = unpack(image, tmp_path / "root")
    assert _run(root, "/usr/bin/app") == "exit 0"
    assert not (root / "etc/ld.so.cache").exists()
