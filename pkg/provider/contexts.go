package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/client-go/tools/clientcmd"
)

// KubeconfigFiles are the files that a user's kubeconfig is made of: path, or
// else what KUBECONFIG lists, or else the default file. They are absolute, and
// not all of them need be there.
func KubeconfigFiles(path string) (files []string) {
	listed := []string{path}
	if path == "" {
		listed = clientcmd.NewDefaultPathOptions().GetLoadingPrecedence()
	}
	for _, file := range listed {
		if absolute, err := filepath.Abs(file); err == nil && file != "" && !slices.Contains(files, absolute) {
			files = append(files, absolute)
		}
	}
	if len(files) == 0 { // KUBECONFIG lists nothing
		return []string{clientcmd.RecommendedHomeFile}
	}
	return files
}

// KubeconfigTarget is the one of these files that gets a new context: the first that
// is there, or else the last (kind v0.33.0,
// pkg/cluster/internal/kubeconfig/internal/kubeconfig/paths.go).
func KubeconfigTarget(path string) string {
	files := KubeconfigFiles(path)
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
	}
	return files[len(files)-1]
}

// KubeconfigEntry tells whether a kubeconfig has anything of a cluster, and at which port
// it has its API server. A file that is not there has nothing.
func KubeconfigEntry(file, name string) (port string, has bool, err error) {
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", false, nil
		}
		return "", false, fmt.Errorf("%s: %w", file, err)
	}
	key := Context(name)
	if cluster := config.Clusters[key]; cluster != nil {
		if server, err := url.Parse(cluster.Server); err == nil {
			port = server.Port()
		}
		return port, true, nil
	}
	return "", config.Contexts[key] != nil || config.AuthInfos[key] != nil, nil
}

// RemoveKubeconfig removes a cluster's entry from a kubeconfig. The cluster must have no
// containers any more.
func (c Cluster) RemoveKubeconfig(ctx context.Context, file string) error {
	return explain(unlocked(ctx, func() error { return silent().Delete(c.Name, file) }))
}
