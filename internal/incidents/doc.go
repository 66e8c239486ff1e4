// Package incidents is the recipe of "kindctl break": it chooses incidents of
// internal/faults, injects and heals them, and counts what the people do who look for them. What
// was broken is kept sealed in the nodes, before anything is changed, together with what
// heals it, so that another process can heal, and a reset to an earlier snapshot forgets it.
package incidents
