// Package shop is a small application to break: a front on every node, which asks a back
// through a Service by its name, a policy that lets no one else do so, and orders that are
// kept in a volume. It runs the image that verifications use, so that every node has it.
package shop

import (
	"context"
	_ "embed"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
)

// Namespace is where all of the shop is.
const Namespace = "shop"

// label is on the namespace of the shop, so that another one of that name is not taken
// for it.
const label = "kindctl.dev/shop"

//go:embed shop.yaml
var manifest string

// Manifest is all of the shop, with its namespace.
func Manifest(image string) string { return strings.ReplaceAll(manifest, "IMAGE", image) }

// There is what a cluster has in the shop's place.
type There string

// What there can be.
const (
	Nothing There = "nothing"
	Shop    There = "the shop"
	Foreign There = "another namespace of that name"
)

// Look looks for the shop in a cluster.
func Look(ctx context.Context, client *kube.Client) (There, error) {
	found, err := client.Clientset.CoreV1().Namespaces().Get(ctx, Namespace, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return Nothing, nil
	case err != nil:
		return "", err
	case found.Labels[label] == "":
		return Foreign, nil
	}
	return Shop, nil
}
