package kube

import (
	"context"
	"fmt"

	"k8s.io/client-go/rest"
)

// kubeletPort is where a kubelet serves its API, on all addresses of its node.
const kubeletPort = 10250

// GetKubelet reads a path from the kubelet of a node, which the API server
// fetches on our behalf. It takes the right to get nodes/proxy, which amounts
// to running commands in every pod of the node.
func (c *Client) GetKubelet(ctx context.Context, node, path string) ([]byte, error) {
	result := c.Clientset.CoreV1().RESTClient().Get().Resource("nodes").Name(node).SubResource("proxy").Suffix(path).Do(ctx)
	body, _ := result.Raw()
	return body, result.Error() // which, unlike Raw's, holds what a Status says
}

// GetKubeletThrough reads a path from the kubelet of the node that a pod runs
// on, which must be on the node's own network. The kubelet itself asks whether
// the user may: for /configz it takes the right to get nodes/configz, since
// Kubernetes 1.33, or nodes/proxy.
//
// The client's credentials go to the kubelet, whose certificate is not checked:
// kubelets sign their own unless told otherwise. A bearer token is then known
// to the node. It is for users of few rights, such as those who may not
// GetKubelet.
func (c *Client) GetKubeletThrough(ctx context.Context, namespace, pod, path string) (int, []byte, error) {
	config := rest.CopyConfig(c.Config)
	config.TLSClientConfig.Insecure, config.TLSClientConfig.ServerName = true, ""
	config.TLSClientConfig.CAData, config.TLSClientConfig.CAFile = nil, ""
	security, err := rest.TLSConfigFor(config)
	if err != nil {
		return 0, nil, err
	}
	transport := through(c.DialPod, namespace, pod, kubeletPort)
	transport.TLSClientConfig = security
	authenticated, err := rest.HTTPWrappersForConfig(config, transport)
	if err != nil {
		return 0, nil, err
	}
	return RoundTrip(ctx, authenticated, fmt.Sprintf("https://localhost:%d%s", kubeletPort, path))
}
