"""The parameter ``tenant``, and maps of namespaces to tenants."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import PolicyErrors, UsageError
from auditor.policy import load, policies_folder, resolve
from auditor.policy.policyset import MOST_BYTES
from auditor.policy.tenancy import MAP_ROW, tenancy_rows, with_tenancy
from auditor.policy.tenant_map import as_table, read_map
from tests.policies.shipped import POLICY
from tests.unit.policy.making import FILES, RULE, write

CAPSULE = {"of": "label", "name": "capsule.clastix.io/tenant", "id": "capsule"}
OWNER = {"of": "annotation", "name": "owner", "with": {"a": "b"}, "id": "kubeflow"}
UNNAMED = {"of": "label", "name": "mine"}
TABLE = [CAPSULE, OWNER, UNNAMED]

READ = {
    "label:team": [{"of": "label", "name": "team"}],
    "label:a.example.com/team": [{"of": "label", "name": "a.example.com/team"}],
    "annotation:owner": [{"of": "annotation", "name": "owner"}],
    "pod-label:user": [{"of": "pod-label", "name": "user"}],
    "kubeflow": [OWNER],
    "capsule, label:team": [CAPSULE, {"of": "label", "name": "team"}],
    "file:a.yaml,table": [{"of": "file", "name": "a.yaml"}, *TABLE],
    "namespace": [],
    "label:team,namespace": [{"of": "label", "name": "team"}],
    "pool": [{"of": "place", "name": "pool"}, *TABLE],
    "folder,namespace": [{"of": "place", "name": "folder"}],
    "attribute:Cost centre,machine": [
        {"of": "attribute", "name": "Cost centre"},
        {"of": "place", "name": "machine"},
        *TABLE,
    ],
    "tag:Tenant of it,pool": [
        {"of": "tag", "name": "Tenant of it"},
        {"of": "place", "name": "pool"},
        *TABLE,
    ],
    "namespace,pool": [{"of": "place", "name": "pool"}],
    "machine,label:team": [
        {"of": "place", "name": "machine"},
        {"of": "label", "name": "team"},
    ],
    "file:a.yaml,pool": [{"of": "file", "name": "a.yaml"}, {"of": "place", "name": "pool"}],
    "table,folder": [*TABLE, {"of": "place", "name": "folder"}],
}


@pytest.mark.parametrize("text", list(READ))
def test_keys_in_their_order(text: str) -> None:
    assert tenancy_rows(text, TABLE) == READ[text]
    assert tenancy_rows(text.split(","), TABLE) == READ[text]


WRONG = {
    "": "names nothing",
    " , ": "names nothing",
    "capsul": "'capsul' is not a key of tenants",
    "labels:team": "'labels:team' is not a key of tenants",
    "label:": "nothing follows label:",
    "label:a/b/c": "'a/b/c' can't be the name of a label or an annotation",
    "label:-a": "'-a' can't be the name of a label or an annotation",
    f"label:{'a' * 64}": "can't be the name of a label",
    "label:A_/x": "'A_/x' can't be the name",
    f"label:{'a.' * 127}a/x": "can't be the name",
    "file:": "nothing follows file:",
    "namespace,label:a": "what follows namespace is never asked",
    "label:a,label:a": "label:a is there twice",
    "capsule,table": "table is there twice",
    "file:a,file:b": "it names two files",
    "namespace,namespace": "namespace is there twice",
    "namespace,file:a": "what follows namespace is never asked",
    "machine,folder": "what follows machine is never asked",
    "machine,attribute:a": "what follows machine is never asked",
    "machine,machine": "machine is there twice",
    "machine,tag:a": "what follows machine is never asked",
    "attribute:": "nothing follows attribute:",
    "tag:": "nothing follows tag:",
    "tag:a,tag:a": "tag:a is there twice",
    "place:pool": "'place:pool' is not a key of tenants",
    "folders": "'folders' is not a key of tenants",
    "pool,pool": "pool is there twice",
}


@pytest.mark.parametrize("text", list(WRONG))
def test_other_texts_are_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        tenancy_rows(text, TABLE)
    assert WRONG[text] in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("value", [3, {"a": "b"}, ["a", 1], True])
def test_a_profile_has_a_text_or_a_list_of_texts(value: object) -> None:
    with pytest.raises(UsageError, match="parameter tenant: not a text"):
        tenancy_rows(value, TABLE)


def test_a_map_among_the_tables_comes_first_unless_keys_are_named() -> None:
    mapped = {"tenancy-keys": [CAPSULE], "tenant-map": [{"tenant": "a", "namespaces": ["b"]}]}
    assert with_tenancy(mapped, None)["tenancy-keys"] == [MAP_ROW, CAPSULE]
    assert with_tenancy(mapped, "capsule")["tenancy-keys"] == [CAPSULE]
    assert with_tenancy({"tenancy-keys": [CAPSULE]}, None)["tenancy-keys"] == [CAPSULE]


def test_keys_are_part_of_the_digest_and_a_parameter_of_rules_on_tenants_alone() -> None:
    plain, keyed, other = (
        resolve(POLICY, "gpu-tenancy", settings)
        for settings in ({}, {"tenant": "label:a"}, {"tenant": "label:b"})
    )
    assert len({plain.digest, keyed.digest, other.digest}) == 3
    assert keyed.parameters == {"isolation_floor": "hardware", "tenant": "label:a"}
    assert keyed.tables["tenancy-keys"] == [{"of": "label", "name": "a"}]
    with pytest.raises(UsageError, match="no selected rule has a parameter tenant"):
        resolve(POLICY, "pod-security-baseline", {"tenant": "label:a"})
    with pytest.raises(UsageError, match="no selected rule has a parameter gpu-tenants-share"):
        resolve(POLICY, "gpu-tenancy", {"gpu-tenants-share.tenant": "label:a"})


PROFILE = "id: p\ntitle: t\nextends: [gpu-tenancy]\ngate: high\nparameters: {tenant: %s}\n"


def profile(folder: Path, value: str) -> Path:
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "profiles" / "p.yaml").write_text(PROFILE % value)
    return folder


def test_a_profile_names_keys(tmp_path: Path) -> None:
    policy = load((policies_folder(), profile(tmp_path, "[capsule, 'label:team']")))
    rows = resolve(policy, "p", {}).tables["tenancy-keys"]
    assert [row["name"] for row in rows] == ["capsule.clastix.io/tenant", "team"]


@pytest.mark.parametrize(
    ("value", "message"),
    [("file:a.yaml", "a profile can't name a file"), ("nope", "'nope' is not a key of tenants")],
)
def test_a_profile_that_names_others_is_refused(tmp_path: Path, value: str, message: str) -> None:
    with pytest.raises(PolicyErrors) as caught:
        load((policies_folder(), profile(tmp_path, value)))
    (error,) = caught.value.errors
    assert (message in error.message, error.location.line) == (True, 5)


def test_policies_without_rules_on_tenants_have_no_such_parameter(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "acme-bad.yaml").write_text(RULE)
    (tmp_path / "profiles").mkdir()
    text = PROFILE.replace("extends: [gpu-tenancy]", "select: [{ids: [acme-bad]}]") % "capsule"
    (tmp_path / "profiles" / "p.yaml").write_text(text)
    with pytest.raises(PolicyErrors) as caught:
        load((tmp_path,))
    messages = [error.message for error in caught.value.errors]
    assert "no parameter that any rule has is called 'tenant'" in messages, messages


def test_attributes_of_a_table_stand_where_no_key_is_of_machines() -> None:
    owner = {"of": "attribute", "name": "owner"}
    table = [CAPSULE, owner]
    assert tenancy_rows("label:a", table) == [{"of": "label", "name": "a"}, owner]
    assert tenancy_rows("pool", table) == [{"of": "place", "name": "pool"}, CAPSULE]
    assert tenancy_rows("file:a", table) == [{"of": "file", "name": "a"}]


PART = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="/"), min_size=1, max_size=9
)
NAMES = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
    st.lists(PART, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts)),
)
TENANTS = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and text.strip())


@given(st.dictionaries(NAMES, TENANTS, min_size=1, max_size=8), st.randoms())
def test_the_table_says_what_the_map_says_however_that_is_written(
    found: dict[str, str], random: object
) -> None:
    order = list(found.items())
    random.shuffle(order)  # type: ignore[attr-defined]
    texts = (
        json.dumps(dict(order)).encode("utf-8"),
        json.dumps(dict(order), ensure_ascii=False, indent=1).encode("utf-8"),
        yaml.safe_dump(dict(order), allow_unicode=True, default_style='"').encode("utf-8"),
    )
    tables = set()
    for text in texts[1:]:
        try:
            read = read_map(text, "m")
        except PolicyErrors as error:
            assert "not allowed in YAML" in str(error.errors[0])  # noqa: PT017 - what YAML has not
            return
        assert dict(read) == found
        tables.add(as_table(read, "m"))
    (table,) = tables
    rows = yaml.safe_load(table)
    named = {
        what: {name: row["tenant"] for row in rows for name in row.get(what, ())}
        for what in ("namespaces", "paths")
    }
    assert named["namespaces"] | named["paths"] == found
    assert all(name.startswith("/") for name in named["paths"])
    assert not any(name.startswith("/") for name in named["namespaces"])


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 10)) for n in range(98, 107)
)
BAD_MAPS = {
    b"": "the file is empty",
    b"{}": "it names nothing",
    b"- a": "must be a mapping, not a list",
    b"a: b\na: c": "key 'a' is there twice",
    b"a: 5": "must be text, not a number",
    b"a:": "must be text, not nothing",
    b"a: [b]": "must be text, not a list",
    b"1: a": "a key must be text, not a number",
    b"A_b: c": "'A_b' can't be the name of a namespace",
    b"'team-*': c": "'team-*' can't be the name of a namespace",
    b"/: a": "'/' can't be a path",
    b"/A/vm/: a": "'/A/vm/' can't be a path",
    b"//vm: a": "'//vm' can't be a path",
    b'"/A/\\u202evm": a': "can't be a path in an inventory",
    b'a: "x\\ny"': "not the name of a tenant",
    b'a: "\\u202e"': "not the name of a tenant",
    b"a: " + b"x" * 254: "not the name of a tenant",
    b"a: b\n---\nc: d": "not valid YAML",
    b"a: [": "not valid YAML",
    b"\xff": "not UTF-8",
    b"a: \x00": "not allowed in YAML",
    BOMB: "its aliases make it larger",
    b"a: &x\n  b: *x": "its aliases make it larger",
    b"[" * 100: "nested deeper than",
}


@pytest.mark.parametrize("data", list(BAD_MAPS))
def test_a_map_that_is_none_is_refused_with_its_place(data: bytes) -> None:
    with pytest.raises(PolicyErrors) as caught:
        read_map(data, "teams.yaml")
    messages = [str(error) for error in caught.value.errors]
    assert any(BAD_MAPS[data] in text for text in messages), messages
    assert all(text.startswith("teams.yaml") for text in messages)


def test_a_map_that_is_too_large_for_a_policy_file_is_refused() -> None:
    found = {f"n{number}": f"t{number}" for number in range(MOST_BYTES // 30)}
    with pytest.raises(PolicyErrors) as caught:
        as_table(found, "teams.yaml")
    assert "it names too much" in str(caught.value.errors[0])


def test_rows_that_contradict_are_refused(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    for named in ("namespaces: [a]", "paths: [/a]"):
        row = f"- {{tenant: %s, {named}}}\n"
        (tmp_path / "tables" / "tenant-map.yaml").write_text(row % "x" + row % "y")
        with pytest.raises(PolicyErrors) as caught:
            load((tmp_path,))
        (error,) = caught.value.errors
        assert "a' is there twice, the first time in" in error.message
        assert error.location.line == 2


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{tenant: a}", "needs namespaces or paths"),
        ("{tenant: a, paths: []}", "must not be empty"),
        ("{tenant: a, paths: [vm/x]}", "'vm/x' can't be a path"),
        ("{tenant: a, namespaces: [/a]}", "'/a' can't be the name of a namespace"),
    ],
)
def test_a_row_that_is_not_as_it_should_be(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "tenant-map.yaml").write_text(f"- {row}\n")
    with pytest.raises(PolicyErrors) as caught:
        load((tmp_path,))
    assert message in caught.value.errors[0].message


@pytest.mark.parametrize("name", ["table", "namespace", "pool", "folder", "machine"])
def test_a_row_is_not_called_as_keys_are(tmp_path: Path, name: str) -> None:
    (tmp_path / "tables").mkdir()
    row = f"- {{of: attribute, name: owner, id: {name}}}\n"
    (tmp_path / "tables" / "tenancy-keys.yaml").write_text(row)
    with pytest.raises(PolicyErrors) as caught:
        load((tmp_path,))
    assert f"{name!r} can't be an id" in caught.value.errors[0].message


def test_what_is_kept_of_a_policy_knows_its_tables_by_content_alone(tmp_path: Path) -> None:
    policies = []
    for name in ("one", "two"):
        (tmp_path / name / "tables").mkdir(parents=True)
        table = tmp_path / name / "tables" / "tenant-map.yaml"
        table.write_text("- {tenant: x, namespaces: [a]}\n")
        policies.append(load((write(tmp_path / "ours", FILES), tmp_path / name)))
    assert msgspec.to_builtins(policies[0]) == msgspec.to_builtins(policies[1])
