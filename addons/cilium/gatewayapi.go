package cilium

import (
	"context"
	"fmt"
	"io/fs"
	"path"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/internal/kube"
)

// gatewayAPIDir holds the standard channel in the module of Gateway API: definitions,
// and an admission policy that keeps older ones and those of the experimental channel
// from replacing them.
const gatewayAPIDir = "config/crd/standard"

// gatewayClass is the kind that the chart makes an object of.
var gatewayClass = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "GatewayClass"}

// defineGatewayAPI applies the standard channel of Gateway API. Cilium's operator looks
// for the definitions once, when it starts, and leaves Gateway API off where one that it
// requires is missing (Cilium v1.20, operator/pkg/gateway-api/helpers/schemes.go).
func defineGatewayAPI(ctx context.Context, client *kube.Client, source fs.FS) error {
	objects, err := gatewayAPI(source)
	if err != nil {
		return err
	}
	if err := client.Apply(ctx, objects); err != nil {
		return err
	}
	return client.UntilServed(ctx, gatewayClass)
}

// gatewayAPI reads the standard channel as it was published.
func gatewayAPI(source fs.FS) (objects []*unstructured.Unstructured, err error) {
	entries, err := fs.ReadDir(source, gatewayAPIDir)
	if err != nil {
		return nil, fmt.Errorf("read the definitions of Gateway API: %w", err)
	}
	for _, entry := range entries {
		data, err := fs.ReadFile(source, path.Join(gatewayAPIDir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read a definition of Gateway API: %w", err)
		}
		decoded, err := kube.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		objects = append(objects, decoded...)
	}
	return objects, nil
}
