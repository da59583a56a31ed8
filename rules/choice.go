package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/sigma"
)

// Choice says which rules' hits are told.
type Choice struct {
	level   sigma.Level // at least
	status  string      // at least, in the order of statuses; "" is any
	tags    []string    // one of them, or a technique below one of them; none is any
	exclude []string    // ids or titles
}

// statuses in ascending order of trust. Source: Sigma rules specification 2.1, "Status".
var statuses = []string{"unsupported", "deprecated", "experimental", "test", "stable"}

// NewChoice makes a Choice of what a person wrote; the error says which word is not known, and which are.
func NewChoice(level, status string, tags, exclude []string) (Choice, error) {
	c := Choice{status: strings.ToLower(status), exclude: exclude}
	if level != "" {
		var ok bool
		if c.level, ok = sigma.ParseLevel(strings.ToLower(level)); !ok {
			return c, fmt.Errorf("level %q is not known; the levels are informational, low, medium, high and critical", level)
		}
	}
	if c.status != "" && !slices.Contains(statuses, c.status) {
		return c, fmt.Errorf("status %q is not known; the statuses are %s", status, strings.Join(statuses, ", "))
	}
	for _, t := range tags {
		c.tags = append(c.tags, strings.ToLower(t))
	}
	return c, nil
}

// Wants tells whether a rule's hits are to be told.
func (c *Choice) Wants(r *sigma.Rule) bool {
	if r.Level < c.level {
		return false
	}
	if c.status != "" && slices.Index(statuses, r.Status) < slices.Index(statuses, c.status) {
		return false
	}
	if len(c.tags) > 0 && !slices.ContainsFunc(r.Tags, c.tagged) {
		return false
	}
	return !slices.ContainsFunc(c.exclude, func(x string) bool { return Named(r, x) })
}

func (c *Choice) tagged(tag string) bool {
	tag = strings.ToLower(tag)
	return slices.ContainsFunc(c.tags, func(want string) bool {
		for _, full := range []string{want, "attack." + want} {
			if tag == full || strings.HasPrefix(tag, full+".") {
				return true
			}
		}
		return false
	})
}

// Named tells whether a rule has that id or title.
func Named(r *sigma.Rule, name string) bool {
	return strings.EqualFold(name, r.ID) || strings.EqualFold(name, r.Title)
}
