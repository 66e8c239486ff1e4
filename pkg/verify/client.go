package verify

import (
	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/internal/kube"
)

// Client reaches the API of a cluster; NewClient makes one.
type Client = kube.Client

// Source lists objects of one type and watches them.
type Source = kube.Source

// PodRef names a container of a pod.
type PodRef = kube.PodRef

// NewClient makes a Client for a cluster. Nothing is asked of it before the first request.
func NewClient(config *rest.Config) (*Client, error) { return kube.New(config) }
