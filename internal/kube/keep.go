package kube

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"k8s.io/streaming/pkg/httpstream"
)

// Keeper is a Client for those who ask the same pods often. All connections to a
// pod share one session, which takes a TLS handshake with the API server, and an
// upgrade there, in the kubelet and in the container runtime; and GetPod keeps its
// connections open.
type Keeper struct {
	*Client
	mu         sync.Mutex
	transports map[podPort]*http.Transport
	sessions   map[podName]*session
	opened     []httpstream.Connection
}

type podName struct{ namespace, pod string }

// session carries the connections to one pod.
type session struct {
	mu         sync.Mutex // also while it is being opened
	connection httpstream.Connection
	streams    int // how many connections it has carried
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

// Keep returns a Keeper. The caller closes it in the end.
func Keep(client *Client) *Keeper {
	return &Keeper{Client: client, transports: map[podPort]*http.Transport{}, sessions: map[podName]*session{}}
}

// DialPod is Client.DialPod. It opens another session when one has broken.
func (k *Keeper) DialPod(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	return dialPod(ctx, namespace, pod, port, func() (net.Conn, error) {
		s := k.sessionOf(podName{namespace, pod})
		connection, id, fresh, err := k.open(s, namespace, pod)
		if err != nil {
			return nil, err
		}
		conn, err := s.forward(connection, id, port)
		if err != nil && !fresh {
			if connection, id, _, err = k.open(s, namespace, pod); err == nil {
				conn, err = s.forward(connection, id, port)
			}
		}
		return conn, err
	})
}

func (k *Keeper) sessionOf(pod podName) *session {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sessions[pod] == nil {
		k.sessions[pod] = &session{}
	}
	return k.sessions[pod]
}

// open returns the session's connection with an ID for the next one that it is to
// carry, and whether it was opened just now.
func (k *Keeper) open(s *session, namespace, pod string) (connection httpstream.Connection, id string, fresh bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connection == nil {
		if connection, err = k.session(namespace, pod); err != nil {
			return nil, "", false, err
		}
		s.connection, fresh = connection, true
		k.mu.Lock()
		k.opened = append(k.opened, connection)
		k.mu.Unlock()
	}
	s.streams++
	return s.connection, strconv.Itoa(s.streams), fresh, nil
}

// forward opens a connection within a session. When that fails, or the pod is not
// reached, the next one takes another session: the pod may have restarted.
func (s *session) forward(connection httpstream.Connection, id string, port int) (net.Conn, error) {
	forget := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.connection == connection {
			s.connection = nil
		}
	}
	conn, err := forward(connection, id, port, connection.RemoveStreams, forget)
	if err != nil {
		forget()
	}
	return conn, err
}

// GetPod is Client.GetPod. A connection that the pod has closed meanwhile is
// recreated.
func (k *Keeper) GetPod(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	return RoundTrip(ctx, k.transport(podPort{namespace, pod, port}), fmt.Sprintf("http://localhost:%d%s", port, path))
}

func (k *Keeper) transport(to podPort) *http.Transport {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.transports[to] == nil {
		transport := through(k.DialPod, to.namespace, to.pod, to.port)
		transport.DisableKeepAlives, transport.MaxIdleConnsPerHost, transport.IdleConnTimeout = false, keptConnections, keptFor
		k.transports[to] = transport
	}
	return k.transports[to]
}

// Close closes everything that was opened.
func (k *Keeper) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, transport := range k.transports {
		transport.CloseIdleConnections()
	}
	for _, connection := range k.opened {
		connection.Close()
	}
	clear(k.sessions)
	k.opened = nil
}
