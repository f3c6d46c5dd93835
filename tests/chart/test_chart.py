"""The chart: what it renders is valid, hardened and no more than what is needed; wrong values are refused in words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml
from tests import rights
from tests.chart.helm import CHART, WHOLE, helm, pods, refused, rendered

from windlass.executors.kubernetes.looking import NEEDED
from windlass.policies import pod_security
from windlass.policies.policy import SAFE
from windlass_schemas.server_file import ServerFile


@pytest.fixture(params=[{}, WHOLE], ids=["defaults", "whole"])
def values(request):
    return request.param


def test_helm_finds_nothing_wrong():
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout


def test_pods_meet_the_strictest_level_and_write_nowhere(values):
    strict = replace(SAFE, pod_security="restricted")
    for name, pod in pods(rendered(values)).items():
        assert list(pod_security.refusals(pod, strict)) == [], name
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["livenessProbe"]
            assert container["readinessProbe"]


def test_no_value_of_a_secret_stands_in_an_object_of_the_chart():
    for one in rendered(WHOLE):
        if one["kind"] == "Secret":
            assert one["metadata"]["name"] == "w-windlass-internal"


def test_without_a_database_one_process_does_everything_and_keeps_its_volume():
    objects = rendered({})
    (pod,) = pods(objects).values()
    assert pod["spec"]["containers"][0]["args"][0] == "up"
    (claim,) = [one for one in objects if one["kind"] == "PersistentVolumeClaim"]
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_rights_are_in_the_namespaces_of_tenants_and_nowhere_else():
    objects = rendered(WHOLE)
    assert not [one for one in objects if one["kind"].startswith("ClusterRole")]
    roles = {(one["metadata"].get("namespace"), one["metadata"]["name"]) for one in objects if one["kind"] == "Role"}
    assert roles == {
        (None, "w-windlass-leader"),
        ("team-a", "w-windlass-tenant"),
        ("team-b", "w-windlass-tenant"),
    }
    for one in objects:
        if one["kind"] == "Role":
            for rule in one["rules"]:
                assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]


def test_doctor_asks_for_what_the_role_lists():
    listed = rights.listed(yaml.safe_load(rights.RULES.read_text()))
    for verb, resource, subresource in NEEDED:
        words = (resource.group, resource.plural, subresource)
        assert (verb, "/".join(word for word in words if word)) in listed


def server_file(values):
    (found,) = [one for one in rendered(values) if one["kind"] == "ConfigMap"]
    return yaml.safe_load(found["data"]["windlass-server.yaml"])


def test_steps_are_pods_in_the_namespaces_of_tenants():
    assert server_file({})["runner"] == "kubernetes"
    assert "kubernetes" not in server_file({}), "all namespaces, that would be"
    whole = server_file(WHOLE)
    assert (whole["runner"], whole["kubernetes"]) == ("kubernetes", {"namespaces": ["team-a", "team-b"]})
    own = server_file(
        {"tenants": [{"namespace": "a"}], "server": {"runner": "builds", "kubernetes": {"showRuns": "created"}}}
    )
    assert (own["runner"], own["kubernetes"]) == ("builds", {"namespaces": ["a"], "showRuns": "created"})


def test_the_token_of_the_administrator_is_made_where_nobody_has_one():
    def made(values):
        return [one["metadata"]["name"] for one in rendered(values) if one["kind"] == "Secret"]

    assert made({}) == ["w-windlass-admin", "w-windlass-internal"]
    (holder,) = server_file({})["auth"]["tokens"]
    assert (holder["name"], holder["file"]) == ("admin", "/run/secrets/windlass-tokens/admin")
    (pod,) = pods(rendered({})).values()
    assert {"name": "tokens", "secret": {"secretName": "w-windlass-admin"}} in pod["spec"]["volumes"]
    assert made({"server": {"auth": {"tokens": [{"env": "KEY"}]}}}) == ["w-windlass-internal"]


@pytest.mark.parametrize("values", [{}, WHOLE], ids=["defaults", "whole"])
def test_prometheus_finds_a_service_and_what_it_needs_to_read_it(values):
    objects = rendered({**values, "serviceMonitor": {"enabled": True}})
    (monitor,) = [one for one in objects if one["kind"] == "ServiceMonitor"]
    wanted, (endpoint,) = monitor["spec"]["selector"]["matchLabels"], monitor["spec"]["endpoints"]
    (service,) = [
        one for one in objects if one["kind"] == "Service" and wanted.items() <= one["metadata"]["labels"].items()
    ]
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert ("authorization" in endpoint) == (endpoint["port"] == "http"), "the port of users asks who it is"


def test_the_schema_knows_the_keys_of_the_server_file():
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["server"]["properties"]
    assert set(schema) == {field.alias or name for name, field in ServerFile.model_fields.items()}


def test_custom_resources_come_with_the_chart_and_stay_when_it_goes():
    found = [one for one in rendered({}) if one["kind"] == "CustomResourceDefinition"]
    assert len(found) == 4
    assert all(one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for one in found)
    assert not [one for one in rendered({"crds": {"install": False}}) if one["kind"] == "CustomResourceDefinition"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"controller": {"replicas": 2}}, "more than one controller needs a database"),
        ({"controller": {"persistence": {"enabled": False}}}, "nothing would be kept"),
        ({"controler": {}}, "controler"),
        ({"controller": {"replicas": "2"}}, "replicas"),
        ({"tenants": ["team-a"]}, "tenants"),
        ({"tenants": [{"namespace": "Team A"}]}, "namespace"),
        ({"image": {"digest": "latest"}}, "digest"),
        ({"tenants": [{"namespace": "a"}, {"namespace": "a"}]}, "equal"),
        ({"server": {"repositorys": []}}, "/server': additional properties 'repositorys' not allowed"),
        ({"web": {"resources": {"limits": "1Gi"}}}, "/web/resources/limits': got string, want object"),
        ({"server": {"kubernetes": {"namespaces": ["a"]}}}, "they follow from tenants"),
        ({"tokens": {"holders": [{"name": "ada"}]}}, "existingSecret"),
    ],
)
def test_wrong_values_are_refused_in_words(values, said):
    assert said in refused(values)


def test_an_image_by_digest_is_stronger_than_its_tag():
    digest = "sha256:" + "0" * 64
    (pod,) = pods(rendered({"image": {"repository": "r/w", "tag": "1", "digest": digest}})).values()
    assert pod["spec"]["containers"][0]["image"] == f"r/w@{digest}"


def test_a_changed_server_file_starts_new_pods():
    before, after = (pods(rendered({**WHOLE, "server": {"objects": url}})) for url in ("s3://a/b", "s3://a/c"))
    for name, pod in before.items():
        assert pod["metadata"]["annotations"] != after[name]["metadata"]["annotations"]
