package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Refreshed is what RefreshKubeconfig found in a file.
type Refreshed int

const (
	// NoEntry says that the file has no entry of the cluster, or that of another
	// cluster of the same name.
	NoEntry Refreshed = iota
	// Current says that the entry was right.
	Current
	// Updated says that the entry got the cluster's address and credentials.
	Updated
)

// RefreshKubeconfig gives a cluster's entry in a kubeconfig the address and the
// credentials that the cluster has now, if the entry is there. An entry of another
// cluster, one with a server on another host and credentials of another kind stay as
// they are, and so does the current context.
func (c Cluster) RefreshKubeconfig(ctx context.Context, file string) (found Refreshed, err error) {
	text, err := c.Kubeconfig(ctx, false)
	if err != nil {
		return NoEntry, err
	}
	now, err := clientcmd.Load([]byte(text))
	if err != nil {
		return NoEntry, fmt.Errorf("the kubeconfig of cluster %s: %w", c.Name, err)
	}
	err = changeFile(ctx, file, func(config *api.Config) bool {
		found = refresh(config, now, Context(c.Name))
		return found == Updated
	})
	return found, err
}

// refresh updates the entry of one cluster.
func refresh(config, now *api.Config, key string) Refreshed {
	cluster, current := config.Clusters[key], now.Clusters[key]
	if cluster == nil || current == nil || !bytes.Equal(cluster.CertificateAuthorityData, current.CertificateAuthorityData) {
		return NoEntry
	}
	changed := false
	if cluster.Server != current.Server && sameHost(cluster.Server, current.Server) {
		cluster.Server, changed = current.Server, true
	}
	user, renewed := config.AuthInfos[key], now.AuthInfos[key]
	if user != nil && renewed != nil && len(user.ClientCertificateData) > 0 && !bytes.Equal(user.ClientCertificateData, renewed.ClientCertificateData) {
		user.ClientCertificateData, user.ClientKeyData, changed = renewed.ClientCertificateData, renewed.ClientKeyData, true
	}
	if changed {
		return Updated
	}
	return Current
}

// sameHost compares the hosts of two addresses, without their ports.
func sameHost(a, b string) bool {
	first, errA := url.Parse(a)
	second, errB := url.Parse(b)
	return errA == nil && errB == nil && first.Hostname() == second.Hostname()
}

// mergeKeeping adds a cluster's context to a kubeconfig and leaves the current one.
func (c Cluster) mergeKeeping(ctx context.Context, path string) error {
	text, err := c.Kubeconfig(ctx, false)
	if err != nil {
		return err
	}
	added, err := clientcmd.Load([]byte(text))
	if err != nil {
		return fmt.Errorf("the kubeconfig of cluster %s: %w", c.Name, err)
	}
	return changeFile(ctx, KubeconfigTarget(path), func(config *api.Config) bool {
		key := Context(c.Name)
		config.Clusters[key], config.AuthInfos[key], config.Contexts[key] = added.Clusters[key], added.AuthInfos[key], added.Contexts[key]
		return true
	})
}

// changeFile changes a kubeconfig under the lock that kubectl and kind use. One that
// is not there is empty; it is written only when change says so.
func changeFile(ctx context.Context, file string, change func(*api.Config) bool) error {
	return unlocked(ctx, func() (err error) {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		lock, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_EXCL, 0)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, lock.Close(), os.Remove(lock.Name())) }()
		config, err := clientcmd.LoadFromFile(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			config = api.NewConfig()
		case err != nil:
			return fmt.Errorf("%s: %w", file, err)
		}
		if !change(config) {
			return nil
		}
		return clientcmd.WriteToFile(*config, file)
	})
}
