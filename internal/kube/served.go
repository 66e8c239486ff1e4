package kube

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Discovery cannot be watched. The API server is this late at most with a kind whose
// definition is established; usually it is there within a second.
const (
	servedInterval = 100 * time.Millisecond
	servedTimeout  = 30 * time.Second
)

// UntilServed waits until the API server's discovery has a kind, which it has a moment
// after the kind's definition is established.
func (c *Client) UntilServed(ctx context.Context, kind schema.GroupVersionKind) error {
	var missing error
	err := wait.PollUntilContextTimeout(ctx, servedInterval, servedTimeout, true, func(context.Context) (served bool, err error) {
		if _, missing = c.Mapper.RESTMapping(kind.GroupKind(), kind.Version); missing != nil {
			c.Mapper.Reset()
		}
		return missing == nil, nil
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("resource of %s: %w", kind, missing)
	}
	return nil
}
