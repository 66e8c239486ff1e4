package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
)

func TestClientGoDoesNotLog(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = writer
	klog.Error("error copying the output")
	klog.InfoS("it starts")
	klog.FromContext(context.Background()).Error(errors.New("cut off"), "websocket")
	utilruntime.HandleErrorWithContext(context.Background(), errors.New("cut off"), "watch")
	klog.Flush()
	os.Stderr = stderr
	writer.Close()
	if said, err := io.ReadAll(reader); err != nil || len(said) > 0 {
		t.Errorf("logged %q, %v", said, err)
	}
}
