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
	"k8s.io/client-go/rest"
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
	return dialPod(ctx, namespace, pod, port, func() (net.Conn, error) {
		session, err := c.session(namespace, pod)
		if err != nil {
			return nil, err
		}
		return forward(session, "0", port, func(...httpstream.Stream) { session.Close() }, func() {})
	})
}

// dialPod calls dial, which knows no context, in the time that a context leaves.
func dialPod(ctx context.Context, namespace, pod string, port int, dial func() (net.Conn, error)) (net.Conn, error) {
	type dialed struct {
		conn net.Conn
		err  error
	}
	done := make(chan dialed, 1)
	go func() {
		conn, err := dial()
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

// session opens a connection to the API server that carries any number of
// connections to a pod.
func (c *Client) session(namespace, pod string) (httpstream.Connection, error) {
	request := c.Clientset.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward")
	overWebsocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(request.URL(), c.Config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := c.overSPDY()
	if err != nil {
		return nil, err
	}
	overSPDY := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, request.URL())
	session, _, err := portforward.NewFallbackDialerForStreaming(overWebsocket, overSPDY, needsSPDY).
		Dial(portforward.PortForwardProtocolV1Name)
	return session, err
}

// forward opens the pair of streams that the port-forward protocol wants for
// one connection: an error stream that the server alone writes, and the data.
// The ID distinguishes it from others of the session. When it ends, it hands its streams
// to ended; before, refused is called if the server says why the port cannot be
// reached.
func forward(session httpstream.Connection, id string, port int, ended func(...httpstream.Stream), refused func()) (net.Conn, error) {
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, id)
	failure, err := session.CreateStream(headers)
	if err != nil {
		ended()
		return nil, err
	}
	failure.Close() // nothing is written to it
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := session.CreateStream(headers)
	if err != nil {
		ended(failure)
		return nil, err
	}
	conn := &podConn{Stream: data, end: sync.OnceFunc(func() { ended(failure, data) })}
	go conn.listen(failure, refused)
	return conn, nil
}

// podConn is one forwarded connection.
type podConn struct {
	httpstream.Stream
	end      func()
	refusal  atomic.Pointer[error]
	deadline sync.Mutex
	timer    *time.Timer
}

// listen takes the server's word for why the pod's port cannot be reached.
func (p *podConn) listen(failure io.Reader, refused func()) {
	message, err := io.ReadAll(failure)
	if err == nil && len(message) > 0 {
		refusal := fmt.Errorf("%s", message)
		p.refusal.Store(&refusal)
		refused()
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
	err := p.Stream.Reset()
	p.end()
	return err
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

// GetPodTLS is GetPod over TLS, without credentials. The server's certificate
// is not checked: the scheduler and the controller manager sign their own, and
// the way there, through the API server, is already authenticated.
func (c *Client) GetPodTLS(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	return c.get(ctx, namespace, pod, port, "https", path)
}

// GetAPIServer is GetPodTLS to one API server, past any load balancer. It
// presents the client's credentials and checks the server's certificate.
func (c *Client) GetAPIServer(ctx context.Context, namespace, pod string, port int, path string) (int, []byte, error) {
	config := rest.CopyConfig(c.Config)
	config.Host, config.TLSClientConfig.ServerName = apiServerName, apiServerName
	security, err := rest.TLSConfigFor(config)
	if err != nil {
		return 0, nil, err
	}
	transport := through(c.DialPod, namespace, pod, port)
	transport.TLSClientConfig = security
	authenticated, err := rest.HTTPWrappersForConfig(config, transport)
	if err != nil {
		return 0, nil, err
	}
	return RoundTrip(ctx, authenticated, "https://"+apiServerName+path)
}

// apiServerName is in the certificate of every API server: pods know it by it.
const apiServerName = "kubernetes.default.svc"

func (c *Client) get(ctx context.Context, namespace, pod string, port int, scheme, path string) (int, []byte, error) {
	transport := through(c.DialPod, namespace, pod, port)
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see GetPodTLS
	return RoundTrip(ctx, transport, fmt.Sprintf("%s://localhost:%d%s", scheme, port, path))
}

// through returns a transport whose connections all go to one port of a pod.
func through(
	dial func(ctx context.Context, namespace, pod string, port int) (net.Conn, error), namespace, pod string, port int,
) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial(ctx, namespace, pod, port)
		},
		DisableKeepAlives: true,
	}
}

// RoundTrip sends a GET request over a transport, once. It returns the status and at most
// responseLimit bytes of the body.
func RoundTrip(ctx context.Context, transport http.RoundTripper, url string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, responseLimit))
	return response.StatusCode, body, err
}
