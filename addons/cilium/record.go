package cilium

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	release "helm.sh/helm/v4/pkg/release/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// record writes a release into the Secret in which the helm command looks for it, as
// Helm's storage driver does (helm v4, pkg/storage/driver/secrets.go). That package
// cannot be imported without those of several databases.
func record(ctx context.Context, secrets typedcorev1.SecretInterface, made *release.Release) error {
	data, err := encode(made)
	if err != nil {
		return fmt.Errorf("record the Helm release %s: %w", made.Name, err)
	}
	_, err = secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("sh.helm.release.v1.%s.v%d", made.Name, made.Version),
			Labels: map[string]string{
				"name": made.Name, "owner": "helm", "status": made.Info.Status.String(), "version": strconv.Itoa(made.Version),
				"createdAt": strconv.FormatInt(time.Now().Unix(), 10),
			},
		},
		Type: "helm.sh/release.v1",
		Data: map[string][]byte{"release": []byte(data)},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("record the Helm release %s: %w", made.Name, err)
	}
	return nil
}

// encode is a release as compressed JSON in base64.
func encode(made *release.Release) (string, error) {
	data, err := json.Marshal(made)
	if err != nil {
		return "", err
	}
	var compressed bytes.Buffer
	out, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err = out.Write(data); err == nil {
		err = out.Close()
	}
	return base64.StdEncoding.EncodeToString(compressed.Bytes()), err
}
