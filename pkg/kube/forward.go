package kube

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// responseLimit bounds what GetPod reads of a body.
const responseLimit = 4 << 20

// DialPod opens a connection to a port of a pod through the API server. In a
// pod on the host's network the port is that of the node's loopback address,
// so that endpoints which listen there alone can be reached.
func (c *Client) DialPod(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	request := c.Clientset.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward")
	overWebsocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(request.URL(), c.Config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(c.Config)
	if err != nil {
		return nil, err
	}
	overSPDY := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, request.URL())
	dialer := portforward.NewFallbackDialerForStreaming(overWebsocket, overSPDY, needsSPDY)

	type dialed struct {
		conn net.Conn
		err  error
	}
	done := make(chan dialed, 1)
	go func() { // the dialer knows no context
		conn, err := forward(dialer, port)
		done <- dialed{conn, err}
	}()
	select {
	case d := <-done:
		if d.err != nil {
			return nil, fmt.Errorf("port-forward to %s/%s:%d: %w", namespace, pod, port, d.err)
		}
		return d.conn, nil
	case <-ctx.Done():
		go func() {
			if d := <-done; d.conn != nil {
				d.conn.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// forward opens the pair of streams that the port-forward protocol wants for
// one connection: an error stream that the server alone writes, and the data.
func forward(dialer httpstream.Dialer, port int) (net.Conn, error) {
	connection, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, err
	}
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	failure, err := connection.CreateStream(headers)
	if err != nil {
		connection.Close()
		return nil, err
	}
	failure.Close() // nothing is written to it
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(headers)
	if err != nil {
		connection.Close()
		return nil, err
	}
	conn := &podConn{Stream: data, connection: connection}
	go conn.listen(failure)
	return conn, nil
}

// podConn is one forwarded connection.
type podConn struct {
	httpstream.Stream
	connection httpstream.Connection
	refusal    atomic.Pointer[error]
	deadline   sync.Mutex
	timer      *time.Timer
}

// listen takes the server's word for why the pod's port cannot be reached.
func (p *podConn) listen(failure io.Reader) {
	message, err := io.ReadAll(failure)
	if err == nil && len(message) > 0 {
		refusal := fmt.Errorf("%s", message)
		p.refusal.Store(&refusal)
		p.Close()
	}
}

func (p *podConn) explain(n int, err error) (int, error) {
	if refusal := p.refusal.Load(); err != nil && refusal != nil {
		return n, *refusal
	}
	return n, err
}

func (p *podConn) Read(b []byte) (int, error)  { return p.explain(p.Stream.Read(b)) }
func (p *podConn) Write(b []byte) (int, error) { return p.explain(p.Stream.Write(b)) }

func (p *podConn) Close() error {
	_ = p.Stream.Reset()
	return p.connection.Close()
}

func (p *podConn) LocalAddr() net.Addr  { return podAddr("api") }
func (p *podConn) RemoteAddr() net.Addr { return podAddr("pod") }

// SetDeadline closes the connection when the time comes; streams have no
// deadlines of their own. A zero time takes it back.
func (p *podConn) SetDeadline(t time.Time) error {
	p.deadline.Lock()
	defer p.deadline.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	if !t.IsZero() {
		p.timer = time.AfterFunc(time.Until(t), func() { p.Close() })
	}
	return nil
}

func (p *podConn) SetReadDeadline(t time.Time) error  { return p.SetDeadline(t) }
func (p *podConn) SetWriteDeadline(t time.Time) error { return p.SetDeadline(t) }

type podAddr string

func (podAddr) Network() string  { return "portforward" }
func (a podAddr) String() string { return string(a) }

// GetPod sends an HTTP request for a path to a port of a pod, through the API
// server, and returns the status code and the body.
func (c *Client) GetPod(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	return c.get(ctx, namespace, pod, port, "http", path)
}

// GetPodTLS is GetPod over TLS. The server's certificate is not checked: it is
// made out for the node or self-signed, and the way there, through the API
// server, is already authenticated. What the certificate says is for other checks.
func (c *Client) GetPodTLS(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	return c.get(ctx, namespace, pod, port, "https", path)
}

func (c *Client) get(ctx context.Context, namespace, pod string, port int, scheme, path string) (int, []byte, error) {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return c.DialPod(ctx, namespace, pod, port)
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see GetPodTLS
		DisableKeepAlives: true,
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s://localhost:%d%s", scheme, port, path), nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("pod %s/%s: %w", namespace, pod, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, responseLimit))
	return response.StatusCode, body, err
}
