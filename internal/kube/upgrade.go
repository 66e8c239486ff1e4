package kube

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apihttpstream "k8s.io/apimachinery/pkg/util/httpstream" //nolint:staticcheck // client-go's spdy.Upgrader has no other
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// needsSPDY reports whether a server or a proxy between refuses websockets, as
// API servers before 1.31 do. A websocket that is forbidden is no reason to end:
// it takes the right to get, SPDY the right to create.
func needsSPDY(err error) bool {
	return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
}

// overSPDY returns what opens SPDY connections to the API server. Where that one
// answers with a Status, such as Forbidden, the error is a StatusError.
func (c *Client) overSPDY() (http.RoundTripper, spdy.Upgrader, error) {
	transport, upgrader, err := spdy.RoundTripperFor(c.Config)
	return transport, statusUpgrader{upgrader}, err
}

// statusUpgrader keeps the Status of which its Upgrader would leave a text.
type statusUpgrader struct{ spdy.Upgrader }

// statusLimit bounds what is read of an answer that is no upgrade.
const statusLimit = 64 << 10

func (u statusUpgrader) NewConnection(response *http.Response) (apihttpstream.Connection, error) {
	if response.StatusCode == http.StatusSwitchingProtocols {
		return u.Upgrader.NewConnection(response)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, statusLimit))
	if err != nil {
		return nil, err
	}
	var status metav1.Status
	if json.Unmarshal(body, &status) == nil && status.Kind == "Status" {
		return nil, &apierrors.StatusError{ErrStatus: status}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return u.Upgrader.NewConnection(response)
}
