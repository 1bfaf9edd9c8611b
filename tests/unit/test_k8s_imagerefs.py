"""Images in manifests of people: which are ours, and that nothing else of a file changes."""

from __future__ import annotations

import pytest

from sdk_hooks.core.k8s import imagerefs

from .helpers import fails

NEW = "localhost/web:sha256-1"
REFERENCES = {"web": NEW}


@pytest.mark.parametrize(
    "image",
    ["web", "web:1.2", "localhost/web", "localhost/web:latest",
     "registry.example.com:5000/team/web:1@sha256:ab", "docker.io/library/web", "web:sha256-0"],
)  # fmt: skip
def test_an_image_is_ours_in_every_registry_and_of_every_tag(image: str) -> None:
    assert imagerefs.ours(image, REFERENCES) == "web"


@pytest.mark.parametrize("image", ["webserver", "my-web", "web/other", "localhost:5000/x", "", "other:web"])
def test_others_are_not(image: str) -> None:
    assert imagerefs.ours(image, REFERENCES) == ""


TEXT = """\
# the front\r
apiVersion: v1
kind: List
items:
- kind: Deployment
  spec:
    template:
      spec:
        initContainers: [{image: web:1}, {image: other}]   # both
        containers:
        - image:   "reg.example.com/web:2"    # quoted
          env: [{name: image, value: web}]
        - {name: x, image: 'web'}
---
kind: CronJob
spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: &name web:3 }, {image: *name}]}}}}}
--- # é
kind: Pod
image: web
spec:
  containers:
  - image: !!str web
  - &base
    image: >-
      web
  - <<: *base
    name: again
---
kind: Other
spec: {containers: [{image: web}], template: {spec: {containers: [{image: web}]}}}
"""


def test_nothing_but_the_names_of_our_images_changes() -> None:
    found, used = imagerefs.put(TEXT, "f.yaml", REFERENCES)

    assert used == {"web"}
    wanted = [
        ("[{image: web:1}, {image: other}]", f"[{{image: {NEW}}}, {{image: other}}]"),
        ('image:   "reg.example.com/web:2"    #', f'image:   "{NEW}"    #'),
        ("image: 'web'}", f"image: '{NEW}'}}"),
        ("&name web:3 }", f"&name {NEW} }}"),
        ("image: !!str web\n", f"image: !!str {NEW}\n"),
        ("image: >-\n      web\n", f"image: {NEW}\n"),
    ]
    text = TEXT
    for old, new in wanted:
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert found == text


def test_a_file_without_our_images_is_as_it_was() -> None:
    text = "kind: Pod\nspec: {containers: [{image: other}, {name: x}]}\n---\njust text\n--- \n"

    assert imagerefs.put(text, "f.yaml", REFERENCES) == (text, set())


def test_json_is_edited_in_place_with_its_tabs() -> None:
    text = '{\n\t"kind": "Pod",\n\t"spec": {"containers": [{"image":\t"web"}]}\n}\n'

    assert imagerefs.put(text, "f.json", REFERENCES) == (text.replace('"web"', f'"{NEW}"'), {"web"})
    place = "f.json:2:1: expected the node content, but found '<stream end>'"
    with fails(f"{place} [bad-yaml]\n  hint: correct it there"):
        imagerefs.put('{"a": \n', "f.json", REFERENCES)


@pytest.mark.parametrize(
    "kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"]
)
def test_every_kind_of_workload_has_its_pod(kind: str) -> None:
    text = f"kind: {kind}\nspec: {{template: {{spec: {{ephemeralContainers: [{{image: web}}]}}}}}}\n"

    assert imagerefs.put(text, "f", REFERENCES)[0] == text.replace("image: web", f"image: {NEW}")


def test_a_template_of_pods_has_one_too() -> None:
    text = "kind: PodTemplate\ntemplate: {spec: {containers: [{image: web}]}}\n"

    assert imagerefs.put(text, "f", REFERENCES)[1] == {"web"}
