"""Storage that an application has on a cluster: nobody else has what is in there."""

import pytest

from .apisite import ApiSite, site

__all__ = ["site"]
pytestmark = pytest.mark.integration
DISK = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "provisioner": "example.com/disk",
    "metadata": {"name": "disk", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
}


def test_storage_of_what_never_ran_goes_and_other_stays(site: ApiSite) -> None:
    """What was there before it may hold something, also of an application that is not there any more."""
    site.api.store.put("storageclasses", DISK)
    site.api.clock.fails = {"tester": "CrashLoopBackOff"}

    done = site("tester", version="v1")
    made = "PersistentVolumeClaim/tester-data"
    assert f"\ntester: removing the storage that it was given: {made}\n" in done.stderr
    assert done.stderr.endswith("  hint: it was the first version, and is gone again\n")
    assert site.there() == []

    site.api.clock.fails = {}
    site.deployed("tester")
    assert f"tester: kept: {made}; remove it, too" in site("tester", "--delete").stderr
    site.api.clock.fails = {"tester": "CrashLoopBackOff"}
    assert "removing the storage" not in site("tester", version="v1").stderr
    assert site.there() == ["persistentvolumeclaims/tester-data"]


def test_storage_that_a_version_does_not_name_is_told(site: ApiSite) -> None:
    site.api.store.put("storageclasses", DISK)
    site.deployed("tester")
    done = site("plain", "--name", "tester", version="v1")
    assert done.status == 0, done.stderr

    note = "the storage tester-data is kept, which this version does not name"
    how = "kubectl --namespace shop delete pvc tester-data"
    assert f"\ntester: note: {note}: {how}\n" in done.stderr
    assert "persistentvolumeclaims/tester-data" in site.there()
    assert note not in site("plain", "--name", "tester", version="v2").stderr
