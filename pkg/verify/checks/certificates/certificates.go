// Package certificates checks how long certificates last.
package certificates

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

// Checks returns the checks of certificates.
func Checks() []verify.Check {
	return []verify.Check{{
		ID: "cert.expiry", Nodes: verify.AllNodes, Group: "api", Title: "The certificates of the control plane and the kubelets stay valid for weeks",
		Proves:  "Every API server, kubelet and etcd member (unless etcd is external) must present a certificate that is valid for at least 30 more days by the API server's clock. The certificate in use can be older than the file on disk. In clusters with neither kube-proxy nor a CNI, kubelets that no system pod on the host network can reach are skipped and named. Certificates from kubeadm expire after a year, on all nodes at once.",
		Hint:    "on the node: kubeadm certs check-expiration; renew with kubeadm certs renew all and restart the static pods; for a kubelet: remove /var/lib/kubelet/pki/kubelet.crt and kubelet.key, systemctl restart kubelet",
		Needs:   []string{"kubelet.alive", "api.ready", "etcd.members"},
		Rights:  verify.JoinRights(verify.RightsOfNodes, verify.RightsOfSystemPods, verify.RightsOfForwards, []string{"get /version"}),
		Timeout: 15 * time.Second, Run: certificatesLast,
	}}
}

const (
	etcdClientPort = 2379
	// certificateNotice is the time in which certificates are to be renewed
	// before they end.
	certificateNotice = 30 * 24 * time.Hour
)

// endpoint is a port that serves TLS.
type endpoint struct {
	name string
	node string // that the name is about, or "" where a pod's name tells enough
	pod  corev1.Pod
	port int
}

func (e endpoint) String() string {
	if e.node != "" {
		return fmt.Sprintf("%s: %s, port %d", e.node, e.name, e.port)
	}
	return fmt.Sprintf("%s, port %d", e.name, e.port)
}

// wrong says what is wrong with what it serves.
func (e endpoint) wrong(err error) error {
	err = fmt.Errorf("%s, port %d: %w", e.name, e.port, err)
	if e.node != "" {
		return verify.OnNode(e.node, err)
	}
	return verify.AboutNode(e.pod.Spec.NodeName, err)
}

// certificatesLast compares with the API server's clock: it is the cluster's,
// and not this machine's, by which certificates are refused.
func certificatesLast(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	now, err := clock(ctx, t)
	if err != nil {
		return nil, verify.Unobservable(err)
	}
	endpoints, unreachable, err := tlsEndpoints(ctx, t)
	if err != nil {
		return nil, err
	}
	evidence, err := verify.Each(endpoints, nil, func(e endpoint) (string, error) {
		certificate, err := servedCertificate(ctx, t, e)
		if err != nil {
			return "", verify.Unobservable(e.wrong(err))
		}
		seen, err := evaluateCertificate(certificate, now)
		if err != nil {
			return "", e.wrong(err)
		}
		return fmt.Sprintf("%s: %s", e, seen), nil
	})
	for _, node := range unreachable {
		evidence = append(evidence, "not that of the kubelet of "+node+", where no system pod on the host network leads to it")
	}
	if t.Expect.ExternalEtcd {
		evidence = append(evidence, "not those of etcd, which no pod of this cluster serves")
	}
	return verify.Evaluated(evidence, err)
}

// clock reads the API server's, which is right to a second.
func clock(ctx context.Context, t *verify.Target) (time.Time, error) {
	_, header, err := verify.GetStatus(ctx, t.Kube.Config, "/version")
	if err != nil {
		return time.Time{}, fmt.Errorf("ask the API server for the time: %w", err)
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}, fmt.Errorf("the API server's time: %w", err)
	}
	return now, nil
}

// tlsEndpoints are those of the control plane, where it is part of the
// cluster, and of every kubelet that a pod leads to; unreachable are the nodes of
// the others.
func tlsEndpoints(ctx context.Context, t *verify.Target) (endpoints []endpoint, unreachable []string, err error) {
	for _, component := range []struct {
		selector string
		port     int
	}{{"component=kube-apiserver", verify.APIServerPort}, {verify.EtcdSelector, etcdClientPort}} {
		pods, err := t.SystemPods(ctx, component.selector)
		if err != nil {
			return nil, nil, err
		}
		for _, pod := range pods {
			endpoints = append(endpoints, endpoint{pod.Name, "", pod, component.port})
		}
	}
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, node := range nodes {
		pod, err := t.HostNetworkPod(ctx, node.Name)
		if err != nil {
			return nil, nil, err
		}
		if pod == nil {
			unreachable = append(unreachable, node.Name)
			continue
		}
		endpoints = append(endpoints, endpoint{"kubelet", node.Name, *pod, verify.KubeletPort})
	}
	switch {
	case len(endpoints) == 0 && (t.Expect.Discovered || withoutHostPods(t)):
		return nil, nil, verify.Inapplicable("no pod on a host network leads to an API server, to etcd or to a kubelet")
	case !t.Expect.Discovered && !withoutHostPods(t):
		err = verify.Exactly(len(nodes)-len(unreachable), t.Expect.Nodes(), "kubelets that can be reached")
	}
	return endpoints, unreachable, err
}

// withoutHostPods reports whether nothing has to run on the host network of every
// node: the cluster has neither kube-proxy nor a CNI that kindctl knows.
func withoutHostPods(t *verify.Target) bool {
	return t.Expect.CNI == verify.NoCNI && (t.Expect.ProxyMode == "none" || t.ProxyGone())
}

// servedCertificate shakes hands until the server has shown its certificate.
// That it may then reject us, for we show none, does not matter.
func servedCertificate(ctx context.Context, t *verify.Target, e endpoint) (*x509.Certificate, error) {
	ctx, cancel := verify.Answering(ctx)
	defer cancel()
	conn, err := t.Pods.DialPod(ctx, e.pod.Namespace, e.pod.Name, e.port)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var served *x509.Certificate
	err = tls.Client(conn, &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // its validity is what is checked
		VerifyConnection: func(state tls.ConnectionState) error {
			served = state.PeerCertificates[0]
			return nil
		},
	}).HandshakeContext(ctx)
	switch {
	case served != nil:
		return served, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, err
}

func evaluateCertificate(certificate *x509.Certificate, now time.Time) (string, error) {
	name, end := certificate.Subject.String(), certificate.NotAfter.UTC().Format(time.DateTime)
	left := certificate.NotAfter.Sub(now)
	switch {
	case left <= 0:
		return "", verify.Final(fmt.Errorf("the certificate of %s ended on %s", name, end))
	case now.Before(certificate.NotBefore):
		return "", fmt.Errorf("the certificate of %s is not valid before %s", name, certificate.NotBefore.UTC().Format(time.DateTime))
	case left < certificateNotice:
		return "", verify.Warning(fmt.Errorf("the certificate of %s ends in %s, on %s", name, days(left), end))
	}
	return fmt.Sprintf("%s, %s left", name, days(left)), nil
}

// days are whole ones that are left.
func days(left time.Duration) string {
	if whole := int(left / (24 * time.Hour)); whole != 1 {
		return fmt.Sprintf("%d days", whole)
	}
	return "1 day"
}
