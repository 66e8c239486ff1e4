package kube

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func configMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: name}, Data: map[string]string{"key": value}}
}

func configMaps(client kubernetes.Interface) Source {
	maps := client.CoreV1().ConfigMaps("a")
	return ListWatch(maps.List, maps.Watch, metav1.ListOptions{})
}

// has wants a value, and says which it saw.
func has(value string) func(*corev1.ConfigMap) error {
	return func(object *corev1.ConfigMap) error {
		if object.Data["key"] != value {
			return errors.New("the value is " + object.Data["key"])
		}
		return nil
	}
}

func briefly(t *testing.T, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

func TestUntilSeesWhatIsThere(t *testing.T) {
	client := fake.NewClientset(configMap("one", "old"), configMap("two", "new"))
	if err := Until(briefly(t, time.Minute), configMaps(client), has("new")); err != nil {
		t.Error(err)
	}
}

func TestUntilSeesAChange(t *testing.T) {
	client := fake.NewClientset(configMap("one", "old"))
	watching := make(chan struct{}, 1)
	client.PrependWatchReactor("*", func(clienttesting.Action) (bool, watch.Interface, error) {
		watching <- struct{}{}
		return false, nil, nil
	})
	var updates sync.WaitGroup
	defer updates.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	updates.Go(func() {
		<-watching
		for value := 0; ctx.Err() == nil; value++ { // the first may come before the watch holds
			_, _ = client.CoreV1().ConfigMaps("a").Update(ctx, configMap("one", "new"), metav1.UpdateOptions{})
			time.Sleep(time.Duration(value) * time.Millisecond)
		}
	})
	if err := Until(briefly(t, 10*time.Second), configMaps(client), has("new")); err != nil {
		t.Error(err)
	}
}

func TestUntilKeepsTheCause(t *testing.T) {
	tests := map[string]struct {
		objects []runtime.Object
		want    string
	}{
		"not as wanted": {[]runtime.Object{configMap("one", "old")}, "the value is old (context deadline exceeded)"},
		"nothing there": {nil, "there is no such object (context deadline exceeded)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := Until(briefly(t, 50*time.Millisecond), configMaps(fake.NewClientset(test.objects...)), has("new"))
			if !errors.Is(err, context.DeadlineExceeded) || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestUntilGivesUpOnlyWhatCannotRecover(t *testing.T) {
	resource := schema.GroupResource{Resource: "configmaps"}
	tests := map[string]struct {
		failure error
		gone    bool
	}{
		"forbidden":   {apierrors.NewForbidden(resource, "", errors.New("not you")), true},
		"no identity": {apierrors.NewUnauthorized("who are you"), true},
		"overloaded":  {apierrors.NewTooManyRequests("later", 1), false},
		"restarting":  {errors.New("connection refused"), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset(configMap("one", "new"))
			failures := 0
			client.PrependReactor("list", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
				failures++
				return failures == 1, nil, test.failure
			})
			err := Until(briefly(t, 10*time.Second), configMaps(client), has("new"))
			if gone := err != nil; gone != test.gone || (gone && !errors.Is(err, test.failure)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUntilListsAgainWhenAWatchEnds(t *testing.T) {
	client := fake.NewClientset(configMap("one", "old"))
	watches := 0
	client.PrependWatchReactor("configmaps", func(clienttesting.Action) (bool, watch.Interface, error) {
		watches++
		expired := watch.NewFake()
		go func() {
			_, _ = client.CoreV1().ConfigMaps("a").Update(context.Background(), configMap("one", "new"), metav1.UpdateOptions{})
			expired.Error(&metav1.Status{Reason: metav1.StatusReasonExpired})
		}()
		return true, expired, nil
	})
	if err := Until(briefly(t, 10*time.Second), configMaps(client), has("new")); err != nil || watches != 1 {
		t.Errorf("got %v after %d watches", err, watches)
	}
}

func TestUntilAllForgetsTheDeleted(t *testing.T) {
	client := fake.NewClientset(configMap("one", ""), configMap("two", ""))
	changes := watch.NewFake()
	client.PrependWatchReactor("configmaps", clienttesting.DefaultWatchReactor(changes, nil))
	go func() {
		changes.Delete(configMap("one", ""))
		changes.Action(watch.Bookmark, configMap("", ""))
		changes.Delete(configMap("two", ""))
	}()
	var sizes []string
	err := UntilAll(briefly(t, 10*time.Second), configMaps(client), func(left []*corev1.ConfigMap) error {
		sizes = append(sizes, strings.Repeat("x", len(left)))
		if len(left) > 0 {
			return errors.New("not empty")
		}
		return nil
	})
	if got := strings.Join(sizes, ","); err != nil || got != "xx,x," {
		t.Errorf("got %v, sizes %q", err, got)
	}
}
