package verify

func proxyRuleChecks() []Check { return nil }
