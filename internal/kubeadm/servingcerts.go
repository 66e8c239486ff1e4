package kubeadm

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
)

// ApproveServingCertificates approves, until stop is called, what the kubelets of these nodes
// ask for with serverTLSBootstrap: a serving certificate of the cluster's authority.
// Kubernetes signs such requests and approves none by itself, and without a
// certificate the kubelet cannot be reached.
func ApproveServingCertificates(ctx context.Context, client *kube.Client, nodes []string, sink event.Sink) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		requests := client.Clientset.CertificatesV1().CertificateSigningRequests()
		source := kube.ListWatch(requests.List, requests.Watch, metav1.ListOptions{
			FieldSelector: fields.OneTermEqualSelector("spec.signerName", certificatesv1.KubeletServingSignerName).String()})
		warned := map[string]bool{}
		_ = kube.UntilAll(ctx, source, func(seen []*certificatesv1.CertificateSigningRequest) error {
			for _, request := range seen {
				if err := approve(ctx, client, request, nodes); err != nil && ctx.Err() == nil && !warned[request.Name] {
					warned[request.Name] = true
					event.Warn(sink, event.Phase, "certificates", err.Error(),
						"look at it, and approve it if it is right: kubectl describe csr "+request.Name+
							"; kubectl certificate approve "+request.Name)
				}
			}
			return errors.New("watching for more") // until stop
		})
	}()
	return func() { cancel(); <-ended }
}

// addressTime is how long a node may take to say which addresses it has: its kubelet
// asks for the certificate at about the same time.
const addressTime = 10 * time.Second

// approve approves a request that is undecided. The error says why it is left alone.
func approve(ctx context.Context, client *kube.Client, request *certificatesv1.CertificateSigningRequest, nodes []string) error {
	if len(request.Status.Conditions) > 0 {
		return nil
	}
	at := slices.IndexFunc(nodes, func(node string) bool { return request.Spec.Username == "system:node:"+node })
	if at < 0 {
		return fmt.Errorf("certificate request %s is by %s, which is no node of this cluster", request.Name, request.Spec.Username)
	}
	bounded, cancel := context.WithTimeout(ctx, addressTime)
	defer cancel()
	api := client.Clientset.CoreV1().Nodes()
	err := kube.Until(bounded, kube.ListWatch(api.List, api.Watch, kube.Named(nodes[at])),
		func(node *corev1.Node) error { return servingFor(request, node) })
	if err != nil {
		return fmt.Errorf("certificate request %s of %s is not approved: %w", request.Name, nodes[at], err)
	}
	request = request.DeepCopy()
	request.Status.Conditions = append(request.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue,
		Reason: "KindctlApproved", Message: "a kubelet of this cluster, for addresses of its own node",
	})
	_, err = client.Clientset.CertificatesV1().CertificateSigningRequests().UpdateApproval(ctx, request.Name, request, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) { // another client was quicker
		return nil
	}
	return err
}

// servingFor returns what is wrong with a kubelet's request for a serving
// certificate: it must be for its node alone, and for addresses and names that the
// node has.
func servingFor(request *certificatesv1.CertificateSigningRequest, node *corev1.Node) error {
	if request.Spec.SignerName != certificatesv1.KubeletServingSignerName {
		return fmt.Errorf("the signer is %s", request.Spec.SignerName)
	}
	usages := []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageKeyEncipherment,
		certificatesv1.UsageServerAuth}
	for _, usage := range request.Spec.Usages {
		if !slices.Contains(usages, usage) {
			return fmt.Errorf("it asks for the usage %q", usage)
		}
	}
	block, _ := pem.Decode(request.Spec.Request)
	if block == nil {
		return errors.New("it holds no request")
	}
	asked, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return err
	}
	if asked.Subject.CommonName != "system:node:"+node.Name || !slices.Equal(asked.Subject.Organization, []string{"system:nodes"}) {
		return fmt.Errorf("its subject is %s", asked.Subject)
	}
	if len(asked.EmailAddresses)+len(asked.URIs) > 0 {
		return errors.New("it asks for an e-mail address or a URI")
	}
	if len(asked.DNSNames)+len(asked.IPAddresses) == 0 {
		return errors.New("it names no address")
	}
	names := slices.Clone(asked.DNSNames)
	for _, ip := range asked.IPAddresses {
		names = append(names, ip.String())
	}
	for _, name := range names {
		if !slices.ContainsFunc(node.Status.Addresses, func(a corev1.NodeAddress) bool { return a.Address == name }) {
			return fmt.Errorf("%s is no address of the node", name)
		}
	}
	return nil
}
