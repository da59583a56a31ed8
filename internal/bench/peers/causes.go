package main

import _ "embed"

// oracle asks pySigma.
//
//go:embed oracle.py
var oracle string

// known are causes of differences that were looked into by hand, by the rule's id.
var known = map[string][2]string{
	"f6de9536-0441-4b3f-a646-f4e00f300ffd": {"rsigma", "it never matches endswith with a `?` in it, as in `NewUacValue|endswith: 'A??'`"},
}

// explain says whose fault a difference is: by hand where the rule is known, else by pySigma, which read the same rule
// and the same event.
func (d *difference) explain(refused map[string]string) {
	why, isRefused := refused[d.Rule]
	k, isKnown := known[d.Rule]
	switch {
	case isRefused:
		d.Fault, d.Cause = "nobody", "tocsin refuses the rule and says so: "+why
	case isKnown:
		d.Fault, d.Cause = k[0], k[1]
	case d.Cause != "":
		d.Fault = "unexplained"
	case d.Verdict == "true" && len(d.Tocsin) > 0 || d.Verdict == "false" && len(d.Rsigma) > 0:
		d.Fault, d.Cause = "rsigma", "pySigma sees it as tocsin does"
	case d.Verdict == "true" || d.Verdict == "false":
		d.Fault, d.Cause = "tocsin", "pySigma sees it as rsigma does"
	default:
		d.Fault, d.Cause = "unexplained", "pySigma has no answer: "+d.Verdict
	}
}
