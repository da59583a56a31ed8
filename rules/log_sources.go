package rules

import (
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// SourcesOf returns the log sources of a rule; of a correlation those of what it is made of, without repeats.
func SourcesOf(r *sigma.Rule) []event.LogSource {
	if r.Correlation == nil {
		return []event.LogSource{r.LogSource}
	}
	var list []event.LogSource
	for _, ref := range r.Correlation.Rules {
		if ref.Rule == nil {
			continue
		}
		for _, s := range SourcesOf(ref.Rule) {
			if !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	return list
}

// ShortSource is a log source as product/category/service, as far as it states them.
func ShortSource(s event.LogSource) string {
	parts := slices.DeleteFunc([]string{s.Product, s.Category, s.Service}, func(p string) bool { return p == "" })
	return strings.Join(parts, "/")
}

// TechniquesOf returns the ATT&CK techniques of a rule: "T1110.001".
func TechniquesOf(r *sigma.Rule) []string {
	var list []string
	for _, t := range r.Tags {
		if id, ok := strings.CutPrefix(strings.ToLower(t), "attack."); ok && len(id) > 1 && id[0] == 't' && id[1] >= '0' && id[1] <= '9' {
			list = append(list, strings.ToUpper(id))
		}
	}
	return list
}
