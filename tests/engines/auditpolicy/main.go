// Command auditpolicy says what the API server's own code makes of audit policies.
//
// Each line of its input is a policy and requests, each line of its output what became of them: why the policy is
// refused, or whether it is read strictly, and of each request the level, the rule and what is left out.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"sort"

	"k8s.io/apimachinery/pkg/runtime/serializer"
	internal "k8s.io/apiserver/pkg/apis/audit"
	"k8s.io/apiserver/pkg/audit"
	"k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/klog/v2"
)

type request struct {
	User, Verb, Group, Resource, Subresource, Namespace, Name, URL string
	Groups                                                         []string
}

type question struct {
	Policy   string
	Requests []request
}

type decision struct {
	Level  string   `json:"level"`
	Rule   int      `json:"rule"`
	Omit   []string `json:"omit"`
	Fields bool     `json:"fields"`
}

type answer struct {
	Error     string     `json:"error"`
	Strict    bool       `json:"strict"`
	Decisions []decision `json:"decisions"`
}

func attributes(from request) authorizer.Attributes {
	return authorizer.AttributesRecord{
		User:            &user.DefaultInfo{Name: from.User, Groups: from.Groups},
		Verb:            from.Verb,
		Namespace:       from.Namespace,
		APIGroup:        from.Group,
		Resource:        from.Resource,
		Subresource:     from.Subresource,
		Name:            from.Name,
		ResourceRequest: from.URL == "",
		Path:            from.URL,
	}
}

// deciding finds the first rule that matches alone; the evaluator itself does not say which it was.
func deciding(alone []audit.PolicyRuleEvaluator, about authorizer.Attributes) int {
	for number, rule := range alone {
		if rule.EvaluatePolicyRule(about).Level != internal.LevelNone {
			return number
		}
	}
	return -1
}

func decide(asked question) answer {
	loaded, err := policy.LoadPolicyFromBytes([]byte(asked.Policy))
	if err != nil {
		return answer{Error: err.Error()}
	}
	strict := serializer.NewCodecFactory(audit.Scheme, serializer.EnableStrict).UniversalDecoder()
	_, _, err = strict.Decode([]byte(asked.Policy), nil, &internal.Policy{})
	said := answer{Strict: err == nil, Decisions: []decision{}}
	var alone []audit.PolicyRuleEvaluator
	for _, rule := range loaded.Rules {
		rule.Level = internal.LevelMetadata
		single := &internal.Policy{Rules: []internal.PolicyRule{rule}}
		alone = append(alone, policy.NewPolicyRuleEvaluator(single))
	}
	evaluator := policy.NewPolicyRuleEvaluator(loaded)
	for _, each := range asked.Requests {
		about := attributes(each)
		found := evaluator.EvaluatePolicyRule(about)
		omit := []string{}
		for _, stage := range found.OmitStages {
			omit = append(omit, string(stage))
		}
		sort.Strings(omit)
		said.Decisions = append(said.Decisions, decision{
			string(found.Level), deciding(alone, about), omit, found.OmitManagedFields,
		})
	}
	return said
}

func main() {
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	decoder := json.NewDecoder(lines)
	encoder := json.NewEncoder(out)
	for {
		var asked question
		if err := decoder.Decode(&asked); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		if err := encoder.Encode(decide(asked)); err != nil {
			panic(err)
		}
	}
}
