package report

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// Tactic is what an attacker wants: a column of the ATT&CK Enterprise matrix (attack.mitre.org; ATT&CK is a trademark
// of The MITRE Corporation).
type Tactic struct {
	ID   string // e.g. TA0008
	Tag  string // as in a rule's tag after "attack.", e.g. lateral-movement
	Name string // e.g. Lateral Movement
}

// Technique is how an attacker gets it. Of a technique that this version of tocsin does not know, only ID is set.
type Technique struct {
	ID      string // e.g. T1021.002
	Name    string // e.g. SMB/Windows Admin Shares
	Parent  string // of a sub-technique, the name of what it belongs to, e.g. Remote Services; "" otherwise
	tactics []string
}

// String returns the identifier and the whole name, e.g. "T1021.002 Remote Services: SMB/Windows Admin Shares".
func (t Technique) String() string {
	switch {
	case t.Name == "":
		return t.ID
	case t.Parent == "":
		return t.ID + " " + t.Name
	}
	return t.ID + " " + t.Parent + ": " + t.Name
}

// tacticsOf returns the tactics that a rule's tags name, in the order of an attack, each once. Tags may be written with
// hyphens or, as before version 2.1 of the Sigma specification, with underscores.
func tacticsOf(tags []string) []Tactic {
	var found []Tactic
	for _, t := range attack().tactics {
		if slices.ContainsFunc(tags, func(tag string) bool { return attackTag(tag) == t.Tag }) {
			found = append(found, t)
		}
	}
	return found
}

// techniquesOf returns the techniques and sub-techniques that a rule's tags name, in the order of the tags, each once.
func techniquesOf(tags []string) []Technique {
	var found []Technique
	for _, tag := range tags {
		id := strings.ToUpper(attackTag(tag))
		if !techniqueID(id) || slices.ContainsFunc(found, func(t Technique) bool { return t.ID == id }) {
			continue
		}
		t, ok := attack().techniques[id]
		if !ok {
			t.ID = id
		}
		found = append(found, t)
	}
	return found
}

// techniquesByTactic returns, for each tactic that a rule is about, the techniques of the rule that serve it. Tags do not
// say which belong together: a technique goes to those of the rule's tactics that ATT&CK lists it under, to all of the
// rule's where it lists it under none of them, and to ATT&CK's where the rule names no tactic.
func techniquesByTactic(tags []string) map[Tactic][]Technique {
	named := tacticsOf(tags)
	placed := map[Tactic][]Technique{}
	for _, technique := range techniquesOf(tags) {
		var under []Tactic
		for _, t := range attack().tactics {
			if !slices.Contains(technique.tactics, t.Tag) {
				continue
			}
			if len(named) == 0 || slices.ContainsFunc(named, func(n Tactic) bool { return n == t || n.covers(t) }) {
				under = append(under, t)
			}
		}
		if len(under) == 0 {
			under = named
		}
		for _, t := range under {
			placed[t] = append(placed[t], technique)
		}
	}
	for _, t := range named {
		covered := false
		for p := range placed {
			covered = covered || p == t || t.covers(p)
		}
		if !covered {
			placed[t] = nil
		}
	}
	return placed
}

// covers says whether t is the tactic that version 19 of ATT&CK divided into Stealth and Defense Impairment, and other
// is one of those.
func (t Tactic) covers(other Tactic) bool {
	return t.Tag == "defense-evasion" && (other.Tag == "stealth" || other.Tag == "defense-impairment")
}

// MatrixTactic is a column of the matrix.
type MatrixTactic struct {
	Tactic
	Techniques []MatrixTechnique // by their identifiers
}

// MatrixTechnique is a technique, with its sub-techniques by their identifiers.
type MatrixTechnique struct {
	Technique
	Below []Technique
}

// Matrix returns the tactics in the order of an attack, each with its techniques. What newer versions of ATT&CK withdrew is
// left out where nothing of it is listed under a tactic. It is the caller's.
func Matrix() []MatrixTactic {
	below := make(map[string][]Technique)
	var whole []Technique
	for _, t := range attack().techniques {
		if t.Parent == "" {
			whole = append(whole, t)
		} else {
			id, _, _ := strings.Cut(t.ID, ".")
			below[id] = append(below[id], t)
		}
	}
	byID := func(a, b Technique) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(whole, byID)
	var out []MatrixTactic
	for _, tactic := range attack().tactics {
		m := MatrixTactic{Tactic: tactic}
		for _, t := range whole {
			if slices.Contains(t.tactics, tactic.Tag) {
				m.Techniques = append(m.Techniques, MatrixTechnique{t, slices.SortedFunc(slices.Values(below[t.ID]), byID)})
			}
		}
		if len(m.Techniques) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// attackTag returns what follows "attack." in a tag, in lower case with hyphens; "" for tags of other kinds.
func attackTag(tag string) string {
	tag = strings.ToLower(tag)
	rest, ok := strings.CutPrefix(tag, "attack.")
	if !ok {
		return ""
	}
	return strings.ReplaceAll(rest, "_", "-")
}

// techniqueID says whether s has the form of a technique's or a sub-technique's identifier: T1021 or T1021.002.
func techniqueID(s string) bool {
	if len(s) != 5 && len(s) != 9 || s[0] != 'T' || len(s) == 9 && s[5] != '.' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if i != 5 && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// attackTable has a line for each tactic, in the order of an attack ("tactic", tag, name, identifier), then one for each
// technique (identifier, name, the tags of its tactics) with its sub-techniques after it (identifier, name). Names are
// those of version 19; what that version withdrew, but rules still name, keeps the name it had.
//
//go:embed attack.tsv
var attackTable string

type attackNames struct {
	tactics    []Tactic
	techniques map[string]Technique
}

// attack returns the names; nobody changes them.
var attack = sync.OnceValue(func() attackNames {
	names := attackNames{techniques: map[string]Technique{}}
	var parent Technique
	for line := range strings.Lines(attackTable) {
		column := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case column[0] == "tactic":
			names.tactics = append(names.tactics, Tactic{Tag: column[1], Name: column[2], ID: column[3]})
		case len(column) == 3:
			parent = Technique{ID: column[0], Name: column[1], tactics: strings.Split(column[2], ",")}
			names.techniques[parent.ID] = parent
		default:
			names.techniques[column[0]] = Technique{ID: column[0], Name: column[1], Parent: parent.Name, tactics: parent.tactics}
		}
	}
	return names
})
