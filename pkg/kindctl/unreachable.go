package kindctl

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/lifecycle"
	"github.com/kindctl/kindctl/pkg/hint"
)

// explainUnreachable says why a cluster does not answer: that etcd has lost its quorum,
// if that can be seen, or what the API server has said.
func (c *Client) explainUnreachable(ctx context.Context, r ClusterRef, client *kube.Client, err error) error {
	problem := apiError(err, r.String())
	switch hint.ReasonOf(problem) {
	case hint.APITimeout.Name, hint.APIUnreachable.Name, hint.CertificatesExpired.Name, hint.CredentialsRefused.Name:
	default:
		return problem
	}
	if r.inDocker() {
		if known := c.nodesExplain(ctx, cmp.Or(r.Name, DefaultName)); known != nil {
			return known
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.ContactTimeout)
	defer cancel()
	body, _ := client.Clientset.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Raw()
	if strings.Contains(string(body), "[-]etcd failed") {
		return hint.EtcdSilent.Wrap(err, fmt.Sprintf("the API server of %s runs and gets no answer from etcd, which may have lost its quorum", r.String()),
			"see how many members of etcd run, and start those that do not")
	}
	return problem
}

// nodesExplain looks into the containers of a cluster that does not answer: at its
// certificates, and at how many members of etcd run. Nil is not known.
func (c *Client) nodesExplain(ctx context.Context, name string) error {
	docker, err := c.open(ctx)
	if err != nil {
		return nil
	}
	if expired := lifecycle.CertificatesExpired(ctx, docker.Cluster(name)); expired != nil {
		return expired
	}
	return lifecycle.QuorumLost(ctx, docker, name)
}

// apiError says why an API server could not be asked, and what to do.
func apiError(err error, cluster string) error {
	look := "kubectl --context " + cluster + " "
	late := net.Error(nil) // also a context's deadline
	invalid := x509.CertificateInvalidError{}
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return hint.CertificatesExpired.Wrap(err, fmt.Sprintf("a certificate of %s has expired, or the clock of this machine is wrong", cluster),
			"of a kind cluster: kindctl start -n NAME renews it; elsewhere, on each control plane: kubeadm certs renew all, then restart its static pods")
	case errors.Is(err, context.Canceled), hint.ReasonOf(err) != "":
		return err
	case errors.As(err, &late) && late.Timeout():
		return hint.APITimeout.Wrap(err, fmt.Sprintf("the API server of %s did not answer in time", cluster),
			"see whether it runs and can be reached: "+look+"cluster-info")
	case apierrors.IsUnauthorized(err):
		return hint.CredentialsRefused.Wrap(err, fmt.Sprintf("%s does not accept the credentials, which may have expired", cluster),
			"renew them, then try: "+look+"auth whoami")
	case apierrors.IsForbidden(err):
		return hint.RightsMissing.Wrap(err, fmt.Sprintf("this user may not look at %s", cluster),
			"have the user bound to the roles of: kindctl verify --print-rbac")
	}
	return hint.APIUnreachable.Wrap(err, fmt.Sprintf("the API server of %s does not answer as it should", cluster),
		"look at it: "+look+"cluster-info")
}
