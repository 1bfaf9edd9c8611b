"""What several base images have: lists of packages, and what they leave out."""

DATA = ("base-files", "base-passwd", "netbase")
"""Users, directories, names of services: in every distribution that has deb or ipk."""

ESSENTIAL = (
    *DATA,
    "bash",
    "bsdutils",
    "coreutils",
    "dash",
    "debianutils",
    "diffutils",
    "dpkg",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "init-system-helpers",
    "libc-bin",
    "login.defs | login",
    "mawk",
    "ncurses-base",
    "ncurses-bin",
    "passwd",
    "perl-base",
    "sed",
    "sysvinit-utils",
    "tar",
    "usr-is-merged?",
    "util-linux",
)
"""What packages of Debian take for granted (Essential: yes), in bookworm and later."""

TOOLS = (
    "curl",
    "file",
    "gdb",
    "git",
    "iproute2",
    "less",
    "openssh-client",
    "patch",
    "pkgconf | pkg-config",
    "procps",
    "python3 | python3-core",
    "strace",
    "unzip",
    "vim-tiny | vim",
    "xz-utils | xz",
)
"""What developers miss, where they can't install it."""

BUSYBOX = "busybox | packagegroup-core-base-utils"
"""Or what OpenEmbedded has where a distribution does without busybox."""

OE = (*DATA, "bash", BUSYBOX, "ca-certificates", "coreutils", "tzdata?")
"""OpenEmbedded's names, from kirkstone on, for what is more than a shell."""

OE_TOOLS = (
    "curl",
    "diffutils",
    "file",
    "findutils",
    "gdb",
    "git",
    "iproute2",
    "less",
    "openssh-ssh",
    "openssh-scp",
    "patch",
    "procps",
    "python3 | python3-core",
    "strace",
    "unzip",
    "vim-tiny | vim",
    "xz",
)
"""As TOOLS; what a distribution has not built is left out."""

DOCUMENTS = (
    "/usr/share/doc/**",
    "!/usr/share/doc/*/copyright",
    "/usr/share/man/**",
    "/usr/share/info/**",
    "/usr/share/lintian/**",
    "/usr/share/bug/**",
    "/usr/share/locale/**",
    "!/usr/share/locale/locale.alias",
)
"""What nobody reads in a container."""
