#!/usr/bin/env bash
# go-vex (openvex/go-vex), 0.2.9: of two statements about one fault, the one whose name comes later in the alphabet counts, not the later one.
#
# A fault has several names, and statements on it add up over time: "each overriding the previous ones". EffectiveStatement
# "returns the latest VEX statement for a given product and vulnerability", so one would expect June to count here:
#
#     January   GHSA-aaaa-bbbb-cccc (also CVE-2026-1)   not_affected
#     June      CVE-2026-1                              affected
#
#     asked about CVE-2026-1       not_affected
#     January as CVE-2026-1 too    affected
#
# Both statements match by their aliases, but they are sorted by their main name first and by time only within one. Matches() sorts
# the same way, and scanners take the last of what it returns: a fault that was found to matter stays off the list, because
# whoever wrote first called it by the name that GitHub gave it.
#
# Needs Go and the module proxy. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off

mkdir "$folder/finding"
cd "$folder/finding"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/openvex/go-vex/pkg/vex"
)

const product = "pkg:oci/app@sha256%3Aab"

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	for _, first := range []string{"GHSA-aaaa-bbbb-cccc", "CVE-2026-1"} {
		document, err := vex.Parse([]byte(strings.ReplaceAll(string(text), "FIRST", first)))
		if err != nil {
			panic(err)
		}
		all := document.Matches("CVE-2026-1", product, nil)
		fmt.Println(first, document.EffectiveStatement(product, "CVE-2026-1").Status, all[len(all)-1].Status)
	}
}
GO
cat >document.json <<'JSON'
{
  "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex", "author": "acme",
  "timestamp": "2026-01-01T00:00:00Z", "version": 2,
  "statements": [
    {"vulnerability": {"name": "FIRST", "aliases": ["CVE-2026-1", "GHSA-aaaa-bbbb-cccc"]},
     "products": [{"@id": "pkg:oci/app@sha256%3Aab"}], "timestamp": "2026-01-01T00:00:00Z",
     "status": "not_affected", "justification": "component_not_present"},
    {"vulnerability": {"name": "CVE-2026-1", "aliases": ["GHSA-aaaa-bbbb-cccc"]},
     "products": [{"@id": "pkg:oci/app@sha256%3Aab"}], "timestamp": "2026-06-01T00:00:00Z",
     "status": "affected", "action_statement": "update"}
  ]
}
JSON
{
	go mod init example.org/finding
	go get github.com/openvex/go-vex/pkg/vex@v0.2.9
	go build -trimpath -o shown .
} >log 2>&1 || {
	cat log >&2
	exit 1
}
found=$(./shown document.json)
wanted='GHSA-aaaa-bbbb-cccc not_affected not_affected
CVE-2026-1 affected affected'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
