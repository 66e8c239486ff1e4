package verify

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestRule(t *testing.T) {
	tests := map[string]struct {
		rule      rbacv1.PolicyRule
		namespace string
	}{
		"list nodes":                       {rbacv1.PolicyRule{Verbs: []string{"list"}, APIGroups: []string{""}, Resources: []string{"nodes"}}, ""},
		"create,get pods/exec@kube-system": {rbacv1.PolicyRule{Verbs: []string{"create", "get"}, APIGroups: []string{""}, Resources: []string{"pods/exec"}}, "kube-system"},
		"get daemonsets.apps@kube-system":  {rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{"apps"}, Resources: []string{"daemonsets"}}, "kube-system"},
		"list ippools.crd.projectcalico.org": {
			rbacv1.PolicyRule{Verbs: []string{"list"}, APIGroups: []string{"crd.projectcalico.org"}, Resources: []string{"ippools"}}, ""},
		"update deployments.apps/scale": {rbacv1.PolicyRule{Verbs: []string{"update"}, APIGroups: []string{"apps"}, Resources: []string{"deployments/scale"}}, ""},
		"get /readyz":                   {rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{"/readyz"}}, ""},
	}
	for right, want := range tests {
		rule, namespace, err := Rule(right)
		if err != nil || namespace != want.namespace {
			t.Errorf("%s: namespace %q, %v", right, namespace, err)
		}
		if diff := cmp.Diff(want.rule, rule); diff != "" {
			t.Errorf("%s:\n%s", right, diff)
		}
	}
	for _, wrong := range []string{"", "list", " nodes", "list "} {
		_, _, err := Rule(wrong)
		verifytest.WantErr(t, err, "is not VERBS RESOURCE")
	}
}

// rolesOf returns the rules of Roles by namespace, "" for the ClusterRole, in
// the order of their keys.
func rolesOf(t *testing.T, checks ...Check) map[string][]rbacv1.PolicyRule {
	t.Helper()
	roles, err := Roles(checks)
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string][]rbacv1.PolicyRule{}
	for i, object := range roles {
		switch role := object.(type) {
		case *rbacv1.ClusterRole:
			if i > 0 || role.Kind != "ClusterRole" || role.Name != roleName {
				t.Errorf("role %d is %s %s", i, role.Kind, role.Name)
			}
			rules[""] = role.Rules
		case *rbacv1.Role:
			if _, twice := rules[role.Namespace]; twice || role.Namespace == "" || role.Kind != "Role" || role.Name != roleName {
				t.Errorf("role %d is %s %s/%s", i, role.Kind, role.Namespace, role.Name)
			}
			rules[role.Namespace] = role.Rules
		}
	}
	return rules
}

// verbsOn returns what a set of rules allows with a resource.
func verbsOn(rules []rbacv1.PolicyRule, resource string) (verbs []string) {
	for _, rule := range rules {
		if slices.Contains(rule.Resources, resource) || slices.Contains(rule.NonResourceURLs, resource) {
			verbs = append(verbs, rule.Verbs...)
		}
	}
	return verbs
}

func TestRoles(t *testing.T) {
	tests := map[string]struct {
		rights              [][]string // of each check
		namespace, resource string
		want                []string
	}{
		"one":                            {[][]string{{"get secrets"}}, "", "secrets", []string{"get"}},
		"verbs of two checks, once each": {[][]string{{"watch,list secrets"}, {"list,get secrets"}}, "", "secrets", []string{"get", "list", "watch"}},
		"bound to a namespace":           {[][]string{{"get secrets@lab"}}, "lab", "secrets", []string{"get"}},
		"and nowhere else":               {[][]string{{"get secrets@lab"}}, "", "secrets", nil},
		"granted everywhere already":     {[][]string{{"get secrets@lab"}, {"get,list secrets"}}, "lab", "secrets", nil},
		"partly granted everywhere":      {[][]string{{"get secrets"}, {"get,delete secrets@lab"}}, "lab", "secrets", []string{"delete"}},
		"two namespaces":                 {[][]string{{"get secrets@lab", "list secrets@shop"}}, "shop", "secrets", []string{"list"}},
		"a subresource is its own":       {[][]string{{"get secrets"}, {"create secrets/token@lab"}}, "lab", "secrets/token", []string{"create"}},
		"a path":                         {[][]string{{"get /readyz"}}, "", "/readyz", []string{"get"}},
		"what every run takes":           {nil, "", "daemonsets", []string{"list"}},
		"its record":                     {nil, "kube-system", "configmaps", []string{"get"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var checks []Check
			for _, rights := range test.rights {
				checks = append(checks, Check{ID: "a", Rights: rights})
			}
			if diff := cmp.Diff(test.want, verbsOn(rolesOf(t, checks...)[test.namespace], test.resource)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRolesKeepGroupsApart: two groups may have a resource of one name.
func TestRolesKeepGroupsApart(t *testing.T) {
	rules := rolesOf(t, Check{ID: "a", Rights: []string{"get ingresses.a.io", "list ingresses.b.io"}})[""]
	want := []rbacv1.PolicyRule{
		{Verbs: []string{"get"}, APIGroups: []string{"a.io"}, Resources: []string{"ingresses"}},
		{Verbs: []string{"list"}, APIGroups: []string{"b.io"}, Resources: []string{"ingresses"}},
	}
	got := slices.DeleteFunc(rules, func(rule rbacv1.PolicyRule) bool { return !slices.Contains(rule.Resources, "ingresses") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRolesNameTheCheckWithAWrongRight(t *testing.T) {
	_, err := Roles([]Check{{ID: "a.good", Rights: []string{"list nodes"}}, {ID: "a.bad", Rights: []string{"nodes"}}})
	verifytest.WantErr(t, err, `check a.bad: right "nodes"`)
}
