"""Whose a machine is, by where it is and what is written about it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.vsphere.tenants import MachineTenants, Named, Owned
from auditor.policy.tenancy import tenancy_rows

TABLE = [{"of": "label", "name": "team", "id": "teams"}]
NONE: Mapping[str, str] = {}


def tenants(text: str = "", **paths: list[str]) -> MachineTenants:
    """As ``--set tenant=…`` leaves the tables; ``paths`` are of the map, by tenant."""
    rows = tenancy_rows(text, TABLE) if text else TABLE
    mapped = [{"tenant": tenant, "paths": each} for tenant, each in paths.items()]
    return MachineTenants({"tenancy-keys": rows, "tenant-map": mapped})


def one(
    found: MachineTenants, path: str, pool: str = "", attributes: Mapping[str, str] = NONE
) -> tuple[str, str]:
    (named,) = found.of([(Owned(path, pool, path.rpartition("/")[2]), attributes)])
    return named.tenant, named.key


GOLD = "/A/host/c1/Resources/gold"


@pytest.mark.parametrize(
    ("text", "path", "pool", "named"),
    [
        ("", "/A/vm/team-a/x", GOLD, ("team-a", "folder")),
        ("", "/A/vm/team-a/lab/x", GOLD, ("team-a/lab", "folder")),
        ("", "/A/vm/x", GOLD, ("x", "virtual machine")),
        ("", "/Europe/A/vm/team-a/x", GOLD, ("team-a", "folder")),
        ("", "/vm/vm/vm/x", GOLD, ("vm", "folder")),
        ("", "/vm-17", "", ("vm-17", "virtual machine")),
        ("folder", "/A/vm/team-a/x", GOLD, ("team-a", "folder")),
        ("pool", "/A/vm/team-a/x", GOLD, ("gold", "resource pool")),
        ("pool", "/A/vm/team-a/x", f"{GOLD}/day", ("gold/day", "resource pool")),
        ("pool", "/A/vm/team-a/x", "/A/host/c1/Resources", ("team-a", "folder")),
        ("pool", "/A/vm/team-a/x", "", ("team-a", "folder")),
        ("pool,machine", "/A/vm/team-a/x", "", ("x", "virtual machine")),
        ("machine", "/A/vm/team-a/x", GOLD, ("x", "virtual machine")),
        ("label:team", "/A/vm/team-a/x", GOLD, ("team-a", "folder")),
        ("namespace", "/A/vm/team-a/x", GOLD, ("team-a", "folder")),
        ("table,pool", "/A/vm/team-a/x", GOLD, ("gold", "resource pool")),
        ("namespace,pool", "/A/vm/team-a/x", GOLD, ("gold", "resource pool")),
    ],
)
def test_where_a_machine_is(text: str, path: str, pool: str, named: tuple[str, str]) -> None:
    assert one(tenants(text), path, pool) == named


def test_what_is_written_about_it_comes_first_where_that_is_asked() -> None:
    asked = tenants("attribute:team,tag:Team,attribute:owner")
    assert (asked.asked("attribute"), asked.asked("tag")) == ({"team", "owner"}, {"Team"})
    path = "/A/vm/team-a/x"
    both = {"attribute owner": "o", "attribute team": "t", "tag Team": "g"}
    assert one(asked, path, "", both) == ("t", "attribute team")
    assert one(asked, path, "", {**both, "attribute team": ""}) == ("g", "tag Team")
    assert one(asked, path, "", {"attribute owner": "o"}) == ("o", "attribute owner")
    assert one(asked, path, "", {"tag team": "o"}) == ("team-a", "folder")
    assert one(tenants(), path, "", both) == ("team-a", "folder")


def test_the_longest_path_of_a_map_counts() -> None:
    asked = tenants("file:m.yaml", all=["/A"], lab=["/A/vm/lab"], gold=[GOLD], one=["/A/vm/lab/x"])
    assert one(asked, "/A/vm/lab/x", "") == ("one", "file m.yaml")
    assert one(asked, "/A/vm/lab/y", GOLD) == ("gold", "file m.yaml")
    assert one(asked, "/A/vm/lab/y", "") == ("lab", "file m.yaml")
    assert one(asked, "/A/vm/laboratory/y", "") == ("all", "file m.yaml")
    assert one(asked, "/B/vm/lab/y", "") == ("folder lab", "folder")
    assert one(tenants("pool", all=["/A"]), "/A/vm/lab/x", GOLD) == ("gold", "resource pool")


def test_what_has_one_name_is_not_one_tenant() -> None:
    """A folder is not the value of an attribute, nor a machine the folder of its name."""
    asked = tenants("attribute:team,pool", web=["/nowhere"])
    found = asked.of(
        [
            (Owned("/A/vm/llm/a", "", "a"), NONE),
            (Owned("/A/vm/x/b", "", "b"), {"attribute team": "llm"}),
            (Owned("/A/vm/x/c", GOLD, "c"), NONE),
            (Owned("/A/vm/gold/d", "", "d"), NONE),
            (Owned("/A/vm/gold", "", "gold"), NONE),
            (Owned("/A/vm/web/e", "", "e"), NONE),
        ]
    )
    assert found == [
        Named("folder llm", "folder"),
        Named("llm", "attribute team"),
        Named("gold", "resource pool"),
        Named("folder gold", "folder"),
        Named("virtual machine gold", "virtual machine"),
        Named("folder web", "folder"),
    ]


PART = st.sampled_from(["vm", "a", "b", "a.b", "Resources"])
PATHS = st.lists(PART, min_size=1, max_size=3).map(lambda parts: "/A/vm/" + "/".join(parts))


@given(st.lists(PATHS, min_size=2, max_size=6, unique=True))
def test_two_folders_are_two_tenants(folders: list[str]) -> None:
    machines = [(Owned(f"{folder}/m", "", "m"), NONE) for folder in folders]
    found = tenants().of(machines)
    assert len({each.tenant for each in found}) == len(folders)
