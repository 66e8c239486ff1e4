// Package kube is the way to a cluster: clients, server-side apply, exec,
// port-forward and waiting on watches. It moves bytes and holds no opinion
// about what a good cluster looks like.
package kube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindctl/kindctl/pkg/hint"
)

// The client's own rate limit, in requests per second. Checks run side by side
// and share one client; the API server's priority and fairness does the rest.
const (
	queriesPerSecond = 100
	burst            = 200
)

// ContactTimeout bounds the first question to a cluster, which an API server
// that is well answers in less than a second.
const ContactTimeout = 15 * time.Second

// Client is a cluster's API.
type Client struct {
	Config    *rest.Config
	Clientset kubernetes.Interface
	Dynamic   dynamic.Interface
	// Mapper finds the resource of a kind, from the cluster's discovery.
	Mapper *restmapper.DeferredDiscoveryRESTMapper
}

// New returns a Client for a configuration, which it copies.
func New(config *rest.Config) (*Client, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = queriesPerSecond, burst
	config.UserAgent = "kindctl"
	config.WarningHandler = rest.NoWarnings{}
	if config.Proxy == nil && onThisHost(config.Host) {
		config.Proxy = directly
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("kubernetes client: %w", err)
	}
	dynamicClient, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("dynamic client: %w", err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(clientset.Discovery()))
	return &Client{Config: config, Clientset: clientset, Dynamic: dynamicClient, Mapper: mapper}, nil
}

// FromKubeconfig returns a Client for a context. An empty path means the usual
// rules (KUBECONFIG, then ~/.kube/config); an empty context the current one.
func FromKubeconfig(path, context string) (*Client, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = path
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: context})
	raw, err := loader.RawConfig()
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, hint.KubeconfigMissing.Wrap(err, "there is no kubeconfig", "name one with --kubeconfig or KUBECONFIG")
	case err != nil:
		return nil, hint.KubeconfigUnreadable.Wrap(err, "the kubeconfig cannot be read", "check its permissions and syntax: kubectl config view")
	}
	if context == "" {
		context = raw.CurrentContext
	}
	if raw.Contexts[context] == nil {
		return nil, hint.ContextMissing.New(fmt.Sprintf("the kubeconfig has no context %q", context), "list them: kubectl config get-contexts")
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, hint.KubeconfigInvalid.Wrap(err, fmt.Sprintf("context %q cannot be used", context), "look at it: kubectl config view --context "+context)
	}
	return New(config)
}

// FromKubeconfigData returns a Client for the current context of a kubeconfig
// that is in memory: that of a cluster in this host's Docker, which is never asked
// through a proxy of the environment.
func FromKubeconfigData(data []byte) (*Client, error) {
	config, err := clientcmd.RESTConfigFromKubeConfig(data)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	if config.Proxy == nil {
		config.Proxy = directly
	}
	return New(config)
}

// Version returns the version of Kubernetes that the API server runs: v1.37.2.
func (c *Client) Version(ctx context.Context) (string, error) {
	version, err := discovery.ToServerVersionInterfaceWithContext(c.Clientset.Discovery()).ServerVersionWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("the API server's version: %w", err)
	}
	return version.GitVersion, nil
}
