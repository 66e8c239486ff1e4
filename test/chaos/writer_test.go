//go:build chaos

package chaos

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	writeTimeout = 5 * time.Second // of one request
	writeLabel   = "kindctl-chaos"
)

// writer creates one ConfigMap after the other, through the API that users have, and
// remembers which were acknowledged.
type writer struct {
	client kubernetes.Interface
	stop   context.CancelFunc
	ended  chan struct{}

	mu           sync.Mutex
	tried        int
	acknowledged map[string]string // name to value
	longest      time.Duration     // between two that were acknowledged
	last         time.Time
}

func startWriter(t *testing.T, kubeconfig string) *writer {
	t.Helper()
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(kubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	w := &writer{client: client, stop: stop, ended: make(chan struct{}), acknowledged: map[string]string{}, last: time.Now()}
	go w.run(ctx)
	t.Cleanup(w.end)
	return w
}

func (w *writer) end() {
	w.stop()
	<-w.ended
}

func (w *writer) run(ctx context.Context) {
	defer close(w.ended)
	for number := 0; ctx.Err() == nil; number++ {
		name, value := fmt.Sprintf("write-%06d", number), strconv.FormatInt(time.Now().UnixNano(), 36)
		within, cancel := context.WithTimeout(ctx, writeTimeout)
		_, err := w.client.CoreV1().ConfigMaps("default").Create(within, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{writeLabel: "yes"}}, Data: map[string]string{"value": value},
		}, metav1.CreateOptions{})
		cancel()
		w.mu.Lock()
		w.tried++
		// One that is there already was written by a request that was not answered.
		if err == nil || apierrors.IsAlreadyExists(err) {
			w.acknowledged[name] = value
			w.longest, w.last = max(w.longest, time.Since(w.last)), time.Now()
		}
		w.mu.Unlock()
	}
}

// count is how many writes were acknowledged.
func (w *writer) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acknowledged)
}

// goesOn wants a number of further writes to be acknowledged.
func (w *writer) goesOn(t *testing.T, during string, further int, limit time.Duration) {
	t.Helper()
	begun, want := time.Now(), w.count()+further
	for w.count() < want {
		if time.Since(begun) > limit {
			t.Fatalf("%s: %d of %d further writes were acknowledged within %v", during, further-(want-w.count()), further, limit)
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%s: %d further writes were acknowledged within %v", during, further, time.Since(begun).Round(100*time.Millisecond))
}
