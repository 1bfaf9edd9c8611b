"""Scripts of a deployment about the images that its target holds: there, called, forgotten."""

from __future__ import annotations

from sdk_hooks.core.deploy.deployment import Deployment, own_root
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import assigned, lines, quoted
from sdk_hooks.target import Script

_SHEBANG = "#!/bin/sh\n"
_LOCALE = "PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"


def head(deployment: Deployment) -> Script:
    """What every script begins with, whoever calls it: a login, an init, the switch."""
    variables = dict(deployment.stack.environment(deployment.target))
    if own_root(deployment.target, deployment.stack):
        variables["XDG_RUNTIME_DIR"] = str(deployment.target.state / "run")
    return _SHEBANG + _LOCALE + (f"export {assigned(variables).rstrip()}\n" if variables else "")


def forget(deployment: Deployment) -> Script:
    """Forget its images, but not those that are given as arguments."""
    text = head(deployment)
    for image in dict.fromkeys(box.image for box in deployment.containers):
        untag = quoted(deployment.command(deployment.stack.untag(image)))
        text += f'case " $* " in *{quoted((f" {image} ",))}*) ;; *) {untag} ;; esac\n'
    return text


def unname(deployment: Deployment) -> Script:
    """Forget the images' own names."""
    names = dict.fromkeys(member.image.name for member in deployment.members)
    return head(deployment) + lines(deployment.command(deployment.stack.untag(name)) for name in names)


def ready(deployment: Deployment) -> Script:
    """Fails when an image, or a layer, is gone: somebody may have cleaned up what does not run now.

    Others take away what they think that nobody needs: two deployments of one image, a removal meanwhile.
    """
    stack, text = deployment.stack, head(deployment)
    if stack.takes == "layers":
        return text + script("ready.sh", STATE=str(deployment.target.state))
    for image in dict.fromkeys(box.image for box in deployment.containers):
        name = f"{image}-ready"  # each engine fails to give a name to what is not there
        tag, untag = (deployment.command(argv) for argv in (stack.tag(image, name), stack.untag(name)))
        text += f"{quoted(tag)} || exit\n{quoted(untag)}\n"
    return text


def tidy(deployment: Deployment) -> Script:
    """After a success: the images' own names mean the new ones, and layers that nothing uses go.

    After a failure, for which it is given a third argument, the names mean what they did before.
    """
    stack, start = deployment.stack, head(deployment)
    if stack.takes == "layers":
        return start + script("turn.sh") + script("sweep.sh", STATE=str(deployment.target.state))
    tags = (stack.tag(member.container.image, member.image.name) for member in deployment.members)
    named = "".join(f"{quoted(deployment.command(argv))} >/dev/null 2>&1\n" for argv in tags)
    own = f'if [ -z "$3" ]; then :\n{named}fi\n'
    parts = "sh ./.incoming </dev/null >/dev/null 2>&1; rm -f .incoming"
    return f"{start}{own}[ ! -f .incoming ] || {{ {parts}; }}\n"
