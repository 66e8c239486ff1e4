package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// roleName is the name of what Roles returns.
const roleName = "kindctl-verify"

// JoinRights joins lists of rights, and has each once.
func JoinRights(lists ...[]string) (all []string) {
	for _, right := range slices.Concat(lists...) {
		if !slices.Contains(all, right) {
			all = append(all, right)
		}
	}
	return all
}

// These rights go with the helpers of a Target. Those to the run's own
// namespace have to be cluster-wide, because its name is not known before.
var (
	// rightsOfRun go with Discover, so with every run.
	rightsOfRun   = []string{"get configmaps@kube-system", "list nodes", "list pods@kube-system", "list daemonsets.apps"}
	RightsOfNodes = []string{"list nodes"}
	// RightsOfSystemPods go with Components, SystemPods, HostNetworkPod and Agents.
	RightsOfSystemPods = []string{"list pods@kube-system"}
	// RightsOfForwards go with GetPod and its kin on pods of kube-system.
	RightsOfForwards = []string{"create,get pods/portforward@kube-system"}
	// RightsOfExecs go with Exec in pods of kube-system.
	RightsOfExecs = []string{"create,get pods/exec@kube-system"}
	// RightsOfAgents go with Target.Agents and an Exec in what it returns.
	RightsOfAgents = JoinRights(RightsOfNodes, RightsOfSystemPods, RightsOfExecs)
)

// Rule reads a right: verbs, a resource with its group and subresource, and
// "@" with the namespace to which it is bound, if it is. For example
// "list nodes", "create,get pods/exec@kube-system", "get daemonsets.apps@kube-system",
// or, with a path that is no resource, "get /readyz".
func Rule(right string) (rule rbacv1.PolicyRule, namespace string, err error) {
	verbs, what, found := strings.Cut(right, " ")
	if !found || verbs == "" || what == "" {
		return rule, "", fmt.Errorf("right %q is not VERBS RESOURCE[.GROUP][/SUBRESOURCE][@NAMESPACE]", right)
	}
	rule.Verbs = strings.Split(verbs, ",")
	if strings.HasPrefix(what, "/") {
		rule.NonResourceURLs = []string{what}
		return rule, "", nil
	}
	what, namespace, _ = strings.Cut(what, "@")
	what, subresource, hasSub := strings.Cut(what, "/")
	name, group, _ := strings.Cut(what, ".")
	if hasSub {
		name += "/" + subresource
	}
	rule.APIGroups, rule.Resources = []string{group}, []string{name}
	return rule, namespace, nil
}

// Roles returns the least set of roles with which the checks can be run, and
// what every run takes besides: a ClusterRole, and a Role for each namespace
// that rights are bound to. What the ClusterRole grants everywhere is not
// granted again.
func Roles(checks []Check) ([]runtime.Object, error) {
	verbs := map[string]map[string]rbacv1.PolicyRule{} // by namespace and resource
	for _, check := range append([]Check{{ID: "of a run", Rights: rightsOfRun}}, checks...) {
		for _, right := range check.Rights {
			rule, namespace, err := Rule(right)
			if err != nil {
				return nil, fmt.Errorf("check %s: %w", check.ID, err)
			}
			if verbs[namespace] == nil {
				verbs[namespace] = map[string]rbacv1.PolicyRule{}
			}
			key := ruleKey(rule)
			rule.Verbs = slices.Compact(slices.Sorted(slices.Values(append(rule.Verbs, verbs[namespace][key].Verbs...))))
			verbs[namespace][key] = rule
		}
	}
	var roles []runtime.Object
	everywhere := verbs[""]
	for _, namespace := range slices.Sorted(keys(verbs)) {
		var rules []rbacv1.PolicyRule
		for key, rule := range verbs[namespace] {
			if namespace != "" {
				rule.Verbs = slices.DeleteFunc(rule.Verbs, func(verb string) bool { return slices.Contains(everywhere[key].Verbs, verb) })
			}
			if len(rule.Verbs) > 0 {
				rules = append(rules, rule)
			}
		}
		slices.SortFunc(rules, func(a, b rbacv1.PolicyRule) int { return cmp.Compare(ruleKey(a), ruleKey(b)) })
		if len(rules) > 0 {
			roles = append(roles, role(namespace, rules))
		}
	}
	return roles, nil
}

func ruleKey(rule rbacv1.PolicyRule) string {
	return strings.Join(slices.Concat(rule.APIGroups, rule.Resources, rule.NonResourceURLs), " ")
}

func role(namespace string, rules []rbacv1.PolicyRule) runtime.Object {
	if namespace == "" {
		return &rbacv1.ClusterRole{
			TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"},
			ObjectMeta: metav1.ObjectMeta{Name: roleName},
			Rules:      rules,
		}
	}
	return &rbacv1.Role{
		TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"},
		ObjectMeta: metav1.ObjectMeta{Name: roleName, Namespace: namespace},
		Rules:      rules,
	}
}
