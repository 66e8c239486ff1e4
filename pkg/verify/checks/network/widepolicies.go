package network

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/pkg/verify"
)

// widePolicies are the policies of a CNI that can be above all namespaces. kindctl
// installs none.
var widePolicies = map[string]schema.GroupVersionResource{
	"cilium": {Group: "cilium.io", Version: "v2", Resource: "ciliumclusterwidenetworkpolicies"},
	"calico": {Group: "crd.projectcalico.org", Version: "v1", Resource: "globalnetworkpolicies"},
}

// rightsOfWidePolicies go with orPolicy.
var rightsOfWidePolicies = []string{"list ciliumclusterwidenetworkpolicies.cilium.io", "list globalnetworkpolicies.crd.projectcalico.org"}

// orPolicy says of an error that nothing at all passed between pods that somebody has
// policies above all namespaces, where that is so: they are wanted.
func orPolicy(ctx context.Context, t *verify.Target, err error) error {
	resource, known := widePolicies[t.Expect.CNI]
	if !known || t.Kube.Dynamic == nil {
		return err
	}
	list, unseen := t.Kube.Dynamic.Resource(resource).List(ctx, metav1.ListOptions{})
	if unseen != nil || len(list.Items) == 0 {
		return err
	}
	var names []string
	for _, policy := range list.Items {
		names = append(names, policy.GetName())
	}
	slices.Sort(names)
	what := resource.GroupResource().String()
	return verify.Prevents("policy."+strings.Join(names, ","), "let pods of namespaces with the label "+verify.RunLabel+" pass, or: kubectl delete "+what+" "+strings.Join(names, " "),
		fmt.Errorf("nothing passes between pods, and there are policies above all namespaces (%s: %s); for example %w", what, strings.Join(names, ", "), verify.FirstCause(err)))
}
