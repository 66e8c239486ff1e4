package cilium

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kindctl/kindctl/pkg/kube"
)

// getter gives Helm a client that is already configured, in the shape that
// Helm asks for.
type getter struct {
	client *kube.Client
}

func (g getter) ToRESTConfig() (*rest.Config, error) { return g.client.Config, nil }

func (g getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return memory.NewMemCacheClient(g.client.Clientset.Discovery()), nil
}

func (g getter) ToRESTMapper() (meta.RESTMapper, error) { return g.client.Mapper, nil }

func (g getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	context := clientcmdapi.NewContext()
	context.Namespace = namespace
	config := clientcmdapi.NewConfig()
	config.Contexts[namespace], config.CurrentContext = context, namespace
	return clientcmd.NewDefaultClientConfig(*config, &clientcmd.ConfigOverrides{})
}
