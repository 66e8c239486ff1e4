package faults

import "slices"

// All returns every fault, in the order in which people read the checks that find them.
func All() []Fault {
	return slices.Concat(controlPlaneFaults, nodeFaults, serviceFaults, networkFaults,
		dnsFaults, storageFaults, policyFaults, calicoFaults, ciliumFaults, shopFaults)
}

// Incidents returns the faults that have a story.
func Incidents() []Fault {
	return slices.DeleteFunc(All(), func(f Fault) bool { return !f.Incident() })
}

// Find returns the incident of an ID.
func Find(id string) (Fault, bool) {
	incidents := Incidents()
	at := slices.IndexFunc(incidents, func(f Fault) bool { return f.ID == id })
	if at < 0 {
		return Fault{}, false
	}
	return incidents[at], true
}
