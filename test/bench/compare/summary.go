package compare

// Summary is what an arm's runs of one case come to.
type Summary struct {
	Arm string `json:"arm"`
	// Runs is how many count.
	Runs   int    `json:"runs"`
	Done   Spread `json:"doneSeconds"`
	Finish Spread `json:"finishSeconds"`
	// CPU is each run's total.
	CPU        Spread `json:"cpuSeconds"`
	PeakMemory Spread `json:"peakMemoryBytes"`
	// Bound is how long it would take if all processors had been busy all the time
	// with nothing else: CPU by the number of processors. OverBound is Finish by
	// Bound, run by run.
	Bound     Spread `json:"boundSeconds"`
	OverBound Spread `json:"finishByBound"`
	// Ratio is Finish by that of the first arm in the same round; nil for the first
	// arm itself, and where no round has both.
	Ratio *Spread `json:"ratio,omitempty"`
}

// Growth is what each further node costs an arm with a CNI.
type Growth struct {
	CNI string `json:"cni"`
	Arm string `json:"arm"`
	// PerNode is in seconds: the slope of the medians of Finish over the numbers of
	// nodes.
	PerNode float64 `json:"secondsPerNode"`
}

// Summarize computes what follows from the runs.
func (r *Result) Summarize() {
	for _, c := range r.Cases {
		c.Summary = nil
		for _, arm := range c.Arms {
			c.Summary = append(c.Summary, c.summarize(arm.Arm, r.Machine.CPUs))
		}
	}
	r.Growth = nil
	for _, cni := range r.CNIs() {
		for _, arm := range r.arms() {
			if slope, ok := r.growth(cni, arm); ok {
				r.Growth = append(r.Growth, Growth{cni, arm, slope})
			}
		}
	}
}

func (c *Case) summarize(arm string, cpus int) Summary {
	var done, finish, cpu, memory, bound, over []float64
	runs := c.Counted(arm)
	for _, run := range runs {
		done, finish, cpu = append(done, run.Done), append(finish, run.Finish), append(cpu, run.CPU.Total())
		if run.PeakMemory > 0 {
			memory = append(memory, float64(run.PeakMemory))
		}
		if least := run.CPU.Total() / float64(cpus); cpus > 0 && least > 0 {
			bound, over = append(bound, least), append(over, run.Finish/least)
		}
	}
	s := Summary{
		Arm:        arm,
		Runs:       len(runs),
		Done:       SpreadOf(done),
		Finish:     SpreadOf(finish),
		CPU:        SpreadOf(cpu),
		PeakMemory: SpreadOf(memory),
		Bound:      SpreadOf(bound),
		OverBound:  SpreadOf(over),
	}
	if ratios := c.Ratios(arm); len(ratios) > 0 {
		spread := SpreadOf(ratios)
		s.Ratio = &spread
	}
	return s
}

// Ratios are the times of an arm by those of the first arm, for every round in
// which both count. The first arm has none.
func (c *Case) Ratios(arm string) (ratios []float64) {
	first := c.Arms[0].Arm
	if arm == first {
		return nil
	}
	for _, base := range c.Counted(first) {
		for _, run := range c.Counted(arm) {
			if run.Round == base.Round {
				ratios = append(ratios, run.Finish/base.Finish)
			}
		}
	}
	return ratios
}

func (r *Result) growth(cni, arm string) (perNode float64, ok bool) {
	var nodes, finish []float64
	for _, c := range r.Cases {
		for _, s := range c.Summary {
			if c.CNI == cni && s.Arm == arm && s.Runs > 0 {
				nodes, finish = append(nodes, float64(c.Nodes)), append(finish, s.Finish.Median)
			}
		}
	}
	return Slope(nodes, finish)
}

// arms are the names of all arms; every case has the same.
func (r *Result) arms() (names []string) {
	for _, arm := range r.Cases[0].Arms {
		names = append(names, arm.Arm)
	}
	return names
}
