#!/usr/bin/env bash
# Kubernetes (k8s.io/apiserver), 1.37.2: the name "*" is nobody's, and lets somebody be in any four groups, but not in any three.
#
# Names in roles know no wildcards: resourceNames ["*"] allows what is called "*", which no group is. So one would take the second rule of
# this role, for impersonation of Kubernetes 1.36 and newer, for a rule about nothing:
#
#     - {apiGroups: [authentication.k8s.io], resources: [users], resourceNames: [eve], verbs: ["impersonate:user-info"]}
#     - {apiGroups: [authentication.k8s.io], resources: [groups], resourceNames: ["*"], verbs: ["impersonate:user-info"]}
#     - {apiGroups: [""], resources: [pods], verbs: ["impersonate-on:user-info:list"]}
#
#     list pods as eve in one group, or in three     refused: each group is asked for by its name
#     list pods as eve in any four groups            allowed: from four on, the server asks for "*" first
#     is the verb impersonate allowed?               no, for eve and for every group
#
# Whoever looks for who may impersonate by the verb of that name finds nobody, and whoever reads the names finds no group. The group
# system:masters is left out, by name.
#
# Needs Go (1.27 or newer, or one that fetches it) and the module proxy; the server's own filter and its authorizer for roles answer
# requests. Ends with 0 while it behaves as written above.
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
	"net/http"
	"net/http/httptest"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/filters/impersonation"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

const be = "impersonate:user-info"

func rule(group, resource, verb string, names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: names, Verbs: []string{verb}}
}

func main() {
	role := &rbacv1.ClusterRole{ObjectMeta: meta.ObjectMeta{Name: "acts"}, Rules: []rbacv1.PolicyRule{
		rule("authentication.k8s.io", "users", be, "eve"),
		rule("authentication.k8s.io", "groups", be, "*"),
		rule("", "pods", "impersonate-on:user-info:list"),
	}}
	binding := &rbacv1.ClusterRoleBinding{
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "acts"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "bob"}},
	}
	_, roles := validation.NewTestRuleResolver(nil, nil, []*rbacv1.ClusterRole{role}, []*rbacv1.ClusterRoleBinding{binding})
	rights := rbac.New(roles, roles, roles, roles)
	bob := &user.DefaultInfo{Name: "bob"}

	done := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := request.UserFrom(r.Context())
		fmt.Fprint(w, who.GetName())
	})
	filter := impersonation.WithConstrainedImpersonation(done, rights, scheme.Codecs)
	for _, groups := range []string{"a", "a b c", "a b c d", "a b c system:masters"} {
		asked := httptest.NewRequest("GET", "/api/v1/pods", nil)
		asked.Header.Set("Impersonate-User", "eve")
		asked.Header["Impersonate-Group"] = strings.Fields(groups)
		info := &request.RequestInfo{IsResourceRequest: true, Path: "/api/v1/pods", Verb: "list", APIVersion: "v1", Resource: "pods"}
		ctx := request.WithRequestInfo(request.WithUser(asked.Context(), bob), info)
		answer := httptest.NewRecorder()
		filter.ServeHTTP(answer, asked.WithContext(ctx))
		fmt.Println(groups+":", answer.Code)
	}
	for _, each := range []string{"users eve", "groups a", "groups *"} {
		resource, name, _ := strings.Cut(each, " ")
		decision, _, _ := rights.Authorize(context.Background(), authorizer.AttributesRecord{
			User: bob, Verb: "impersonate", Resource: resource, Name: name, ResourceRequest: true,
		})
		fmt.Println("impersonate", each+":", decision == authorizer.DecisionAllow)
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
found=$(go run . 2>log) || {
	cat log >&2
	exit 1
}
echo "$found"
expected="a: 403
a b c: 403
a b c d: 200
a b c system:masters: 403
impersonate users eve: false
impersonate groups a: false
impersonate groups *: false"
if [ "$found" != "$expected" ]; then
	echo "  changed: expected $expected" >&2
	exit 1
fi
