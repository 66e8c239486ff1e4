package cilium

import (
	"context"
	"fmt"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/internal/kube"
)

// crdDir holds the definitions that the operator has compiled in.
const crdDir = "pkg/k8s/apis/cilium.io/client/crds"

// definitions are those that agents of this Helm release wait for (seen with
// 1.20.2). What is missing here the operator adds.
var definitions = []string{
	"v2/ciliumcidrgroups", "v2/ciliumclusterwidenetworkpolicies", "v2/ciliumendpoints", "v2/ciliumidentities", "v2/ciliumloadbalancerippools",
	"v2/ciliumnetworkpolicies", "v2/ciliumnodeconfigs", "v2/ciliumnodes", "v2alpha1/ciliuml2announcementpolicies", "v2alpha1/ciliumpodippools",
}

// define applies the definitions, so that no agent has to wait for the operator.
func define(ctx context.Context, client *kube.Client, source fs.FS) error {
	var objects []*unstructured.Unstructured
	for _, name := range definitions {
		data, err := fs.ReadFile(source, crdDir+"/"+name+".yaml")
		if err != nil {
			return fmt.Errorf("read a definition: %w", err)
		}
		decoded, err := kube.Decode(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		objects = append(objects, decoded...)
	}
	return client.Apply(ctx, objects)
}
