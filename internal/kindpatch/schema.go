package kindpatch

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	proxyconfig "k8s.io/kube-proxy/config/v1alpha1"
	kubeletconfig "k8s.io/kubelet/config/v1beta1"
)

// schemas are the fields of each object. Those of kubeadm are in no module that
// can be imported: they are written down here as the fields of v1beta4
// (kubernetes v1.37.2, cmd/kubeadm/app/apis/kubeadm), where "since" marks what
// v1beta3 does not have.
var schemas = map[string]reflect.Type{
	ClusterConfiguration:   reflect.TypeFor[clusterConfiguration](),
	InitConfiguration:      reflect.TypeFor[initConfiguration](),
	JoinConfiguration:      reflect.TypeFor[joinConfiguration](),
	KubeletConfiguration:   reflect.TypeFor[kubeletconfig.KubeletConfiguration](),
	KubeProxyConfiguration: reflect.TypeFor[proxyconfig.KubeProxyConfiguration](),
}

// replaced are fields that older versions of kubeadm's configuration have, or that
// people look for there, with what to write today.
var replaced = map[string]string{
	"ClusterConfiguration.apiServer.timeoutForControlPlane": "write it as timeouts.controlPlaneComponentHealthCheck of kind InitConfiguration",
	"JoinConfiguration.discovery.timeout":                   "write it as timeouts.discovery of kind JoinConfiguration",
	"ClusterConfiguration.dns.type":                         "leave it out: there is CoreDNS only",
	"ClusterConfiguration.useHyperKubeImage":                "leave it out: there is no such image",
	"ClusterConfiguration.apiServerExtraArgs":               "write it as apiServer.extraArgs",
	"ClusterConfiguration.apiServerCertSANs":                "write it as apiServer.certSANs",
	"ClusterConfiguration.apiServerExtraVolumes":            "write it as apiServer.extraVolumes",
	"ClusterConfiguration.controllerManagerExtraArgs":       "write it as controllerManager.extraArgs",
	"ClusterConfiguration.schedulerExtraArgs":               "write it as scheduler.extraArgs",
	"ClusterConfiguration.nodeRegistration":                 "it is a field of the kinds InitConfiguration and JoinConfiguration",
	"InitConfiguration.apiServer":                           "it is a field of the kind ClusterConfiguration",
	"JoinConfiguration.apiServer":                           "it is a field of the kind ClusterConfiguration",
}

// until are the last versions of kubeadm's configuration that have a field.
var until = map[string]string{
	"ClusterConfiguration.apiServer.timeoutForControlPlane": V1Beta3,
	"JoinConfiguration.discovery.timeout":                   V1Beta3,
	"ClusterConfiguration.dns.type":                         V1Beta2,
	"ClusterConfiguration.useHyperKubeImage":                V1Beta2,
}

type arg struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type component struct {
	ExtraArgs    []arg           `json:"extraArgs"`
	ExtraVolumes []volume        `json:"extraVolumes"`
	ExtraEnvs    []corev1.EnvVar `json:"extraEnvs" since:"v1beta4"`
}

type volume struct {
	Name      string `json:"name"`
	HostPath  string `json:"hostPath"`
	MountPath string `json:"mountPath"`
	ReadOnly  bool   `json:"readOnly"`
	PathType  string `json:"pathType"`
}

type image struct {
	ImageRepository string `json:"imageRepository"`
	ImageTag        string `json:"imageTag"`
}

type clusterConfiguration struct {
	metav1.TypeMeta `json:",inline"`
	Etcd            struct {
		Local struct {
			image          `json:",inline"`
			DataDir        string          `json:"dataDir"`
			ExtraArgs      []arg           `json:"extraArgs"`
			ExtraEnvs      []corev1.EnvVar `json:"extraEnvs" since:"v1beta4"`
			ServerCertSANs []string        `json:"serverCertSANs"`
			PeerCertSANs   []string        `json:"peerCertSANs"`
		} `json:"local"`
		External struct {
			Endpoints     []string `json:"endpoints"`
			HTTPEndpoints []string `json:"httpEndpoints" since:"v1beta4"`
			CAFile        string   `json:"caFile"`
			CertFile      string   `json:"certFile"`
			KeyFile       string   `json:"keyFile"`
		} `json:"external"`
	} `json:"etcd"`
	Networking struct {
		ServiceSubnet string `json:"serviceSubnet"`
		PodSubnet     string `json:"podSubnet"`
		DNSDomain     string `json:"dnsDomain"`
	} `json:"networking"`
	KubernetesVersion    string `json:"kubernetesVersion"`
	ControlPlaneEndpoint string `json:"controlPlaneEndpoint"`
	APIServer            struct {
		component `json:",inline"`
		CertSANs  []string `json:"certSANs"`
	} `json:"apiServer"`
	ControllerManager component `json:"controllerManager"`
	Scheduler         component `json:"scheduler"`
	DNS               struct {
		image    `json:",inline"`
		Disabled bool `json:"disabled" since:"v1beta4"`
	} `json:"dns"`
	Proxy struct {
		Disabled bool `json:"disabled"`
	} `json:"proxy" since:"v1beta4"`
	CertificatesDir             string          `json:"certificatesDir"`
	ImageRepository             string          `json:"imageRepository"`
	FeatureGates                map[string]bool `json:"featureGates"`
	ClusterName                 string          `json:"clusterName"`
	EncryptionAlgorithm         string          `json:"encryptionAlgorithm" since:"v1beta4"`
	CertificateValidityPeriod   metav1.Duration `json:"certificateValidityPeriod" since:"v1beta4"`
	CACertificateValidityPeriod metav1.Duration `json:"caCertificateValidityPeriod" since:"v1beta4"`
}

type nodeRegistration struct {
	Name                  string         `json:"name"`
	CRISocket             string         `json:"criSocket"`
	Taints                []corev1.Taint `json:"taints"`
	KubeletExtraArgs      []arg          `json:"kubeletExtraArgs"`
	IgnorePreflightErrors []string       `json:"ignorePreflightErrors"`
	ImagePullPolicy       string         `json:"imagePullPolicy"`
	ImagePullSerial       bool           `json:"imagePullSerial" since:"v1beta4"`
}

type endpoint struct {
	AdvertiseAddress string `json:"advertiseAddress"`
	BindPort         int32  `json:"bindPort"`
}

// common are the fields of both kinds that register a node.
type common struct {
	metav1.TypeMeta  `json:",inline"`
	DryRun           bool             `json:"dryRun" since:"v1beta4"`
	NodeRegistration nodeRegistration `json:"nodeRegistration"`
	SkipPhases       []string         `json:"skipPhases"`
	Patches          struct {
		Directory string `json:"directory"`
	} `json:"patches"`
	Timeouts struct {
		ControlPlaneComponentHealthCheck metav1.Duration `json:"controlPlaneComponentHealthCheck"`
		KubeletHealthCheck               metav1.Duration `json:"kubeletHealthCheck"`
		KubernetesAPICall                metav1.Duration `json:"kubernetesAPICall"`
		EtcdAPICall                      metav1.Duration `json:"etcdAPICall"`
		TLSBootstrap                     metav1.Duration `json:"tlsBootstrap"`
		Discovery                        metav1.Duration `json:"discovery"`
		UpgradeManifests                 metav1.Duration `json:"upgradeManifests"`
	} `json:"timeouts" since:"v1beta4"`
}

type initConfiguration struct {
	common          `json:",inline"`
	BootstrapTokens []struct {
		Token       string          `json:"token"`
		Description string          `json:"description"`
		TTL         metav1.Duration `json:"ttl"`
		Expires     metav1.Time     `json:"expires"`
		Usages      []string        `json:"usages"`
		Groups      []string        `json:"groups"`
	} `json:"bootstrapTokens"`
	LocalAPIEndpoint endpoint `json:"localAPIEndpoint"`
	CertificateKey   string   `json:"certificateKey"`
}

type joinConfiguration struct {
	common     `json:",inline"`
	CACertPath string `json:"caCertPath"`
	Discovery  struct {
		BootstrapToken struct {
			Token                    string   `json:"token"`
			APIServerEndpoint        string   `json:"apiServerEndpoint"`
			CACertHashes             []string `json:"caCertHashes"`
			UnsafeSkipCAVerification bool     `json:"unsafeSkipCAVerification"`
		} `json:"bootstrapToken"`
		File struct {
			KubeConfigPath string `json:"kubeConfigPath"`
		} `json:"file"`
		TLSBootstrapToken string `json:"tlsBootstrapToken"`
	} `json:"discovery"`
	ControlPlane struct {
		LocalAPIEndpoint endpoint `json:"localAPIEndpoint"`
		CertificateKey   string   `json:"certificateKey"`
	} `json:"controlPlane"`
}
