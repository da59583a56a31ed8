package main

import (
	"fmt"
	"strings"
)

// mark is what the design asks for, and what was measured.
type mark struct {
	What     string
	Want     string
	Measured string
	Met      bool
}

// marks compares figures with what the design asks for.
func marks(hunts []*hunted, list []benchmark) []mark {
	by := make(map[string]*hunted)
	var most int64
	worst := ""
	for _, h := range hunts {
		by[h.Key] = h
		if h.Memory > most {
			most, worst = h.Memory, h.Title
		}
	}
	load, small, security, js := by["load"], by["small"], by["security"], by["json"]
	out := []mark{
		{"All rules loaded", "less than 1 s of CPU", fmt.Sprintf("%.2f s (%d rules)", load.CPU.Seconds(), load.Rules), load.CPU.Seconds() < 1},
		{"Security event logs, all rules, decoding and hits included, after the rules are loaded", "1,000,000 events/s on one core", fmt.Sprintf("%.0f", security.RateAfter()), security.RateAfter() >= 1e6},
		{"Sysmon as JSON, all rules, parsing and hits included, after the rules are loaded", "300,000 events/s on one core", fmt.Sprintf("%.0f", js.RateAfter()), js.RateAfter() >= 3e5},
		{"Most memory of any of these hunts", "less than 300 MB", fmt.Sprintf("%d MB (%s)", most>>20, worst), most < 300<<20},
		{"A small case, cold, from start to end", "an answer in seconds", fmt.Sprintf("%.2f s", small.Wall.Seconds()), small.Wall.Seconds() < 3},
	}
	for _, folder := range []string{"security-datasets", "evtx-to-mitre", "omerbenamram-evtx"} {
		engine, naive := find(list, "sigma", "Match/engine/"+folder), find(list, "sigma", "Match/naive/"+folder)
		if engine > 0 && naive > 0 {
			out = append(out, mark{"Matching alone against rule by rule, events of " + folder, "10 times as fast", fmt.Sprintf("%.0f times", naive/engine), naive >= 10*engine})
		}
	}
	one, ten := find(list, "sigma", "MoreRules/rules×1"), find(list, "sigma", "MoreRules/rules×10")
	if one > 0 && ten > 0 {
		out = append(out, mark{"Ten times the rules", "at most twice the time of an event", fmt.Sprintf("%.1f times", ten/one), ten <= 2*one})
	}
	for _, b := range list {
		if b.Room == "sigma" && strings.HasPrefix(b.Name, "Match/engine/") {
			out = append(out, mark{"Memory allocated for an event by matching, " + strings.TrimPrefix(b.Name, "Match/engine/"), "none", fmt.Sprintf("%d times", b.Allocs), b.Allocs == 0})
		}
	}
	return out
}

// marksText returns the table of marks from the rendered page, for the terminal.
func marksText(page string) string {
	_, rest, _ := strings.Cut(page, "## What was asked for")
	text, _, _ := strings.Cut(rest, "\n## ")
	return strings.TrimSpace(text)
}
