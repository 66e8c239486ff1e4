package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/urfave/cli/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/pkg/health"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/lifecycle"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/record"
	"github.com/kindctl/kindctl/pkg/verify"
)

// openCluster reaches the cluster that the flags name: by its context, or a
// kind cluster by its name. A name on the command line wins over a context in
// the environment.
func openCluster(c *cli.Context) (client *kube.Client, name string, err error) {
	if byContext(c) {
		context := c.String("context")
		client, err = kube.FromKubeconfig(c.String("kubeconfig"), context)
		return client, context, err
	}
	name = c.String("name")
	docker, err := existing(c, name)
	if err != nil {
		return nil, "", err
	}
	cluster := docker.Cluster(name)
	kubeconfig, err := cluster.Kubeconfig(c.Context, false)
	if err != nil {
		if asleep := lifecycle.EnsureRunning(c.Context, cluster); asleep != nil {
			return nil, "", asleep
		}
		return nil, "", hint.ClusterBroken.Wrap(err, fmt.Sprintf("cluster %s has no kubeconfig", name), "remove it: kindctl down -n "+name)
	}
	client, err = kube.FromKubeconfigData([]byte(kubeconfig))
	return client, provider.Context(name), err
}

// byContext reports whether the flags name a cluster by its context.
func byContext(c *cli.Context) bool {
	return c.String("context") != "" && (given(c, "context") || !given(c, "name"))
}

// targetOf prepares a verification, which can look into the nodes' containers if the
// flags name a cluster of this host.
func targetOf(c *cli.Context, client *kube.Client, expect verify.Expectation) (*verify.Target, error) {
	target := verify.NewTarget(client, expect)
	target.Flags = namingFlags(c)
	if byContext(c) {
		return target, nil
	}
	docker, err := openDocker(c)
	if err != nil {
		return nil, err
	}
	cluster := docker.Cluster(c.String("name"))
	target.Containerd, target.Containers = health.ReadContainerd(cluster), health.ContainerStates(cluster)
	return target, nil
}

// namingFlags are the flags that name the cluster in another command.
func namingFlags(c *cli.Context) []string {
	if byContext(c) {
		return []string{"--context", c.String("context")}
	}
	return []string{"-n", c.String("name")}
}

// contactTimeout is shortened by tests, which wait for it.
var contactTimeout = kube.ContactTimeout

// expectationOf asks the cluster what it should look like, and holds it
// against the CNI that the user insists on.
func expectationOf(c *cli.Context, client *kube.Client, name string) (verify.Expectation, error) {
	ctx, cancel := context.WithTimeout(c.Context, contactTimeout)
	defer cancel()
	expect, err := record.Discover(ctx, client, addons.CNIs()...)
	if err != nil {
		return expect, silence(c, client, err, name)
	}
	if cni := c.String("cni"); c.IsSet("cni") && cni != expect.CNI {
		return expect, hint.CNIDiffers.New(fmt.Sprintf("%s, not %s", has(name, expect.CNI), cni), "leave --cni out, or look at another cluster: kindctl get clusters")
	}
	return expect, nil
}

// silence says why a cluster does not answer: that etcd has lost its quorum, if that
// can be seen, or what the API server has said.
func silence(c *cli.Context, client *kube.Client, err error, name string) error {
	problem := apiProblem(err, name)
	switch hint.ReasonOf(problem) {
	case hint.APITimeout.Name, hint.APIUnreachable.Name, hint.CertificatesExpired.Name, hint.CredentialsRefused.Name:
	default:
		return problem
	}
	if !byContext(c) {
		if known := whyNamedIsSilent(c); known != nil {
			return known
		}
	}
	ctx, cancel := context.WithTimeout(c.Context, contactTimeout)
	defer cancel()
	said, _ := client.Clientset.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Raw()
	if strings.Contains(string(said), "[-]etcd failed") {
		return hint.EtcdSilent.Wrap(err, fmt.Sprintf("the API server of %s runs and gets no answer from etcd, which may have lost its quorum", name), "see how many members of etcd run, and start those that do not")
	}
	return problem
}

// whyNamedIsSilent looks into the containers of a cluster that does not answer: at its
// certificates, and at how many members of etcd run. Nil is not known.
func whyNamedIsSilent(c *cli.Context) error {
	docker, err := openDocker(c)
	if err != nil {
		return nil
	}
	if expired := lifecycle.CertificatesExpired(c.Context, docker.Cluster(c.String("name"))); expired != nil {
		return expired
	}
	return lifecycle.QuorumLost(c.Context, docker, c.String("name"))
}

// apiProblem says why an API server could not be asked, and what to do.
func apiProblem(err error, name string) error {
	look := "kubectl --context " + name + " "
	late := net.Error(nil) // also a context's deadline
	invalid := x509.CertificateInvalidError{}
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return hint.CertificatesExpired.Wrap(err, fmt.Sprintf("a certificate of %s has expired, or the clock of this machine is wrong", name),
			"of a kind cluster: kindctl start -n NAME renews it; elsewhere, on each control plane: kubeadm certs renew all, then restart its static pods")
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &late) && late.Timeout():
		return hint.APITimeout.Wrap(err, fmt.Sprintf("the API server of %s did not answer in time", name), "see whether it runs and can be reached: "+look+"cluster-info")
	case apierrors.IsUnauthorized(err):
		return hint.CredentialsRefused.Wrap(err, fmt.Sprintf("%s does not accept the credentials, which may have expired", name), "renew them, then try: "+look+"auth whoami")
	case apierrors.IsForbidden(err):
		return hint.RightsMissing.Wrap(err, fmt.Sprintf("this user may not look at %s", name), "have the user bound to the roles of: kindctl verify --print-rbac")
	}
	return hint.APIUnreachable.Wrap(err, fmt.Sprintf("the API server of %s does not answer as it should", name), "look at it: "+look+"cluster-info")
}
