#!/usr/bin/env bash
# Kubernetes (k8s.io/kubernetes), 1.37.2: an aggregated ClusterRole whose selectors find nothing keeps the rules written beside them.
#
# The API says of aggregationRule that "the Rules are controller managed and direct changes to Rules will be stomped by
# the controller". So one would expect this role to allow nothing in the end, as no role has such a label:
#
#     kind: ClusterRole
#     metadata: {name: monitoring}
#     aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: nobody}}]}
#     rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
#
#     selectors find a role with a rule:      rules of monitoring = those of that role, what was written is gone
#     selectors find nothing, or no rule:     rules of monitoring = what was written: secrets can be read
#
# The controller applies the rules that it found by server-side apply. An empty list of them is left out of what it sends, and
# fields that are left out stay with whoever wrote them. Who reads the manifest with the documentation in mind takes
# the rules for dead text.
#
# Needs Go (1.27 or newer, or one that fetches it) and the module proxy; the real controller runs over the client's own fake
# of an API server, which merges with the server's library. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off

mkdir "$folder/finding"
cat >"$folder/finding/main.go" <<'GO'
package main

import (
	"context"
	"fmt"
	"time"

	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
)

func role(name string, labels map[string]string, resource string, from ...string) *rbac.ClusterRole {
	made := &rbac.ClusterRole{ObjectMeta: meta.ObjectMeta{Name: name, Labels: labels}}
	if resource != "" {
		made.Rules = []rbac.PolicyRule{{APIGroups: []string{""}, Resources: []string{resource}, Verbs: []string{"get"}}}
	}
	if len(from) > 0 {
		made.AggregationRule = &rbac.AggregationRule{}
		for _, label := range from {
			selector := meta.LabelSelector{MatchLabels: map[string]string{"to": label}}
			made.AggregationRule.ClusterRoleSelectors = append(made.AggregationRule.ClusterRoleSelectors, selector)
		}
	}
	return made
}

func main() {
	client := fake.NewClientset()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	roles := client.RbacV1().ClusterRoles()
	for _, each := range []*rbac.ClusterRole{
		role("finds-nothing", nil, "secrets", "nobody"),
		role("finds-no-rule", nil, "secrets", "empty"),
		role("finds-a-rule", nil, "secrets", "pods"),
		role("empty", map[string]string{"to": "empty"}, ""),
		role("pods", map[string]string{"to": "pods"}, "pods"),
	} {
		if _, err := roles.Create(ctx, each, meta.CreateOptions{FieldManager: "kubectl-create"}); err != nil {
			panic(err)
		}
	}
	shared := informers.NewSharedInformerFactory(client, 0)
	controller := clusterroleaggregation.NewClusterRoleAggregation(shared.Rbac().V1().ClusterRoles(), client.RbacV1())
	shared.Start(ctx.Done())
	go controller.Run(ctx, 1)
	resources := func(name string) []string {
		found, err := roles.Get(ctx, name, meta.GetOptions{})
		if err != nil {
			panic(err)
		}
		var all []string
		for _, rule := range found.Rules {
			all = append(all, rule.Resources...)
		}
		return all
	}
	for i := 0; i < 100 && fmt.Sprint(resources("finds-a-rule")) != "[pods]"; i++ {
		time.Sleep(100 * time.Millisecond) // until the controller has worked
	}
	time.Sleep(3 * time.Second)
	for _, name := range []string{"finds-a-rule", "finds-nothing", "finds-no-rule"} {
		fmt.Println(name, resources(name))
	}
}
GO

cd "$folder/finding"
version=1.37.2
{
	go mod init example.org/finding
	go mod edit -require "k8s.io/kubernetes@v$version"
	go mod download k8s.io/kubernetes
	# the modules of its own repository are at the version of the release, and nowhere else
	grep -oE '^	k8s.io/[a-z-]+ =>' "$GOPATH/pkg/mod/k8s.io/kubernetes@v$version/go.mod" | cut -f2 | cut -d' ' -f1 |
		while read -r module; do go mod edit -replace "$module=$module@v0.${version#1.}"; done
	go mod tidy
} >log 2>&1 || {
	cat log >&2
	exit 1
}
found=$(go run .)
echo "$found"
expected="finds-a-rule [pods]
finds-nothing [secrets]
finds-no-rule [secrets]"
if [ "$found" != "$expected" ]; then
	echo "  changed: expected $expected" >&2
	exit 1
fi
