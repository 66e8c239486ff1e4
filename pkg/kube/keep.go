package kube

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Keeper is a Client whose GetPod keeps its connections open, for those who ask
// the same pods often: each connection takes a TLS handshake with the API
// server, and an upgrade there, in the kubelet and in the container runtime.
type Keeper struct {
	*Client
	mu         sync.Mutex
	transports map[podPort]*http.Transport
}

type podPort struct {
	namespace, pod string
	port           int
}

// What a Keeper keeps: as many connections per port as a caller who asks from
// several goroutines may use at a time, for as long as it may pause between.
const (
	keptConnections = 6
	keptFor         = 30 * time.Second
)

// Keep returns a Keeper. The caller closes its idle connections in the end.
func Keep(client *Client) *Keeper {
	return &Keeper{Client: client, transports: map[podPort]*http.Transport{}}
}

// GetPod is Client.GetPod. A connection that the pod has closed meanwhile is
// made anew.
func (k *Keeper) GetPod(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	return get(ctx, k.transport(podPort{namespace, pod, port}), fmt.Sprintf("http://localhost:%d%s", port, path))
}

func (k *Keeper) transport(to podPort) *http.Transport {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.transports[to] == nil {
		transport := k.through(to.namespace, to.pod, to.port)
		transport.DisableKeepAlives, transport.MaxIdleConnsPerHost, transport.IdleConnTimeout = false, keptConnections, keptFor
		k.transports[to] = transport
	}
	return k.transports[to]
}

// CloseIdleConnections closes what is kept and not in use.
func (k *Keeper) CloseIdleConnections() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, transport := range k.transports {
		transport.CloseIdleConnections()
	}
}
