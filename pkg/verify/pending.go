package verify

func certificateChecks() []Check { return nil }
func proxyRuleChecks() []Check   { return nil }
func admissionChecks() []Check   { return nil }
