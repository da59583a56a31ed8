package serve

import (
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/sigma"
)

// rule returns what the rule with an id, or with that title where it has none, says of itself.
func (s *serve) rule(id string) (detect.RuleInfo, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rules == nil { // in place of a serve that does not run
		set, err := settings.LoadRules(s.serveRules(s.settings))
		if err != nil {
			return detect.RuleInfo{}, false
		}
		s.rules = set
	}
	for _, list := range [][]*sigma.Rule{s.rules.Rules, s.rules.Correlations} {
		for _, r := range list {
			if r.ID == id || r.ID == "" && r.Title == id {
				return detect.Info(r), true
			}
		}
	}
	return detect.RuleInfo{}, false
}
