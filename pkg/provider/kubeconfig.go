package provider

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Context is the kubeconfig context of a cluster.
func Context(name string) string { return "kind-" + name }

// MergeKubeconfig adds a cluster's context to the user's kubeconfig, under the
// lock that kubectl uses too, and makes it the current one. Other entries stay.
func (p *Provider) MergeKubeconfig(name, path string) error {
	return p.kind(event.Start(event.Discard, event.Event{})).ExportKubeConfig(name, path, false)
}

// CheckKubeconfig returns an error with advice when the user's kubeconfig could
// not be changed later: unreadable, not writable, broken or locked. An empty
// path means KUBECONFIG or the default file.
func CheckKubeconfig(path string) error {
	if path == "" {
		path = clientcmd.NewDefaultPathOptions().GetDefaultFilename()
	}
	if _, err := os.Stat(path + ".lock"); err == nil {
		return hint.New(hint.Preflight, "KUBECONFIG_LOCKED", path+" is locked",
			fmt.Sprintf("another command is changing it; if none is, a killed one left the lock: rm %s.lock", path))
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if os.IsNotExist(err) {
		return checkDirectory(filepath.Dir(path))
	}
	if err != nil {
		return hint.Wrap(err, hint.Preflight, "KUBECONFIG_UNWRITABLE", "the kubeconfig cannot be changed", "correct its permissions, or name another one with --kubeconfig")
	}
	defer file.Close()
	if _, err := clientcmd.LoadFromFile(path); err != nil {
		return hint.Wrap(err, hint.Preflight, "KUBECONFIG_BROKEN", path+" is not a kubeconfig", "repair it, or name another one with --kubeconfig")
	}
	return nil
}

// checkDirectory looks whether the nearest directory that exists is one.
func checkDirectory(dir string) error {
	for {
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() {
			return nil
		}
		if err == nil || !os.IsNotExist(err) || dir == filepath.Dir(dir) {
			return hint.New(hint.Preflight, "KUBECONFIG_UNWRITABLE", fmt.Sprintf("no kubeconfig can be made: %s is not a directory", dir), "name another one with --kubeconfig")
		}
		dir = filepath.Dir(dir)
	}
}
