"""A repository of packages that rpmbuild makes: a service with what it needs, and odd ones."""

import os
import shutil
import subprocess
from pathlib import Path

from .tester import EXAMPLE

SPEC = r"""
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
Name: site
Version: 1.2~rc1
Release: 3^git1
Epoch: 2
Summary: it's <a site> & more
License: MIT
URL: https://example.org/?a=1&b=2
%description
A service.

%package -n hello-http
Summary: says hello
Requires: (hello-pages or other-pages)
Requires: /usr/share/site/marker
Requires(pre): accounts
Recommends: other-pages
%description -n hello-http
Says hello.

%package -n hello-pages
Summary: pages
BuildArch: noarch
Provides: pages = 4
Obsoletes: old-pages < 2
%description -n hello-pages
Pages.

%package -n clib
Summary: the C library
Provides: rtld(GNU_HASH)
%description -n clib
The C library of the machine that makes this.

%package -n accounts
Summary: a shell, and programs for scripts
Provides: /bin/sh
%description -n accounts
Busybox.

%package -n odd
Summary: all kinds of files
%description -n odd
Odd.

%install
cp -a TREE/. %{buildroot}
cd %{buildroot}
mkdir -p usr/share/site .$(dirname LOADER) usr/lib bin usr/lib/odd var/lib/site etc
echo "<html>" >%{buildroot}/usr/share/site/index.html; touch %{buildroot}/usr/share/site/marker
cp LOADER %{buildroot}LOADER; cp LIBC %{buildroot}/usr/lib/libc.so.6
cp BUSYBOX %{buildroot}/bin/busybox
for name in sh true ls cat ln rm mkdir grep; do ln -s busybox %{buildroot}/bin/$name; done
cd %{buildroot}/usr/lib/odd
echo same >one; ln one two; ln one a-third; : >empty; ln empty empty-too
ln -s ../odd/one link; ln -s /nowhere dangling
head -c 300000 /dev/zero >big; echo cap >raw; touch ghost; echo 'a&b' >'name with blank & <sign>'

%pre -n hello-http
grep -q '^web:' /etc/passwd || echo 'web:x:77:78::/:/bin/false' >>/etc/passwd
grep -q '^web:' /etc/group || echo 'web:x:78:' >>/etc/group
%post -n hello-http
mkdir -p /var/lib/site/made
echo "$1" >/var/lib/site/made/by-post
ln -s made /var/lib/site/link
%post -n clib -p <lua>
-- nothing
%post -n odd -p /bin/true

%files -n hello-http
/usr/bin/hello-http
%config(noreplace) %attr(0640,root,web) /etc/hello-http.conf
%dir %attr(0750,web,web) /var/lib/site
%files -n hello-pages
/usr/share/site
%files -n clib
LOADER
/usr/lib/libc.so.6
%files -n accounts
/bin/*
%files -n odd
%dir %attr(1777,root,root) /usr/lib/odd
%attr(0755,root,root) %caps(cap_net_raw,cap_net_admin=ep) /usr/lib/odd/raw
%attr(0644,root,root) /usr/lib/odd/one
/usr/lib/odd/two
/usr/lib/odd/a-third
/usr/lib/odd/empty*
/usr/lib/odd/link
/usr/lib/odd/dangling
/usr/lib/odd/big
"/usr/lib/odd/name with blank & <sign>"
%ghost /usr/lib/odd/ghost
"""
PAYLOADS = {"w9.gzdio": "gzip", "w2.xzdio": "xz", "w3.zstdio": "zstd", "w9.bzdio": "bzip2", "w.ufdio": "none"}


def build(directory: Path, payload: str = "w9.gzdio") -> Path:
    """The packages, in a directory each for their architectures; where they are."""
    directory.mkdir(parents=True)
    tree = directory / "tree"
    subprocess.run(("make", "-s", "-C", str(_copied(directory)), "install", f"DESTDIR={tree}"), check=True)
    libc = subprocess.run(("gcc", "-print-file-name=libc.so.6"), capture_output=True, text=True, check=True)
    program = subprocess.run(
        ("readelf", "-l", str(tree / "usr/bin/hello-http")), capture_output=True, text=True, check=True
    )
    loader = program.stdout.partition("interpreter: ")[2].partition("]")[0]
    busybox = shutil.which("busybox")
    assert busybox
    places = {"TREE": str(tree), "LOADER": loader, "LIBC": libc.stdout.strip(), "BUSYBOX": busybox}
    text = SPEC
    for name, place in places.items():
        text = text.replace(name, place)
    (directory / "site.spec").write_text(text)
    rpmbuild(directory, directory / "site.spec", payload)
    return directory / "RPMS"


def rpmbuild(directory: Path, spec: Path, payload: str = "w9.gzdio") -> None:
    defined = ("--define", f"_topdir {directory}", "--define", f"_binary_payload {payload}")
    done = subprocess.run(
        ("rpmbuild", "-bb", *defined, str(spec)),
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    assert done.returncode == 0, done.stderr


def createrepo(directory: Path, *options: str) -> Path:
    subprocess.run(("createrepo_c", "-q", *options, str(directory)), check=True, env=_environment())
    return directory


def queried(path: Path, form: str) -> list[str]:
    """What rpm itself says of a package's file, in lines."""
    argv = ("rpm", "-qp", "--nosignature", "--qf", form, str(path))
    return subprocess.run(
        argv, capture_output=True, text=True, check=True, env=_environment()
    ).stdout.splitlines()


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def _copied(directory: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, directory / "source"))
