package kube

import "context"

// GetKubelet reads a path from the kubelet of a node, which the API server
// fetches on our behalf. It takes the right to get nodes/proxy, or since
// Kubernetes 1.36 that to get nodes/healthz or nodes/configz alone.
func (c *Client) GetKubelet(ctx context.Context, node, path string) ([]byte, error) {
	return c.Clientset.CoreV1().RESTClient().Get().Resource("nodes").Name(node).SubResource("proxy").Suffix(path).DoRaw(ctx)
}
