package cli

import (
	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

// client-go logs to standard error whatever its caller makes of the errors that
// it returns as well, for example when an exec is cut off by its deadline. This
// program reports errors itself.
func init() { klog.SetLogger(logr.Discard()) }
