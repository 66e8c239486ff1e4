package probe

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestLastEvents(t *testing.T) {
	event := func(kind, pod, reason string, at int64) corev1.Event {
		return corev1.Event{
			Type:           kind,
			InvolvedObject: corev1.ObjectReference{Name: pod},
			Reason:         reason,
			Message:        "m",
			LastTimestamp:  metav1.NewTime(time.Unix(at, 0)),
		}
	}
	got := lastEvents([]corev1.Event{
		event(corev1.EventTypeWarning, "b", "Old", 1), event(corev1.EventTypeWarning, "b", "New", 2), event(corev1.EventTypeWarning, "b", "Older", 0),
		event(corev1.EventTypeNormal, "a", "Scheduled", 3), event(corev1.EventTypeWarning, "other", "Failed", 3), event(corev1.EventTypeWarning, "a", "Failed", 1),
	}, map[string]bool{"a": true, "b": true})
	if want := "a: Failed: m; b: New: m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
