package clusters

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/kindctl/kindctl/clusters/cni"
)

// Place is where a configuration file or the environment sets the value of a path,
// such as "cilium.values[hubble]", in the form "FILE:LINE: ", or "".
func (t Topology) Place(path string) string { return t.origins.prefix(path) }

// UnmarshalYAML also reads the settings of CNIs, each into the type of its CNI.
func (t *Topology) UnmarshalYAML(node *yaml.Node) error {
	type plain Topology // without this method
	if err := node.Decode((*plain)(t)); err != nil {
		return err
	}
	var values map[string]yaml.Node
	if err := node.Decode(&values); err != nil {
		return err
	}
	for _, c := range cni.All() {
		value, set := values[c.Name]
		if !set || c.New == nil || value.ShortTag() == "!!null" {
			continue
		}
		settings := c.New()
		if err := value.Decode(settings); err != nil {
			return err
		}
		if t.CNISettings == nil {
			t.CNISettings = map[string]cni.Settings{}
		}
		t.CNISettings[c.Name] = settings
	}
	return nil
}

// validateCNI checks the choice of the CNI with what must suit it.
func (v validator) validateCNI() (warnings []string) {
	chosen, known := cni.Named(v.CNI)
	if !known && v.CNI != cni.None {
		v.report.unknown("cni", "CNI", v.CNI, cni.Names())
	}
	if !slices.Contains(ProxyModes, v.ProxyMode) {
		v.report.unknown("proxyMode", "proxy mode", v.ProxyMode, ProxyModes)
	}
	switch {
	case v.ProxyMode == "none" && v.CNI == cni.None:
		warnings = append(warnings, v.origins.prefix(v.origins.written("proxyMode", "cni"))+"there is neither a CNI nor kube-proxy: until you install both, or a CNI that does both, no node is ready and no Service works")
	case v.ProxyMode == "none" && known && !chosen.ReplacesProxy:
		_, titles := cni.ReplacingProxy()
		v.report(v.origins.written("proxyMode", "cni"), "proxy mode none with CNI %s: only %s can take kube-proxy's place; without either no Service works", v.CNI, titles)
	}
	return warnings
}

// validateCNISettings checks that settings are for the CNI that there is.
func (v validator) validateCNISettings() {
	for _, c := range cni.All() {
		settings, set := v.CNISettings[c.Name]
		switch {
		case !set:
		case c.Name != v.CNI:
			v.report(c.Name, "%s has settings, but the CNI is %s; write cni: %s, or leave them out", c.Name, v.CNI, c.Name)
		default:
			settings.Validate(v.ProxyMode, func(field, format string, args ...any) { v.report(c.Name+"."+field, format, args...) })
		}
	}
}

// cniFields describe the settings of CNIs.
func cniFields() (fields []field) {
	for _, c := range cni.All() {
		if c.New == nil {
			continue
		}
		f := field{name: c.Name, about: "Settings of " + c.Title + ".", example: "\n" + c.Example}
		for _, setting := range c.Fields {
			f.within = append(f.within, field{name: setting.Name, about: setting.About, schema: map[string]any{"type": setting.Type}})
		}
		fields = append(fields, f)
	}
	return fields
}
