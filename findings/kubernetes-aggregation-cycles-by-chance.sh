#!/usr/bin/env bash
# Kubernetes (k8s.io/kubernetes), 1.37.2: of two ClusterRoles that aggregate each other, which one's rules both have in the end is chance.
#
# Aggregation reads as a union: each role has the rules of those that its selectors find. So one would expect of these two, which
# find each other, that both allow to read secrets and pods, or, as "direct changes to Rules will be stomped", nothing:
#
#     kind: ClusterRole
#     metadata: {name: one, labels: {to: one}}
#     aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: other}}]}
#     rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
#     ---
#     kind: ClusterRole
#     metadata: {name: other, labels: {to: other}}
#     aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: one}}]}
#     rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
#
#     the controller comes to one first:      it gets the rules of other; other finds these: both read pods
#     the controller comes to other first:    both read secrets
#
# The controller overwrites the rules of a role with those that the others have at that moment, and which of the roles it takes
# first follows from the order of a map. The same manifests, applied to two new clusters, come to other rights: reviewing them,
# or what one cluster made of them, says nothing of the next one.
#
# Needs Go (1.27 or newer, or one that fetches it) and the module proxy; the real controller runs over the client's own fake
# of an API server. Forty clusters are made, so that both ends are seen. Ends with 0 while it behaves as written above.
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
	"sort"
	"strings"
	"time"

	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
)

func role(name, resource, from string) *rbac.ClusterRole {
	selector := meta.LabelSelector{MatchLabels: map[string]string{"to": from}}
	return &rbac.ClusterRole{
		ObjectMeta:      meta.ObjectMeta{Name: name, Labels: map[string]string{"to": name}},
		Rules:           []rbac.PolicyRule{{APIGroups: []string{""}, Resources: []string{resource}, Verbs: []string{"get"}}},
		AggregationRule: &rbac.AggregationRule{ClusterRoleSelectors: []meta.LabelSelector{selector}},
	}
}

// settled applies the two roles to a cluster of their own, and returns what both allow in the end.
func settled() string {
	client := fake.NewClientset()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	roles := client.RbacV1().ClusterRoles()
	for _, each := range []*rbac.ClusterRole{role("one", "secrets", "other"), role("other", "pods", "one")} {
		if _, err := roles.Create(ctx, each, meta.CreateOptions{FieldManager: "kubectl-create"}); err != nil {
			panic(err)
		}
	}
	shared := informers.NewSharedInformerFactory(client, 0)
	controller := clusterroleaggregation.NewClusterRoleAggregation(shared.Rbac().V1().ClusterRoles(), client.RbacV1())
	shared.Start(ctx.Done())
	shared.WaitForCacheSync(ctx.Done())
	go controller.Run(ctx, 1)
	for i := 0; i < 600; i++ {
		time.Sleep(50 * time.Millisecond)
		list, err := roles.List(ctx, meta.ListOptions{})
		if err != nil {
			panic(err)
		}
		found := map[string]bool{}
		for _, each := range list.Items {
			found[each.Rules[0].Resources[0]] = true
		}
		if len(found) == 1 {
			for only := range found {
				return only
			}
		}
	}
	return "not settled"
}

func main() {
	seen := map[string]bool{}
	for i := 0; i < 40; i++ {
		seen["both read "+settled()] = true
	}
	var all []string
	for each := range seen {
		all = append(all, each)
	}
	sort.Strings(all)
	fmt.Println(strings.Join(all, ", or "))
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
found=$(go run . 2>log) || {
	cat log >&2
	exit 1
}
echo "$found"
expected="both read pods, or both read secrets"
if [ "$found" != "$expected" ]; then
	echo "  changed: expected $expected" >&2
	exit 1
fi
