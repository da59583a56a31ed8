package alert

import (
	"slices"
	"strings"
)

// tried are the techniques of MITRE ATT&CK that anybody on the internet tries at everybody, all day: what they are of
// says nothing about whether it worked.
var tried = [...]string{
	"t1110", // brute force
	"t1190", // exploit public-facing application
	"t1595", // active scanning
	"t1046", // network service discovery
	"t1592", // gather victim host information
	"t1498", // network denial of service
	"t1499", // endpoint denial of service
	"t1083", // of web requests: file and directory discovery
}

// worked are the techniques that say of an attempt that it worked.
var worked = [...]string{"t1078", "t1505", "t1059", "t1133", "t1021"}

// isAttempt tells whether a hit is an attempt from an address, of a kind that is tried at everybody, and not one of which
// its rule says that it worked: by the techniques that the rule names, and never if its level is critical.
func (d *Desk) isAttempt(h *Hit) bool {
	if len(h.Sources) == 0 || h.Level >= Critical {
		return false
	}
	key := [2]string{h.RuleID, h.Product}
	is, known := d.tried[key]
	if !known {
		is = isTried(h)
		d.tried[key] = is
	}
	return is
}

// accounts are products whose log tells what an account did; an address there is that of the one who used it.
var accounts = [...]string{"aws", "azure", "gcp", "m365", "okta", "github", "google_workspace", "bitbucket", "onelogin", "cisco", "windows"}

func isTried(h *Hit) bool {
	known := slices.Contains(accounts[:], strings.ToLower(h.Product))
	any := false
	for _, tag := range h.Tags {
		t, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
		if !ok {
			continue
		}
		if named(t, worked[:]) {
			return false
		}
		if named(t, tried[:1]) || !known && (named(t, tried[:]) || t == "reconnaissance") {
			any = true
		}
	}
	return any
}

func named(technique string, of []string) bool {
	for _, t := range of {
		if technique == t || strings.HasPrefix(technique, t) && technique[len(t)] == '.' {
			return true
		}
	}
	return false
}

// stages are the tactics of ATT&CK (Enterprise) in the order of an attack, as tags of rules name them.
var stages = [...]string{
	"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation",
	"defense-evasion", "credential-access", "discovery", "lateral-movement", "collection", "command-and-control",
	"exfiltration", "impact",
}

// stageNames are what people call them.
var stageNames = [...]string{
	"reconnaissance", "preparation", "a way in", "execution", "a foothold", "higher rights", "hiding", "passwords",
	"looking around", "spreading", "collecting", "remote control", "data leaving", "damage",
}

// stagesOf returns the stages that tags name, as a set of bits.
func stagesOf(tags []string) (set uint16) {
	for _, tag := range tags {
		t, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
		if !ok {
			continue
		}
		t = strings.ReplaceAll(t, "_", "-")
		if t == "stealth" || t == "defense-impairment" { // ATT&CK 19 splits defense evasion
			t = "defense-evasion"
		}
		for i, s := range stages {
			if s == t {
				set |= 1 << i
			}
		}
	}
	return set
}
