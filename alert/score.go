package alert

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// weights are what one rule of each level is worth.
var weights = [...]float64{Informational: 1, Low: 4, Medium: 15, High: 40, Critical: 90}

// backgroundMost is the highest score of a background incident: under that of any medium alert that stands alone.
const backgroundMost = 12

// Rate works out an incident's score, from 0 to 100.
//
// Each rule counts by its level once, and repeats of it little: by the logarithm of their number. Rules after the
// gravest count less and less, so that many small things do not outweigh one grave one. Each further stage of an attack
// (tactic of ATT&CK) that was reached makes it a fifth more, one that comes after an earlier one in the order of an
// attack a third. It is multiplied by the worth of the most valuable thing that it is about, and each rule by what
// verdicts on it have taught. What is tried at everybody stays below everything else.
func (i *Incident) Rate(worth float64) int {
	var values []float64
	for _, r := range i.Rules {
		v := weights[min(max(r.Level, 0), Critical)] * (1 + 0.05*math.Log2(float64(max(r.Hits, 1))))
		if r.Taught != 0 {
			v *= r.Taught
		}
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b float64) int { return cmp.Compare(b, a) })
	sum, share := 0.0, 1.0
	for _, v := range values {
		sum += v * share
		share *= 0.7
	}
	if worth > 0 {
		sum *= worth
	}
	if i.Background {
		return int(math.Round(backgroundMost * (1 - math.Exp(-sum/40))))
	}
	sum *= 1 + i.progress()
	return int(math.Round(100 * (1 - math.Exp(-sum/80))))
}

// progress says how far along the stages of an attack the incident has come, and sets Stages.
func (i *Incident) progress() float64 {
	type step struct {
		first int64
		stage int
	}
	var steps []step
	for _, r := range i.Rules {
		for set := stagesOf(r.Tags); set != 0; set &= set - 1 {
			s := bits.TrailingZeros16(set)
			at := slices.IndexFunc(steps, func(x step) bool { return x.stage == s })
			if at < 0 {
				steps = append(steps, step{r.First, s})
			} else {
				steps[at].first = min(steps[at].first, r.First)
			}
		}
	}
	slices.SortFunc(steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.stage, b.stage))
	})
	i.Stages = i.Stages[:0:0]
	gain, highest := 0.0, -1
	for n, s := range steps {
		i.Stages = append(i.Stages, stages[s.stage])
		switch {
		case n == 0:
		case s.stage > highest:
			gain += 1.0 / 3
		default:
			gain += 1.0 / 5
		}
		highest = max(highest, s.stage)
	}
	return gain
}

func stageCount(tags []string) int { return bits.OnesCount16(stagesOf(tags)) }

// Lessons are what verdicts have taught about rules, and about rules where they concern one entity.
type Lessons map[Lesson]*Taught

// Lesson is what is learnt about: a rule, and, unless Entity is the zero value, only about that entity.
type Lesson struct {
	RuleID string
	Entity Entity
}

// Taught is how often each verdict was given.
type Taught struct{ Malicious, FalseAlarm, Expected int64 }

// Learn adds a verdict on an alert.
func (l Lessons) Learn(a *Alert, verdict string) { l.add(a, verdict, 1) }

// add adds a verdict on an alert n times; -1 takes it back.
func (l Lessons) add(a *Alert, verdict string, n int64) {
	about := a.Entity
	about.Name = strings.ToLower(about.Name)
	for _, key := range [...]Lesson{{RuleID: a.RuleID}, {a.RuleID, about}} {
		t := l[key]
		if t == nil {
			t = new(Taught)
			l[key] = t
		}
		switch verdict {
		case Malicious:
			t.Malicious = max(t.Malicious+n, 0)
		case FalseAlarm:
			t.FalseAlarm = max(t.FalseAlarm+n, 0)
		case Expected:
			t.Expected = max(t.Expected+n, 0)
		}
	}
}

// factor is what an alert is worth by what was taught: 1 where nothing was; down to a fifth where it was always
// harmless, sooner where it was so for the same entity; up to a half more where it was always malicious.
func (l Lessons) factor(a *Alert) float64 {
	about := a.Entity
	about.Name = strings.ToLower(about.Name)
	f := l[Lesson{RuleID: a.RuleID}].factor(6) * l[Lesson{a.RuleID, about}].factor(2)
	return min(max(f, 0.2), 1.5)
}

// factor is between a fifth and 1.5, nearer to 1 the fewer verdicts there are in comparison with doubt.
func (t *Taught) factor(doubt float64) float64 {
	if t == nil {
		return 1
	}
	good, bad := float64(t.FalseAlarm+t.Expected), float64(t.Malicious)
	return (doubt + 0.2*good + 1.5*bad) / (doubt + good + bad)
}
