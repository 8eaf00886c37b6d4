#!/usr/bin/env bash
# Kubernetes (k8s.io/apiserver), 1.37.2: a binding with validationActions [Audit] refuses requests, where its parameter is not there.
#
# The API says of validationActions that failures "are enforced according to these actions", and that "this includes
# compilation errors, runtime errors and misconfigurations of the policy". So a binding that only writes to the audit log would be
# one that can be tried out without harm:
#
#     kind: ValidatingAdmissionPolicyBinding
#     spec: {policyName: p, validationActions: [Audit], paramRef: {name: limits, namespace: x, parameterNotFoundAction: Deny}}
#
#     the expression is false, or ends in an error         the request is let in, and logged
#     the ConfigMap limits is not there                    the request is refused
#     the expression of an auditAnnotation ends in an error   the request is refused, with nothing but Audit about it
#
# Where a binding or an annotation is at fault, only the failurePolicy of the policy is looked at, and not the actions. With
# Ignore, parameterNotFoundAction Deny lets everything in, whatever the actions are.
#
# Needs Go (1.27 or newer, or one that fetches it) and the module proxy; the real admission plugin runs over the client's own
# fake of an API server. Ends with 0 while it behaves as written above.
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

	reg "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
)

type nobody struct{}

func (nobody) Authorize(context.Context, authorizer.Attributes) (authorizer.Decision, string, error) {
	return authorizer.DecisionDeny, "", nil
}

// refused says whether a ConfigMap is refused by a policy with a binding that only audits
func refused(expression, annotation string, failure reg.FailurePolicyType, action reg.ValidationAction, parameter bool) string {
	named := metav1.ObjectMeta{Name: "p", Generation: 1}
	policy := &reg.ValidatingAdmissionPolicy{ObjectMeta: named, Spec: reg.ValidatingAdmissionPolicySpec{
		FailurePolicy: &failure,
		Validations:   []reg.Validation{{Expression: expression}},
		MatchConstraints: &reg.MatchResources{
			NamespaceSelector: &metav1.LabelSelector{}, ObjectSelector: &metav1.LabelSelector{},
			ResourceRules: []reg.NamedRuleWithOperations{{RuleWithOperations: reg.RuleWithOperations{
				Operations: []reg.OperationType{reg.Create},
				Rule:       reg.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			}}},
		},
	}}
	binding := &reg.ValidatingAdmissionPolicyBinding{ObjectMeta: named, Spec: reg.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: "p", ValidationActions: []reg.ValidationAction{action},
	}}
	if annotation != "" {
		policy.Spec.AuditAnnotations = []reg.AuditAnnotation{{Key: "note", ValueExpression: annotation}}
	}
	if parameter {
		deny := reg.DenyAction
		policy.Spec.ParamKind = &reg.ParamKind{APIVersion: "v1", Kind: "ConfigMap"}
		binding.Spec.ParamRef = &reg.ParamRef{Name: "limits", Namespace: "x", ParameterNotFoundAction: &deny}
	}
	client := fake.NewClientset(policy, binding, &core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "x"}})
	shared := informers.NewSharedInformerFactory(client, 0)
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(core.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
	plugin, err := validating.NewPlugin(nil)
	if err != nil {
		panic(err)
	}
	stop := make(chan struct{})
	defer close(stop)
	plugin.SetExternalKubeClientSet(client)
	plugin.SetExternalKubeInformerFactory(shared)
	plugin.SetRESTMapper(mapper)
	plugin.SetDynamicClient(dynamicfake.NewSimpleDynamicClient(scheme.Scheme))
	plugin.SetDrainedNotification(stop)
	plugin.SetUnconditionalAuthorizer(nobody{})
	plugin.SetEnabled(true)
	if err := plugin.ValidateInitialization(); err != nil {
		panic(err)
	}
	shared.Start(stop)
	shared.WaitForCacheSync(stop)
	time.Sleep(4 * time.Second) // policies are taken up once a second
	var sent runtime.Object = &core.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "x"}}
	asked := admission.NewAttributesRecord(sent, nil, core.SchemeGroupVersion.WithKind("ConfigMap"), "x", "c",
		core.SchemeGroupVersion.WithResource("configmaps"), "", admission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{Name: "somebody"})
	if err := plugin.Validate(context.Background(), asked, admission.NewObjectInterfacesFromScheme(scheme.Scheme)); err != nil {
		return "refused"
	}
	return "let in"
}

func main() {
	spoiled := "1 / size('') == 1"
	note := "string(1 / size(''))"
	fmt.Println("Deny, false:", refused("1 == 2", "", reg.Fail, reg.Deny, false))
	fmt.Println("Audit, false:", refused("1 == 2", "", reg.Fail, reg.Audit, false))
	fmt.Println("Audit, an error:", refused(spoiled, "", reg.Fail, reg.Audit, false))
	fmt.Println("Audit, no parameter:", refused("1 == 1", "", reg.Fail, reg.Audit, true))
	fmt.Println("Audit, an error in an annotation:", refused("1 == 1", note, reg.Fail, reg.Audit, false))
	fmt.Println("Deny, no parameter, Ignore:", refused("1 == 2", "", reg.Ignore, reg.Deny, true))
}
GO

cd "$folder/finding"
{
	go mod init example.org/finding
	go mod edit -require k8s.io/apiserver@v0.37.2
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
expected="Deny, false: refused
Audit, false: let in
Audit, an error: let in
Audit, no parameter: refused
Audit, an error in an annotation: refused
Deny, no parameter, Ignore: let in"
if [ "$found" != "$expected" ]; then
	echo "  changed: expected $expected" >&2
	exit 1
fi
