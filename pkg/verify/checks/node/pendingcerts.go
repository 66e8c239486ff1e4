package node

import (
	"context"
	"fmt"
	"strings"

	certificatesv1 "k8s.io/api/certificates/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kindctl/kindctl/pkg/verify"
)

// noServingCertificate is what a kubelet without a serving certificate answers to
// everybody (crypto/tls).
const noServingCertificate = "tls: internal error"

// withPendingCertificates adds to an error the requests for serving certificates of
// kubelets that no one has approved, where a kubelet has no certificate.
func withPendingCertificates(ctx context.Context, t *verify.Target, err error) error {
	if err == nil || !strings.Contains(err.Error(), noServingCertificate) {
		return err
	}
	list, unseen := t.Kube.Clientset.CertificatesV1().CertificateSigningRequests().List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.signerName", certificatesv1.KubeletServingSignerName).String()})
	if unseen != nil {
		return err
	}
	var pending []string
	for _, request := range list.Items {
		if len(request.Status.Conditions) == 0 {
			pending = append(pending, request.Name)
		}
	}
	if len(pending) == 0 {
		return err
	}
	return verify.Around(err, func(err error) error {
		return fmt.Errorf("%w; %d kubelets wait for their serving certificates to be approved: kubectl certificate approve %s", err, len(pending), strings.Join(pending, " "))
	})
}
