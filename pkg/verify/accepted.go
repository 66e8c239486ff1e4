package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
)

// The ConfigMap that holds the differences which users have accepted. It is apart
// from the record, which clusters that kindctl did not make have none of.
const (
	acceptedName = "kindctl-accepted"
	acceptedKey  = "differences"
)

// Accepted returns the differences that were accepted, sorted by ID. For a user who
// may not read them there are none.
func Accepted(ctx context.Context, client *Client) ([]Difference, error) {
	found, err := client.Clientset.CoreV1().ConfigMaps(SystemNamespace).Get(ctx, acceptedName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the accepted differences: %w", err)
	}
	return parseAccepted(found)
}

func parseAccepted(found *corev1.ConfigMap) (accepted []Difference, err error) {
	text := found.Data[acceptedKey]
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &accepted); err != nil {
		return nil, fmt.Errorf("ConfigMap %s/%s: %w", SystemNamespace, acceptedName, err)
	}
	return accepted, nil
}

// ChangeAccepted replaces the accepted differences by what change makes of them.
// Changes by others at the same time are kept.
func ChangeAccepted(ctx context.Context, client *Client, change func([]Difference) []Difference) error {
	maps := client.Clientset.CoreV1().ConfigMaps(SystemNamespace)
	conflict := func(err error) bool { return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) }
	err := retry.OnError(retry.DefaultRetry, conflict, func() error {
		found, err := maps.Get(ctx, acceptedName, metav1.GetOptions{})
		missing := apierrors.IsNotFound(err)
		if missing {
			found = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: SystemNamespace, Name: acceptedName}}
		} else if err != nil {
			return err
		}
		before, err := parseAccepted(found)
		if err != nil {
			return err
		}
		after := change(before)
		slices.SortFunc(after, func(a, b Difference) int { return strings.Compare(a.ID, b.ID) })
		data, err := json.Marshal(after)
		if err != nil {
			return err
		}
		found.Data = map[string]string{acceptedKey: string(data)}
		if missing {
			_, err = maps.Create(ctx, found, metav1.CreateOptions{})
		} else {
			_, err = maps.Update(ctx, found, metav1.UpdateOptions{})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("write the accepted differences: %w", err)
	}
	return nil
}
