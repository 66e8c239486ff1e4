package verify

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/internal/ports"
)

// answerTimeout is the time that an endpoint in a pod has to answer.
const answerTimeout = 8 * time.Second

var errNoAnswer = fmt.Errorf("no answer within %v", answerTimeout)

// Answering bounds one request, so that one pod which hangs is named in time.
func Answering(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, answerTimeout, errNoAnswer)
}

// Healthy reads what an endpoint /healthz has answered. The line, or the error, begins
// with the name.
func Healthy(name string, status int, body []byte, err error) (string, error) {
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: /healthz: %w", name, err)
	case status != http.StatusOK:
		return "", fmt.Errorf("%s: /healthz answers %d: %s", name, status, strings.TrimSpace(string(body)))
	}
	return name + ": healthy", nil
}

// Within tries until it works, or the time is over, or it cannot be seen.
func Within(ctx context.Context, limit time.Duration, attempt func() error) error {
	deadline := time.Now().Add(limit)
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		err := attempt()
		if err == nil || IsUnobservable(err) || time.Now().Add(pause).After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// Indices are those of the items, for an Each that has to know its places.
func Indices[T any](items []T) []int {
	all := make([]int, len(items))
	for i := range all {
		all[i] = i
	}
	return all
}

// Pods reaches into pods, and the nodes under them, through the API server.
type Pods interface {
	Exec(ctx context.Context, pod PodRef, command ...string) (stdout string, err error)
	ExecInput(ctx context.Context, pod PodRef, stdin io.Reader, command ...string) (stdout string, err error)
	Logs(ctx context.Context, pod PodRef) (string, error)
	GetPod(ctx context.Context, namespace, pod string, port int, path string) (status int, body []byte, err error)
	GetPodTLS(ctx context.Context, namespace, pod string, port int, path string) (status int, body []byte, err error)
	GetAPIServer(ctx context.Context, namespace, pod string, port int, path string) (status int, body []byte, err error)
	GetKubelet(ctx context.Context, node, path string) (body []byte, err error)
	GetKubeletThrough(ctx context.Context, namespace, pod, path string) (status int, body []byte, err error)
	DialPod(ctx context.Context, namespace, pod string, port int) (net.Conn, error)
}

// APIServerPort serves the Kubernetes API on each control plane.
const APIServerPort = ports.APIServer

// KubeletPort serves the kubelet's API, over TLS.
const KubeletPort = 10250

// GetStatus sends a GET request, and returns the status code and the header of the response.
func GetStatus(ctx context.Context, config *rest.Config, path string) (status int, header http.Header, err error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return 0, nil, err
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base.String(), "/")+path, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	const enough = 1 << 20
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, enough)) // for the connection to be used again
	return response.StatusCode, response.Header, err
}
