#!/usr/bin/env bash
# Kubernetes (k8s.io/apiserver), 0.37.2: a configuration of encryption for a resource that there is not is taken, and encrypts nothing.
#
# The API server is strict with its EncryptionConfiguration: it does not start with an unknown field, a capital letter, a resource twice, "*",
# "secrets.*", the group events.k8s.io, or an entry that an earlier one covers. So one would expect it to know its own resources too:
#
#     resources: [Secrets]           refused
#     resources: [secrets.]          secrets: the group of secrets has no name
#     resources: [secrets.core]      taken, and no secret is encrypted
#     resources: ["*.core"]          taken, and no secret is encrypted
#     resources: [secret]            taken, and no secret is encrypted
#
# Nothing is said, and the API server works as before. "core" is what documentation and other programs call that group.
#
# Needs Go (1.27 or newer, or one that fetches it) and the module proxy; the server's own library reads the file and says what it would
# encrypt. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off CGO_ENABLED=0

mkdir "$folder/finding"
cd "$folder/finding"
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"
)

const text = `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [%q]
  providers: [{secretbox: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=}]}}]
`

func main() {
	ctx := context.Background()
	for _, resource := range os.Args[1:] {
		if err := os.WriteFile("file.yaml", []byte(fmt.Sprintf(text, resource)), 0o600); err != nil {
			panic(err)
		}
		found, err := encryptionconfig.LoadEncryptionConfig(ctx, "file.yaml", false, "id")
		if err != nil {
			fmt.Println(resource, "refused")
			continue
		}
		all := encryptionconfig.StaticTransformers(found.Transformers)
		of := all.TransformerForResource(schema.GroupResource{Resource: "secrets"})
		stored, err := of.TransformToStorage(ctx, []byte("in plain text"), value.DefaultContext("a"))
		if err != nil {
			panic(err)
		}
		fmt.Println(resource, map[bool]string{true: "in plain text", false: "encrypted"}[string(stored) == "in plain text"])
	}
}
GO
{
	go mod init example.org/finding
	go get k8s.io/apiserver/pkg/server/options/encryptionconfig@v0.37.2
	go build -trimpath -o shown .
} >log 2>&1 || {
	cat log >&2
	exit 1
}
found=$(./shown Secrets '*' secrets secrets. '*.' secrets.core '*.core' secret)
wanted='Secrets refused
* refused
secrets encrypted
secrets. encrypted
*. encrypted
secrets.core in plain text
*.core in plain text
secret in plain text'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
