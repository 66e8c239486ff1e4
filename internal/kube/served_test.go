package kube

import (
	"context"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestUntilServed asks for a kind before the API server's discovery has it.
func TestUntilServed(t *testing.T) {
	client, _ := applyServer(t)
	widget := schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Widget"}
	ended, end := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	end(stopped)
	if err := client.UntilServed(ended, widget); !errors.Is(err, stopped) {
		t.Errorf("without a definition, and stopped: %v", err)
	}
	served := make(chan error, 1)
	go func() { served <- client.UntilServed(t.Context(), widget) }()
	other, err := New(client.Config)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := Decode([]byte("kind: CustomResourceDefinition\napiVersion: apiextensions.k8s.io/v1\nmetadata: {name: widgets.example.com}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Apply(t.Context(), objects); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
