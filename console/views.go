package console

import "context"

// Views is what the operations that pages are made of ask of the process. Each may be nil: then that is not known.
type Views struct {
	// Judge says what would become of a step about something on some hosts (none: anywhere), by the guard and by what there is
	// to do it with.
	Judge func(ctx context.Context, tenant string, step *StepAction, hosts []string) (*StepJudged, error)
	// Rules returns all rules, also those that are off, without how they have done. The slice is the caller's.
	Rules func(ctx context.Context, tenant string) ([]RuleEntry, error)
	// RuleDetail returns all about one, by its id, the beginning of its id, or its title, without how it has done.
	RuleDetail func(ctx context.Context, tenant, id string) (*RuleDetail, error)
	// SwitchRule turns a rule on or off, in all tenants, and keeps that.
	SwitchRule func(ctx context.Context, id string, enabled bool, why string) (*RuleEntry, error)
	// CheckRules says what is wrong with a file of rules.
	CheckRules func(ctx context.Context, f *RuleFile) (*RuleChecked, error)
	// Matrix returns the tactics and techniques of ATT&CK, without counts. It is the caller's.
	Matrix func() []CoverageTactic
	// Exposure lists the risks that are known of this machine, and of the watch over it. The slice is the caller's.
	Exposure func(ctx context.Context, tenant string) ([]Risk, error)
	// Settings returns the configuration that is in force, without secrets.
	Settings func(ctx context.Context) (*SettingsView, error)
	// Notify says who is told of what; TryWay sends a test message.
	Notify func(ctx context.Context) (*NotifyView, error)
	TryWay func(ctx context.Context, way string) (*NotifyTried, error)
}

// registerViews adds the operations that the pages are made of.
func (s *Server) registerViews(a *API) {
	s.registerSummary(a)
	s.registerContain(a)
	s.registerHistogram(a)
	s.registerEntity(a)
	s.registerSearches(a)
	s.registerRuleList(a)
	s.registerCoverage(a)
	s.registerSources(a)
	s.registerMonth(a)
	s.registerShift(a)
	s.registerCompliance(a)
	s.registerReportLines(a)
	s.registerExposure(a)
	s.registerSettings(a)
	s.registerCaseReport(a)
}
