#!/usr/bin/env bash
# Kubernetes (k8s.io/apiserver), 0.37.2: a rule of an audit policy for the subresources of pods is one for pods, too.
#
# The comment on the field says that 'pods/*' "matches all subresources of pods", and for access by roles it matches nothing at all. So
# one would expect a rule that keeps the noise of pods/status and pods/log out of the log to leave the pods in it:
#
#     level: None        resources: [pods/*]
#     level: Metadata
#
#     update pods/status      None
#     get pods/log            None
#     create pods             None: nobody sees who made a pod
#     delete pods             None
#     create pods, [*/log]    Metadata: the other wildcard is about what it says
#
# The first rule that matches decides, so the rule that logs everything else does not help.
#
# Needs Go (1.27 or newer, or one that fetches it) and the module proxy; the server's own library reads the policy and says by which level
# each request is logged. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off CGO_ENABLED=0

mkdir "$folder/finding"
cd "$folder/finding"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"strings"

	"k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

const text = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: None
  resources: [{group: "", resources: [%q]}]
- level: Metadata
`

func main() {
	for _, asked := range []string{
		"pods/* update pods/status", "pods/* get pods/log", "pods/* create pods", "pods/* delete pods",
		"*/log get pods/log", "*/log create pods",
	} {
		words := strings.Fields(asked)
		resource, below, _ := strings.Cut(words[2], "/")
		read, err := policy.LoadPolicyFromBytes([]byte(fmt.Sprintf(text, words[0])))
		if err != nil {
			panic(err)
		}
		request := authorizer.AttributesRecord{
			User: &user.DefaultInfo{Name: "somebody"}, Verb: words[1], Namespace: "team", Name: "a",
			Resource: resource, Subresource: below, ResourceRequest: true,
		}
		fmt.Println(asked, policy.NewPolicyRuleEvaluator(read).EvaluatePolicyRule(request).Level)
	}
}
GO
{
	go mod init example.org/finding
	go get k8s.io/apiserver/pkg/audit/policy@v0.37.2
	go build -trimpath -o shown .
} >log 2>&1 || {
	cat log >&2
	exit 1
}
found=$(./shown)
wanted='pods/* update pods/status None
pods/* get pods/log None
pods/* create pods None
pods/* delete pods None
*/log get pods/log None
*/log create pods Metadata'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
