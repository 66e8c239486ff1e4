package network

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

// clusterPolicies are the CNIs that have network policies for all namespaces. kindctl
// installs no such policies.
type clusterPolicies []verify.CNI

// rights go with explain.
func (p clusterPolicies) rights() (rights []string) {
	for _, cni := range p {
		rights = append(rights, "list "+cni.ClusterPolicies.GroupResource().String())
	}
	return rights
}

// explain says of an error that nothing at all passed between pods that someone has
// policies for all namespaces, where that is so: they are wanted.
func (p clusterPolicies) explain(ctx context.Context, t *verify.Target, err error) error {
	at := slices.IndexFunc(p, func(cni verify.CNI) bool { return cni.Name == t.Expect.CNI })
	if at < 0 || t.Kube.Dynamic == nil {
		return err
	}
	resource := p[at].ClusterPolicies
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
