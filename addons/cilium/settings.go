package cilium

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"

	"github.com/kindctl/kindctl/addons/setting"
	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Settings are what the user asks of Cilium beyond kindctl's own choices.
type Settings struct {
	// Hubble has every agent record the flows that it sees.
	Hubble bool `yaml:"hubble,omitempty"`
	// DNSProxy lets policies name hosts (toFQDNs) and rule DNS requests.
	DNSProxy bool `yaml:"dnsProxy,omitempty"`
	// L7Proxy runs Envoy on every node, for policies for HTTP and TLS. It includes
	// DNSProxy.
	L7Proxy bool `yaml:"l7Proxy,omitempty"`
	// GatewayAPI installs Gateway API's definitions and has Cilium serve them, which
	// takes Cilium in kube-proxy's place. It includes L7Proxy.
	GatewayAPI bool `yaml:"gatewayAPI,omitempty"`
	// Values are Helm values of the chart, which win over kindctl's own.
	Values map[string]any `yaml:"values,omitempty"`
}

// fields describe Settings to users.
var fields = []cni.Field{
	{Name: "hubble", Type: "boolean", About: "Have every agent record the flows that it sees, for the command hubble, or for Hubble Relay and UI, which values turn on."},
	{Name: "dnsProxy", Type: "boolean", About: "Enforce policies that name hosts (toFQDNs) or rule DNS requests. Takes no image of its own."},
	{Name: "l7Proxy", Type: "boolean", About: "Run Envoy on every node, for policies for HTTP and TLS; includes dnsProxy. Its image comes from a registry."},
	{Name: "gatewayAPI", Type: "boolean", About: "Serve Gateway API: its resource definitions, Cilium's controllers and the GatewayClass `cilium`. " +
		"Takes proxyMode none; includes l7Proxy."},
	{Name: "values", Type: "object", About: "Helm values of Cilium's chart, over kindctl's own. They are checked against the chart before a node is made; " +
		"those that other fields decide are refused."},
}

const example = "  hubble: true\n  values:\n    bandwidthManager: {enabled: true}"

// Validate reports Gateway API beside kube-proxy.
func (s *Settings) Validate(proxyMode string, report func(field, format string, args ...any)) {
	if s.GatewayAPI && proxyMode != "none" {
		report("gatewayAPI", "gatewayAPI with proxyMode %s: Cilium serves Gateway API only in kube-proxy's place; write proxyMode: none, or leave gatewayAPI out", proxyMode)
	}
}

// none reports whether the user asks for nothing.
func (s Settings) none() bool {
	return !s.Hubble && !s.DNSProxy && !s.envoy() && len(s.Values) == 0
}

// envoy reports whether a field takes Envoy.
func (s Settings) envoy() bool { return s.L7Proxy || s.GatewayAPI }

// owned are values that follow from other fields of the configuration. A user's own
// must be the same.
var owned = []struct {
	path    string
	instead string
}{
	{"kubeProxyReplacement", "write proxyMode: none to have Cilium replace kube-proxy, or another proxyMode"},
	{"k8sServiceHost", "leave it out: kindctl knows the API server's address"},
	{"k8sServicePort", "leave it out: kindctl knows the API server's port"},
	{"ipam.mode", "leave it out: pods get addresses of podSubnet"},
	{"ipv4.enabled", "write ipFamily"},
	{"ipv6.enabled", "write ipFamily"},
	{"agent", "leave it out: without agents there is no network"},
	{"operator.enabled", "leave it out: without the operator nodes get no addresses"},
	{"cni.install", "leave it out: without the plugin no pod starts"},
	{"gatewayAPI.enabled", "write cilium: {gatewayAPI: true}, which installs the resource definitions too, or leave both out"},
}

// contradictions are the user's values that turn off what a field turns on.
func (s Settings) contradictions(values setting.Values) (problems []string) {
	for _, each := range []struct {
		on    bool
		field string
		path  []string
	}{
		{s.Hubble, "hubble", []string{"hubble", "enabled"}},
		{s.DNSProxy, "dnsProxy", []string{"l7Proxy"}},
		{s.L7Proxy, "l7Proxy", []string{"l7Proxy"}},
		{s.GatewayAPI, "gatewayAPI", []string{"l7Proxy"}},
	} {
		if have, _ := setting.Get(values.Tree, each.path...); each.on && have == false {
			problems = append(problems, values.Problem(each.path, "false contradicts cilium: {%s: true}; leave one of them out", each.field))
		}
	}
	return problems
}

// applyTo adds the user's settings to kindctl's values.
func (s Settings) applyTo(values, defaults map[string]any) {
	if s.none() {
		return
	}
	withoutDigests(values, defaults)
	if s.Hubble {
		setting.Set(values, true, "hubble", "enabled")
	}
	if s.DNSProxy || s.envoy() {
		values["l7Proxy"] = true
	}
	setting.Set(values, s.envoy(), "envoy", "enabled")
	if s.GatewayAPI {
		setting.Set(values, true, "gatewayAPI", "enabled")
		setting.Set(values, true, "gatewayAPI", "gatewayClass", "create") // without asking the API server, which may be late
	}
	if proxy, asked := s.Values["l7Proxy"].(bool); asked && proxy && !s.DNSProxy {
		setting.Set(values, true, "envoy", "enabled")
	}
	if mode, _ := s.Values["routingMode"].(string); mode == "tunnel" || s.Values["tunnelProtocol"] != nil && mode == "" {
		values["routingMode"] = "tunnel"
		for _, native := range []string{"autoDirectNodeRoutes", "ipv4NativeRoutingCIDR", "ipv6NativeRoutingCIDR"} {
			delete(values, native)
		}
	}
	if s.sizesMaps() {
		delete(values, "bpf")
		delete(values, "extraConfig")
	}
	setting.Merge(values, s.Values)
}

// withoutDigests has every image named by its tag: what kindctl puts into nodes is not
// known by a registry's digest.
func withoutDigests(values, defaults map[string]any) {
	for name, value := range defaults {
		branch, is := value.(map[string]any)
		if !is {
			continue
		}
		below, _ := values[name].(map[string]any)
		if below == nil {
			below = map[string]any{}
		}
		if branch["useDigest"] == true {
			below["useDigest"] = false
		}
		withoutDigests(below, branch)
		if len(below) > 0 {
			values[name] = below
		}
	}
}

// Validate reads the user's settings against the chart before anything is made, and
// finds out which images they take. It does nothing, and finds nothing, where there
// are none.
func (a *Addon) Validate(find charts.Finder) error {
	if a.settings.none() {
		return nil
	}
	source, err := find(charts.Cilium)
	if err != nil {
		return err
	}
	ch, err := readChart(source)
	if err != nil {
		return err
	}
	problems, err := a.problems(ch)
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		var problem string
		if a.images, problem, err = a.imagesOf(ch); err != nil {
			return err
		}
		problems = append(problems, problem)
	}
	if problems = slices.DeleteFunc(problems, func(problem string) bool { return problem == "" }); len(problems) > 0 {
		return hint.CNISettingsInvalid.New(strings.Join(problems, "\n"),
			"correct cilium in the configuration; the chart's values: https://docs.cilium.io/en/stable/helm-reference/")
	}
	return nil
}

// problems are what is wrong with the user's values, each with its place.
func (a *Addon) problems(ch *chart.Chart) ([]string, error) {
	values := setting.Values{Tree: a.settings.Values, Root: "cilium.values", Place: a.options.Place}
	problems, err := values.Problems(ch.Schema, ch.Values)
	if err != nil {
		return nil, fmt.Errorf("read the chart's schema: %w", err)
	}
	problems = append(problems, a.settings.contradictions(values)...)
	own, settings := a.options, a.settings
	settings.Values = nil
	own.Settings = &settings
	chosen, err := Values(own, ch.Values)
	if err != nil {
		return nil, err
	}
	for _, o := range owned {
		path := strings.Split(o.path, ".")
		want, ours := setting.Get(chosen, path...)
		if !ours {
			want, _ = setting.Get(ch.Values, path...)
		}
		if have, asked := setting.Get(values.Tree, path...); asked && fmt.Sprint(have) != fmt.Sprint(want) {
			problems = append(problems, values.Problem(path, "%v is not possible here; %s", have, o.instead))
		}
	}
	return problems, nil
}

// imageLine is how the chart's templates name an image.
var imageLine = regexp.MustCompile(`(?m)^\s*(?:- )?image: "?([^"\s]+)"?\s*$`)

// imagesOf renders the chart and returns the images that it names, or why it cannot be
// rendered with the user's values.
func (a *Addon) imagesOf(ch *chart.Chart) (images []string, problem string, err error) {
	values, err := Values(a.options, ch.Values)
	if err != nil {
		return nil, "", err
	}
	_, newest := a.Tested()
	capabilities := common.DefaultCapabilities.Copy()
	version, err := common.ParseKubeVersion("v" + newest + ".0")
	if err != nil {
		return nil, "", err
	}
	capabilities.KubeVersion = *version
	made, err := render(context.Background(), engine.Engine{}, ch, values, capabilities, nil)
	if says, is := errors.AsType[templateError](err); is {
		return nil, setting.Place(a.options.Place).Of("cilium.values") + "cilium.values: " + lastClause(says), nil
	}
	if err != nil {
		return nil, "", err
	}
	named := map[string]bool{}
	for _, match := range imageLine.FindAllStringSubmatch(made.Manifest, -1) {
		named[match[1]] = true
	}
	for _, hook := range made.Hooks {
		for _, match := range imageLine.FindAllStringSubmatch(hook.Manifest, -1) {
			named[match[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(named)), "", nil
}

// lastClause is what a template says when it fails, without the templates around it.
func lastClause(err error) string {
	text := err.Error()
	if at := strings.LastIndex(text, "error calling fail: "); at >= 0 {
		text = strings.TrimSpace(text[at+len("error calling fail: "):])
	}
	return text
}
